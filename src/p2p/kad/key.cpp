#include "p2p/kad/key.hpp"

#include <bit>
#include <cmath>

#include "crypto/digest.hpp"

namespace ggen::p2p {

KadKey kad_key_of(BytesView preimage) {
    auto const digest = sha256(preimage);
    KadKey key;
    for (std::size_t i = 0; i < Digest::k_bytes; ++i)
        key.words.at(i / 8) = key.words.at(i / 8) << 8U | digest.bytes.at(i);
    return key;
}

unsigned kad_common_bits(KadKey const& a, KadKey const& b) {
    unsigned bits = 0;
    for (auto const word : kad_distance(a, b).words) {
        bits += static_cast<unsigned>(std::countl_zero(word));
        if (word != 0) break;
    }
    return bits;
}

double kad_share(KadKey const& distance) {
    return std::ldexp(static_cast<double>(distance.words[0]), -64) +
           std::ldexp(static_cast<double>(distance.words[1]), -128);
}

KadKey kad_distance_of_share(double share) {
    if (!(share < 1)) return {{~0ULL, ~0ULL, ~0ULL, ~0ULL}};
    if (share <= 0) return {};
    return {{static_cast<std::uint64_t>(std::ldexp(share, 64)), 0, 0, 0}};
}

KadKey kad_random_key(KadKey const& key, unsigned bits, SeededRandom& random) {
    KadKey out;
    for (std::size_t i = 0; i < out.words.size(); ++i) {
        auto const first_bit = static_cast<unsigned>(i) * 64;
        auto word = random.next_u64();
        if (bits >= first_bit + 64) {
            word = key.words.at(i);
        } else if (bits >= first_bit) {
            auto const kept = bits - first_bit;                       // 0 to 63 bits as they are, the next one flipped
            auto const flipped = std::uint64_t{1} << (63U - kept);
            auto const below = flipped - 1;
            word = (key.words.at(i) & ~(below | flipped)) | (~key.words.at(i) & flipped) | (word & below);
        }
        out.words.at(i) = word;
    }
    return out;
}

}  // namespace ggen::p2p
