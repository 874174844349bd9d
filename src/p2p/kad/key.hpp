#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "base/bytes.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {

inline constexpr unsigned k_kad_key_bits = 256;

/// A point of the key space, or a distance in it: 256 bits, most significant word first, so that values compare
/// as the numbers they are (ipfs/specs kad-dht "Kademlia Keyspace").
struct KadKey {
    std::array<std::uint64_t, 4> words{};
    friend auto operator<=>(KadKey const&, KadKey const&) = default;
};

/// SHA-256 of `preimage`: the bytes of a peer id, the multihash of content (not its CID), the key of a record.
[[nodiscard]] KadKey kad_key_of(BytesView preimage);
/// XOR.
[[nodiscard]] inline KadKey kad_distance(KadKey const& a, KadKey const& b) {
    return {{a.words[0] ^ b.words[0], a.words[1] ^ b.words[1], a.words[2] ^ b.words[2], a.words[3] ^ b.words[3]}};
}
/// How many leading bits are equal: 0 to 256.
[[nodiscard]] unsigned kad_common_bits(KadKey const& a, KadKey const& b);
/// A distance as a share of the key space, in [0, 1].
[[nodiscard]] double kad_share(KadKey const& distance);
/// The distance that is `share` of the key space; the largest one from 1 on.
[[nodiscard]] KadKey kad_distance_of_share(double share);
/// A random key that has exactly `bits` leading bits in common with `key`. Precondition: `bits` < 256.
[[nodiscard]] KadKey kad_random_key(KadKey const& key, unsigned bits, SeededRandom& random);

struct KadKeyHash {
    std::size_t operator()(KadKey const& key) const noexcept { return key.words[0]; }
};

}  // namespace ggen::p2p
