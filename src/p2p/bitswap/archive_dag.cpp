#include "p2p/bitswap/archive_dag.hpp"

#include <algorithm>
#include <utility>

#include "base/result.hpp"
#include "codec/protobuf.hpp"

namespace ggen::p2p {
namespace {

// dag-pb
constexpr std::uint32_t k_node_data = 1;
constexpr std::uint32_t k_node_links = 2;
constexpr std::uint32_t k_link_hash = 1;
constexpr std::uint32_t k_link_name = 2;
constexpr std::uint32_t k_link_size = 3;
// UnixFS
constexpr std::uint32_t k_file_type = 1;
constexpr std::uint32_t k_file_size = 3;
constexpr std::uint32_t k_file_block_sizes = 4;
constexpr std::uint64_t k_type_file = 2;

struct Part {
    Cid cid;
    std::uint64_t file_bytes = 0;  ///< of the file below it
    std::uint64_t dag_bytes = 0;   ///< of all blocks below it, itself included
};

Cid cid_of(Digest const& digest, std::uint64_t codec) {
    Cid cid;
    cid.codec = codec;
    cid.hash.code = k_multihash_sha2_256;
    cid.hash.digest.assign(digest.bytes.begin(), digest.bytes.end());
    return cid;
}

/// Links stand before the data, as dag-pb has it.
Part join(std::span<Part const> parts, std::vector<DagNode>& nodes) {
    Part joined;
    ProtoWriter node;
    for (auto const& part : parts) {
        ProtoWriter link;
        link.bytes(k_link_hash, part.cid.encode()).bytes(k_link_name, {}).uint(k_link_size, part.dag_bytes);
        node.bytes(k_node_links, link.message());
        joined.file_bytes += part.file_bytes;
        joined.dag_bytes += part.dag_bytes;
    }
    ProtoWriter file;
    file.uint(k_file_type, k_type_file).uint(k_file_size, joined.file_bytes);
    for (auto const& part : parts) file.uint(k_file_block_sizes, part.file_bytes);
    node.bytes(k_node_data, file.message());
    auto bytes = std::move(node).take();
    joined.dag_bytes += bytes.size();
    joined.cid = cid_of(sha256(bytes), k_codec_dag_pb);
    nodes.push_back({joined.cid, std::move(bytes)});
    return joined;
}

}  // namespace

Cid raw_cid(Digest const& digest) { return cid_of(digest, k_codec_raw); }

std::optional<Digest> digest_of(Cid const& cid, std::uint64_t codec) {
    bool const is_ours = cid.version == 1 && cid.codec == codec && cid.hash.code == k_multihash_sha2_256 &&
                         cid.hash.digest.size() == Digest::k_bytes;
    if (!is_ours) return std::nullopt;
    Digest digest;
    std::copy(cid.hash.digest.begin(), cid.hash.digest.end(), digest.bytes.begin());
    return digest;
}

ArchiveDag make_archive_dag(std::uint64_t bytes, std::span<Digest const> leaves) {
    GGEN_ASSERT(!leaves.empty());
    std::vector<Part> parts;
    parts.reserve(leaves.size());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        auto const size = std::min<std::uint64_t>(k_dag_leaf_bytes, bytes - i * k_dag_leaf_bytes);
        parts.push_back({raw_cid(leaves[i]), size, size});
    }
    ArchiveDag dag;
    while (parts.size() > 1) {
        std::vector<Part> above;
        above.reserve(parts.size() / k_dag_links_max + 1);
        for (std::size_t at = 0; at < parts.size(); at += k_dag_links_max) {
            auto const count = std::min(k_dag_links_max, parts.size() - at);
            above.push_back(join(std::span{parts}.subspan(at, count), dag.nodes));
        }
        parts = std::move(above);
    }
    dag.root = parts.front().cid;
    return dag;
}

}  // namespace ggen::p2p
