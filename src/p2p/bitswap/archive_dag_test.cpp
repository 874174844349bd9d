#include "p2p/bitswap/archive_dag.hpp"

#include <gtest/gtest.h>

#include <map>

#include "codec/protobuf.hpp"

namespace ggen::p2p {
namespace {

std::vector<Digest> leaves_of(std::uint64_t bytes) {
    std::vector<Digest> leaves;
    for (std::uint64_t at = 0; at < bytes; at += k_dag_leaf_bytes) {
        leaves.push_back(sha256(as_bytes("leaf " + std::to_string(at))));
    }
    return leaves;
}

TEST(ArchiveDagTest, AFileOfOneLeafIsThatLeaf) {
    auto const leaf = sha256(as_bytes("abc"));
    auto const dag = make_archive_dag(3, {&leaf, 1});
    EXPECT_TRUE(dag.nodes.empty());
    EXPECT_EQ(dag.root.text(), "bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu");
    EXPECT_EQ(digest_of(dag.root, k_codec_raw), leaf);
    EXPECT_EQ(digest_of(dag.root, k_codec_dag_pb), std::nullopt);
}

/// What stands below a node, by the links alone.
std::vector<Cid> leaves_below(Cid const& cid, std::map<Bytes, Bytes> const& nodes, std::size_t depth) {
    auto const node = nodes.find(cid.encode());
    if (node == nodes.end()) return {cid};
    EXPECT_LE(depth, 3U);
    EXPECT_EQ(digest_of(cid, k_codec_dag_pb), sha256(node->second));
    std::vector<Cid> out;
    std::size_t links = 0;
    ProtoReader reader{node->second};
    while (auto const field = reader.next().value()) {
        if (field->number != 2) continue;
        ++links;
        ProtoReader link{field->bytes};
        auto const below = leaves_below(Cid::decode(link.next().value()->bytes).value(), nodes, depth + 1);
        out.insert(out.end(), below.begin(), below.end());
    }
    EXPECT_LE(links, k_dag_links_max);
    return out;
}

TEST(ArchiveDagTest, LargeFilesAreBalancedTrees) {
    for (std::uint64_t const count : {2U, 174U, 175U, 8192U}) {
        auto const bytes = count * k_dag_leaf_bytes - 7;
        auto const leaves = leaves_of(bytes);
        ASSERT_EQ(leaves.size(), count);
        auto const dag = make_archive_dag(bytes, leaves);
        std::map<Bytes, Bytes> nodes;
        for (auto const& node : dag.nodes) nodes.emplace(node.cid.encode(), node.bytes);
        EXPECT_EQ(dag.root, dag.nodes.back().cid);
        auto const below = leaves_below(dag.root, nodes, 0);
        ASSERT_EQ(below.size(), count);
        for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_EQ(below[i], raw_cid(leaves[i]));
    }
}

TEST(ArchiveDagTest, ANodeHasItsLinksFirstThenTheFile) {
    std::vector<Digest> const leaves{sha256(as_bytes("a")), sha256(as_bytes("b"))};
    auto const dag = make_archive_dag(k_dag_leaf_bytes + 1, leaves);
    ASSERT_EQ(dag.nodes.size(), 1U);
    auto const& bytes = dag.nodes[0].bytes;
    Bytes expected;
    for (std::size_t i = 0; i < 2; ++i) {
        // link {hash (36 bytes), name "", size}
        Bytes const size = i == 0 ? Bytes{0x18, 0x80, 0x80, 0x10} : Bytes{0x18, 0x01};
        auto const link_bytes = static_cast<std::uint8_t>(40 + size.size());
        expected.insert(expected.end(), {0x12, link_bytes, 0x0a, 36, 0x01, 0x55, 0x12, 0x20});
        expected.insert(expected.end(), leaves[i].bytes.begin(), leaves[i].bytes.end());
        expected.insert(expected.end(), {0x12, 0x00});
        expected.insert(expected.end(), size.begin(), size.end());
    }
    // data {type 2, size 262145, sizes 262144 and 1}
    expected.insert(expected.end(), {0x0a, 12, 0x08, 0x02, 0x18, 0x81, 0x80, 0x10, 0x20, 0x80, 0x80, 0x10, 0x20, 0x01});
    EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace ggen::p2p
