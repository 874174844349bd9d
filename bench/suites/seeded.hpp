#pragma once

#include <random>

#include "base/random.hpp"

namespace ggen::bench {

/// Randomness that is the same in every run.
class SeededBytes final : public Random {
public:
    explicit SeededBytes(std::uint64_t seed) : engine_(seed) {}
    void fill(std::span<std::uint8_t> out) override {
        for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
    }
    /// 0 .. count - 1.
    [[nodiscard]] std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

private:
    std::mt19937_64 engine_;
};

}  // namespace ggen::bench
