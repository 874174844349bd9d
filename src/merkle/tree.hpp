#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"

/// Merkle tree hashing and proofs, RFC 6962 section 2.1 with SHA-256.
namespace ggen::merkle {

inline constexpr std::size_t k_proof_hashes_max = 63;
/// Larger sizes are refused everywhere: other readers of the formats count in signed 64 bits.
inline constexpr std::uint64_t k_tree_size_max = (std::uint64_t{1} << 63U) - 1;

[[nodiscard]] Digest empty_root();
[[nodiscard]] Digest leaf_hash(BytesView data);
[[nodiscard]] Digest node_hash(Digest const& left, Digest const& right);
/// The tree hash of leaf hashes; empty_root() of none.
[[nodiscard]] Digest root_of(std::span<Digest const> leaf_hashes);

/// Keeps the right edge of a growing tree: O(log n) memory. append() returns nothing; root() of the
/// leaves so far. Resumable from the hashes of the full subtrees of a known size.
class TreeBuilder {
public:
    TreeBuilder() = default;
    /// `edge` as edge() gave it. Errors: invalid (another number of hashes than `size` has full subtrees).
    [[nodiscard]] static Result<TreeBuilder> resume(std::uint64_t size, std::vector<Digest> edge);
    void append(Digest const& leaf);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The hashes of the full subtrees, largest (leftmost) first: one per set bit of size().
    [[nodiscard]] std::vector<Digest> const& edge() const { return edge_; }
    [[nodiscard]] Digest root() const;

private:
    std::uint64_t size_ = 0;
    std::vector<Digest> edge_;  // Full subtrees, largest first.
};

/// Hash of the subtree over leaves [begin, end) that has been stored; what proofs are made from.
using SubtreeHash = std::function<Result<Digest>(std::uint64_t begin, std::uint64_t end)>;

/// The inclusion path of leaf `index` in a tree of `size`, leaf's sibling first.
/// Errors: invalid (no such leaf or size), and what `hash` answers.
[[nodiscard]] Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                          SubtreeHash const& hash);
[[nodiscard]] Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                                            SubtreeHash const& hash);

/// Errors: refused (proof_invalid): wrong length, index out of range, other root.
[[nodiscard]] Result<void> check_inclusion(Digest const& leaf, std::uint64_t index, std::uint64_t size,
                                           std::span<Digest const> proof, Digest const& root);
/// 0 -> n: empty proof; n -> n: empty proof and equal roots; old > new: refused.
[[nodiscard]] Result<void> check_consistency(std::uint64_t old_size, Digest const& old_root,
                                             std::uint64_t size, Digest const& root,
                                             std::span<Digest const> proof);

}  // namespace ggen::merkle
