#include "merkle/chunk_tree.hpp"

#include <gtest/gtest.h>

#include "merkle/tree.hpp"

namespace ggen::merkle {
namespace {

Bytes blob_of(std::size_t bytes) {
    Bytes blob(bytes);
    std::uint32_t word = 12345;
    for (auto& byte : blob) byte = static_cast<std::uint8_t>((word = word * 1664525U + 1013904223U) >> 24U);
    return blob;
}

TEST(ChunkTreeTest, CountsAndSizesAtTheEdges) {
    EXPECT_EQ(chunk_count(0), 0U);
    EXPECT_EQ(chunk_count(1), 1U);
    EXPECT_EQ(chunk_count(k_chunk_bytes), 1U);
    EXPECT_EQ(chunk_count(k_chunk_bytes + 1), 2U);
    EXPECT_EQ(chunk_size(1, 0), 1U);
    EXPECT_EQ(chunk_size(k_chunk_bytes, 0), k_chunk_bytes);
    EXPECT_EQ(chunk_size(2 * k_chunk_bytes + 7, 1), k_chunk_bytes);
    EXPECT_EQ(chunk_size(2 * k_chunk_bytes + 7, 2), 7U);
}

TEST(ChunkTreeTest, TheRootIsTheTreeHashOfTheChunksAsLeaves) {
    auto const blob = blob_of(2 * k_chunk_bytes + 1);
    auto const view = BytesView{blob};
    auto const first = leaf_hash(view.first(k_chunk_bytes));
    auto const second = leaf_hash(view.subspan(k_chunk_bytes, k_chunk_bytes));
    auto const third = leaf_hash(view.subspan(2 * k_chunk_bytes));
    EXPECT_EQ(chunk_root(blob), node_hash(node_hash(first, second), third));
    EXPECT_EQ(chunk_root(blob_of(5)), leaf_hash(blob_of(5)));
    EXPECT_EQ(chunk_root({}), empty_root());
}

TEST(ChunkTreeTest, HashingInPiecesGivesTheSameList) {
    auto const blob = blob_of(3 * k_chunk_bytes + 1000);
    for (std::size_t const piece : {std::size_t{1000}, std::size_t{k_chunk_bytes}, std::size_t{700'001}, blob.size()}) {
        ChunkHasher hasher;
        for (std::size_t at = 0; at < blob.size(); at += piece) {
            hasher.update(BytesView{blob}.subspan(at, std::min(piece, blob.size() - at)));
        }
        EXPECT_EQ(hasher.finish(), chunk_list(blob)) << piece;
        EXPECT_TRUE(hasher.finish().empty());
    }
}

TEST(ChunkTreeTest, AListIsReadBackOnlyWithTheNumberOfHashesThatTheBlobHas) {
    auto const list = chunk_list(blob_of(2 * k_chunk_bytes + 1));
    auto const bytes = encode_chunk_list(list);
    ASSERT_EQ(bytes.size(), 96U);
    EXPECT_EQ(decode_chunk_list(bytes, 2 * k_chunk_bytes + 1).value(), list);
    EXPECT_EQ(decode_chunk_list(bytes, 3 * k_chunk_bytes).value(), list);
    EXPECT_FALSE(decode_chunk_list(bytes, 2 * k_chunk_bytes));
    EXPECT_FALSE(decode_chunk_list(bytes, 3 * k_chunk_bytes + 1));
    EXPECT_FALSE(decode_chunk_list(BytesView{bytes}.first(95), 2 * k_chunk_bytes + 1));
}

}  // namespace
}  // namespace ggen::merkle
