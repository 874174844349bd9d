#include "merkle/tree.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

namespace ggen::merkle {
namespace {

constexpr std::uint8_t k_leaf_prefix[] = {0x00};
constexpr std::uint8_t k_node_prefix = 0x01;

/// Where a tree of `count` >= 2 leaves splits: the largest power of two below `count`.
constexpr std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

Error refused(std::string why) { return Error{Errc::refused, ErrorId::proof_invalid, std::move(why)}; }

}  // namespace

Digest empty_root() { return sha256({}); }

Digest leaf_hash(BytesView data) { return sha256_joined(k_leaf_prefix, data); }

Digest node_hash(Digest const& left, Digest const& right) {
    std::array<std::uint8_t, 1 + 2 * Digest::k_bytes> node;
    node[0] = k_node_prefix;
    auto const middle = std::copy(left.bytes.begin(), left.bytes.end(), node.begin() + 1);
    std::copy(right.bytes.begin(), right.bytes.end(), middle);
    return sha256(node);
}

Digest root_of(std::span<Digest const> leaf_hashes) {
    if (leaf_hashes.empty()) return empty_root();
    if (leaf_hashes.size() == 1) return leaf_hashes.front();
    auto const split = static_cast<std::size_t>(split_of(leaf_hashes.size()));
    return node_hash(root_of(leaf_hashes.first(split)), root_of(leaf_hashes.subspan(split)));
}

Result<TreeBuilder> TreeBuilder::resume(std::uint64_t size, std::vector<Digest> edge) {
    if (size > k_tree_size_max || edge.size() != static_cast<std::size_t>(std::popcount(size))) {
        return Error{Errc::invalid,
                     fmt::format("a tree of {} leaves has not {} full subtrees", size, edge.size())};
    }
    TreeBuilder builder;
    builder.size_ = size;
    builder.edge_ = std::move(edge);
    return builder;
}

void TreeBuilder::append(Digest const& leaf) {
    Digest subtree = leaf;
    // Each set low bit of the size is a full subtree that pairs with the one that grew on its right.
    for (auto bits = size_; (bits & 1U) != 0; bits >>= 1U) {
        subtree = node_hash(edge_.back(), subtree);
        edge_.pop_back();
    }
    edge_.push_back(subtree);
    ++size_;
}

Digest TreeBuilder::root() const {
    if (edge_.empty()) return empty_root();
    Digest root = edge_.back();
    for (auto subtree = edge_.rbegin() + 1; subtree != edge_.rend(); ++subtree) root = node_hash(*subtree, root);
    return root;
}

Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size, SubtreeHash const& hash) {
    if (index >= size || size > k_tree_size_max) {
        return Error{Errc::invalid, fmt::format("there is no entry {} in a log of {}", index, size)};
    }
    std::vector<Digest> proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        auto const middle = begin + split_of(end - begin);
        bool const is_left = index < middle;
        ASSIGN_OR_RETURN(auto const sibling, is_left ? hash(middle, end) : hash(begin, middle));
        proof.push_back(sibling);
        (is_left ? end : begin) = middle;
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                              SubtreeHash const& hash) {
    if (old_size > size || size > k_tree_size_max) {
        return Error{Errc::invalid, fmt::format("a log of {} has no earlier size {}", size, old_size)};
    }
    std::vector<Digest> proof;
    if (old_size == 0) return proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end != old_size) {
        auto const middle = begin + split_of(end - begin);
        bool const ends_left = old_size <= middle;
        ASSIGN_OR_RETURN(auto const sibling, ends_left ? hash(middle, end) : hash(begin, middle));
        proof.push_back(sibling);
        (ends_left ? end : begin) = middle;
    }
    if (begin != 0) {  // Otherwise the subtree is the old tree, whose root the verifier has.
        ASSIGN_OR_RETURN(auto const last, hash(begin, end));
        proof.push_back(last);
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

// Both checks follow RFC 9162 sections 2.1.3.2 and 2.1.4.2: `node` and `last` are the positions of the
// wanted and of the last node of a level; a proof has the right length when `last` ends at the root.

Result<void> check_inclusion(Digest const& leaf, std::uint64_t index, std::uint64_t size,
                             std::span<Digest const> proof, Digest const& root) {
    if (size > k_tree_size_max || index >= size) {
        return refused(fmt::format("inclusion proof: entry {} is outside a log of {}", index, size));
    }
    if (proof.size() > k_proof_hashes_max) return refused("inclusion proof: more than 63 hashes");
    auto node = index;
    auto last = size - 1;
    Digest hash = leaf;
    for (auto const& sibling : proof) {
        if (last == 0) return refused("inclusion proof: more hashes than the size implies");
        if ((node & 1U) != 0 || node == last) {
            hash = node_hash(sibling, hash);
            while ((node & 1U) == 0 && node != 0) node >>= 1U, last >>= 1U;
        } else {
            hash = node_hash(hash, sibling);
        }
        node >>= 1U;
        last >>= 1U;
    }
    if (last != 0) return refused("inclusion proof: fewer hashes than the size implies");
    if (hash != root) return refused(fmt::format("inclusion proof: entry {} does not lead to the root", index));
    return ok();
}

Result<void> check_consistency(std::uint64_t old_size, Digest const& old_root, std::uint64_t size,
                               Digest const& root, std::span<Digest const> proof) {
    if (size > k_tree_size_max || old_size > size) {
        return refused(fmt::format("consistency proof: a log of {} cannot come after one of {}", size, old_size));
    }
    if (old_size == 0 || old_size == size) {
        if (!proof.empty()) return refused("consistency proof: hashes where none belong");
        if (old_size == size && old_root != root) {
            return refused(fmt::format("two roots for one log size {}", size));
        }
        if (old_size == 0 && old_root != empty_root()) return refused("an empty log with a root of its own");
        return ok();
    }
    if (proof.size() > k_proof_hashes_max) return refused("consistency proof: more than 63 hashes");
    bool const old_is_subtree = std::has_single_bit(old_size);
    if (proof.empty()) return refused("consistency proof: no hashes");
    auto node = old_size - 1;
    auto last = size - 1;
    while ((node & 1U) != 0) node >>= 1U, last >>= 1U;
    Digest old_hash = old_is_subtree ? old_root : proof.front();
    Digest hash = old_hash;
    for (auto const& sibling : proof.subspan(old_is_subtree ? 0 : 1)) {
        if (last == 0) return refused("consistency proof: more hashes than the sizes imply");
        if ((node & 1U) != 0 || node == last) {
            old_hash = node_hash(sibling, old_hash);
            hash = node_hash(sibling, hash);
            while ((node & 1U) == 0 && node != 0) node >>= 1U, last >>= 1U;
        } else {
            hash = node_hash(hash, sibling);
        }
        node >>= 1U;
        last >>= 1U;
    }
    if (last != 0) return refused("consistency proof: fewer hashes than the sizes imply");
    if (old_hash != old_root || hash != root) {
        return refused(fmt::format("consistency proof: size {} does not grow into size {}", old_size, size));
    }
    return ok();
}

}  // namespace ggen::merkle
