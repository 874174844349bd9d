#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "registry/name_state.hpp"

namespace ggen {

/// A node holds 256 hashes; its address is their tree hash.
inline constexpr std::size_t k_state_node_bytes = std::size_t{256} * Digest::k_bytes;

}  // namespace ggen

namespace ggen::detail {

/// The Merkle tree over the buckets of a state, kept up to date name by name.
///
/// Knows which buckets changed; hashes and encodes only those. Holds names, not their states: these
/// are passed in, so that a copied state stays whole.
class StateTree {
public:
    using Names = std::map<PackageName, NameState>;
    using Objects = std::vector<std::pair<Digest, Bytes>>;

    /// `name` was added, removed or changed in `names`.
    void touch(PackageName const& name, Names const& names);
    /// The buckets changed so far count as stored.
    void settle();

    [[nodiscard]] Digest root(Names const& names, UnixTime leaf_time);
    [[nodiscard]] Objects objects(Names const& names, UnixTime leaf_time);
    [[nodiscard]] Objects changed_objects(Names const& names, UnixTime leaf_time);
    [[nodiscard]] static unsigned bits_for(std::size_t name_count);

private:
    void rebuild(unsigned bits, Names const& names);
    void update(Names const& names, UnixTime leaf_time);
    [[nodiscard]] Bytes bucket_bytes(std::uint32_t bucket, Names const& names, UnixTime leaf_time) const;
    [[nodiscard]] Bytes node_bytes(std::size_t heap_index) const;

    unsigned bits_ = 0;                              // 0: nothing was built yet.
    std::vector<Digest> heap_;                       // heap_[1] is the root, heap_[2^bits + i] bucket i.
    std::vector<std::vector<PackageName>> buckets_;  // Sorted names of each bucket.
    std::set<std::uint32_t> dirty_;                  // Changed since settle().
    std::set<std::uint32_t> stale_;                  // Of these, the ones that heap_ does not show yet.
    UnixTime hashed_for_;                            // The leaf time that heap_ is for.
    bool all_changed_ = true;
};

}  // namespace ggen::detail
