#include "node/block_shelf.hpp"

#include <gtest/gtest.h>

#include "base/testing/temp_dir.hpp"
#include "registry/source.hpp"

namespace ggen::p2p {
namespace {

Bytes bytes_of(std::size_t size, std::uint8_t seed) {
    Bytes out(size);
    std::uint32_t state = seed + 1U;
    for (auto& byte : out) {
        state = state * 1'664'525U + 1'013'904'223U;
        byte = static_cast<std::uint8_t>(state >> 24U);
    }
    return out;
}

struct Shelved {
    Shelved() { served.add(sha256(as_bytes("log")), dir / "registry"); }
    std::string put(Bytes const& bytes) {
        auto path = join_path(dir / "registry", blob_path(sha256(bytes)));
        GGEN_ASSERT(dir.files().make_directories(parent_path(path)).has_value());
        GGEN_ASSERT(dir.files().write_file_atomic(path, bytes, Sync::none).has_value());
        return path;
    }
    void scan() { GGEN_ASSERT(shelf.scan([] { return true; }).has_value()); }
    [[nodiscard]] std::optional<Cid> root(Bytes const& bytes) const {
        for (auto const& blob : shelf.blobs()) {
            if (blob.digest == sha256(bytes)) return blob.root;
        }
        return std::nullopt;
    }
    [[nodiscard]] Bytes leaf(Bytes const& bytes, std::size_t index) const {
        auto const from = index * k_dag_leaf_bytes;
        auto const to = std::min(bytes.size(), from + k_dag_leaf_bytes);
        return {bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.begin() + static_cast<std::ptrdiff_t>(to)};
    }

    testing::TempDir dir;
    ServedFolders served{dir.files()};
    BlockShelf shelf{dir.files(), served, dir / "blocks"};
};

TEST(BlockShelfTest, GivesLeavesNodesAndSmallBlobsOfWhatIsServed) {
    Shelved it;
    auto const small = bytes_of(1000, 1);
    auto const large = bytes_of(3 * k_dag_leaf_bytes + 5, 2);
    it.put(small);
    it.put(large);
    EXPECT_FALSE(it.shelf.is_ready());
    EXPECT_TRUE(it.shelf.is_wanted());
    EXPECT_FALSE(it.shelf.has(raw_cid(sha256(small))));
    it.scan();
    EXPECT_TRUE(it.shelf.is_ready());
    EXPECT_EQ(it.root(small), raw_cid(sha256(small)));
    EXPECT_EQ(it.shelf.read(raw_cid(sha256(small))).value(), small);
    auto const root = it.root(large).value();
    EXPECT_EQ(root.codec, k_codec_dag_pb);
    auto const node = it.shelf.read(root).value();
    EXPECT_EQ(digest_of(root, k_codec_dag_pb), sha256(node));
    for (std::size_t i = 0; i < 4; ++i) {
        auto const leaf = it.leaf(large, i);
        EXPECT_TRUE(it.shelf.has(raw_cid(sha256(leaf))));
        EXPECT_EQ(it.shelf.read(raw_cid(sha256(leaf))).value(), leaf);
    }
    // By its digest it is one block too, as long as a block may be so large.
    EXPECT_EQ(it.shelf.read(raw_cid(sha256(large))).value(), large);
    auto huge = bytes_of(k_bitswap_block_bytes_max + 1, 3);
    it.put(huge);
    it.scan();
    EXPECT_FALSE(it.shelf.has(raw_cid(sha256(huge))));
    EXPECT_TRUE(it.shelf.has(it.root(huge).value()));
    EXPECT_FALSE(it.shelf.has(raw_cid(sha256(as_bytes("another")))));
}

TEST(BlockShelfTest, AnIndexIsKeptAndAWrongOneIsFoundOut) {
    Shelved it;
    auto const large = bytes_of(2 * k_dag_leaf_bytes, 1);
    it.put(large);
    it.scan();
    auto const root = it.root(large).value();
    auto const index = it.dir / "blocks/" + sha256(large).hex();
    ASSERT_EQ(it.dir.files().read_file(index, 1000).value().size(), 64U);
    BlockShelf again{it.dir.files(), it.served, it.dir / "blocks"};
    ASSERT_TRUE(again.scan([] { return true; }));
    EXPECT_EQ(again.blobs()[0].root, root);
    // Digests of other bytes lead to another root; a leaf that is asked by them is not given.
    ASSERT_TRUE(it.dir.files().write_file_atomic(index, Bytes(64, 7), Sync::none));
    BlockShelf damaged{it.dir.files(), it.served, it.dir / "blocks"};
    ASSERT_TRUE(damaged.scan([] { return true; }));
    Digest wrong;
    wrong.bytes.fill(7);
    EXPECT_FALSE(damaged.read(raw_cid(wrong)));
    ASSERT_TRUE(damaged.scan([] { return true; }));
    EXPECT_EQ(damaged.blobs()[0].root, root);
    EXPECT_TRUE(damaged.read(raw_cid(sha256(it.leaf(large, 1)))));
}

TEST(BlockShelfTest, DamagedAndRemovedBlobsAreNotGiven) {
    Shelved it;
    auto const large = bytes_of(2 * k_dag_leaf_bytes, 1);
    auto const twin = bytes_of(k_dag_leaf_bytes + 1, 1);  // Begins as the other does.
    auto const path = it.put(large);
    auto const twin_path = it.put(twin);
    it.scan();
    auto changed = large;
    changed[k_dag_leaf_bytes + 3] ^= 1U;
    ASSERT_TRUE(it.dir.files().write_file_atomic(path, changed, Sync::none));
    EXPECT_FALSE(it.shelf.read(raw_cid(sha256(it.leaf(large, 1)))));
    ASSERT_TRUE(it.dir.files().remove_file(path));
    ASSERT_TRUE(it.dir.files().remove_file(twin_path));
    it.scan();
    EXPECT_TRUE(it.shelf.blobs().empty());
    EXPECT_FALSE(it.shelf.has(raw_cid(sha256(it.leaf(large, 0)))));
    EXPECT_FALSE(it.dir.files().info(it.dir / "blocks/" + sha256(large).hex()));
    int asked = 0;
    it.put(large);
    auto const stopped = it.shelf.scan([&] { return ++asked < 2; });
    EXPECT_EQ(stopped.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace ggen::p2p
