#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bytes.hpp"

namespace ggen::p2p {

/// The dice of the protocol cores: xoshiro256** seeded by SplitMix64. Equal seeds give equal sequences on every
/// machine, so a simulated run repeats. Fast, and not for keys: whoever sees enough outputs knows the rest, so a
/// host with real peers takes its seed from base/random.hpp.
class SeededRandom {
public:
    explicit SeededRandom(std::uint64_t seed) {
        for (auto& word : state_) word = split_mix(seed);
    }

    [[nodiscard]] std::uint64_t next_u64() {
        auto const result = std::rotl(state_[1] * 5, 7) * 9;
        auto const shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    /// Uniform in [0, bound) without bias. Precondition: `bound` > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
        auto const rejected = (0 - bound) % bound;  // 2^64 mod bound: what would make small values likelier
        for (;;) {
            auto const value = next_u64();
            if (value >= rejected) return value % bound;
        }
    }
    /// Uniform in [0, 1), with 53 bits.
    [[nodiscard]] double unit() { return static_cast<double>(next_u64() >> 11U) * 0x1.0p-53; }
    /// True with probability `probability`.
    [[nodiscard]] bool chance(double probability) { return unit() < probability; }

    void fill(std::span<std::uint8_t> out) {
        for (std::size_t at = 0; at < out.size(); at += sizeof(std::uint64_t)) {
            auto value = next_u64();
            for (std::size_t i = at; i < out.size() && i < at + sizeof value; ++i, value >>= 8U) {
                out[i] = static_cast<std::uint8_t>(value);
            }
        }
    }
    /// Fisher-Yates.
    template <class Container>
    void shuffle(Container& items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            using std::swap;
            swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
        }
    }

private:
    static std::uint64_t split_mix(std::uint64_t& seed) {
        seed += 0x9e3779b97f4a7c15U;
        auto mixed = (seed ^ (seed >> 30U)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31U);
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace ggen::p2p
