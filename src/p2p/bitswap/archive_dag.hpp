#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "codec/multihash.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_dag_leaf_bytes = 256 * k_kib;
inline constexpr std::size_t k_dag_links_max = 174;  ///< of one node

[[nodiscard]] Cid raw_cid(Digest const& digest);
/// The digest of a CID of version 1 by SHA-256 with that codec; nothing of another.
[[nodiscard]] std::optional<Digest> digest_of(Cid const& cid, std::uint64_t codec);

struct DagNode {
    Cid cid;
    Bytes bytes;
};

/// A file as IPFS nodes know it: raw leaves of 256 KiB, and above them a balanced tree of dag-pb nodes with UnixFS
/// data, at most 174 links each; CIDs of version 1. What `ipfs add --cid-version 1` makes. A file of one leaf
/// is that leaf.
struct ArchiveDag {
    Cid root;
    std::vector<DagNode> nodes;  ///< Without the leaves; the root is the last.
};
/// `leaves`: SHA-256 of each leaf of a file of `bytes`, of which there is one at least.
[[nodiscard]] ArchiveDag make_archive_dag(std::uint64_t bytes, std::span<Digest const> leaves);

}  // namespace ggen::p2p
