#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

// Keyed randomness: every die is a hash of what it decides, so that a change of one node's conduct does not shift
// the dice of the others and two versions of a protocol meet the same losses.
namespace ggen::sim {

/// The finisher of SplitMix64: a bijection whose every output bit depends on every input bit.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    return mix(a * 0x9e3779b97f4a7c15U + b + 0x632be59bd9b4e019U);
}
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return mix(mix(a, b), c);
}

/// Not for untrusted keys: only to compare runs.
[[nodiscard]] inline std::uint64_t hash_bytes(BytesView bytes) {
    std::uint64_t hash = mix(bytes.size());
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        hash = (hash ^ word) * 0x9fb21c651e98df25U;
        hash ^= hash >> 32U;
    }
    std::uint64_t tail = 0;
    for (; at < bytes.size(); ++at) tail = tail << 8U | bytes[at];
    return mix(hash, tail);
}

/// `value` scaled from all of 64 bits to [0, bound).
[[nodiscard]] constexpr std::uint64_t scale(std::uint64_t value, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(value) * bound) >> 64U);
}

/// What a stream of dice is for: part of its key.
enum class Purpose : std::uint64_t {
    site = 1, peer_key, jitter, loss, program, workload, churn, fault, byzantine, height, wiring, keys
};

/// A sequence of dice for one node and purpose.
class Dice {
public:
    Dice(std::uint64_t seed, Purpose purpose, std::uint64_t whose = 0)
        : state_(mix(seed, static_cast<std::uint64_t>(purpose), whose)) {}
    [[nodiscard]] std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        return mix(state_);
    }
    /// Uniform in [0, bound), up to a bias of bound / 2^64.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return scale(next(), bound); }
    /// True `part` times in `whole`.
    [[nodiscard]] bool chance(std::uint64_t part, std::uint64_t whole) { return below(whole) < part; }
    template <class Container>
    void shuffle(Container& items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            using std::swap;
            swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
        }
    }

private:
    std::uint64_t state_;
};

}  // namespace ggen::sim
