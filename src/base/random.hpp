#pragma once

#include <cstdint>
#include <span>

namespace ggen {

/// Port: where randomness comes from, so that tests and simulation can repeat a run.
class Random {
public:
    virtual ~Random() = default;
    /// Fills `out`. Thread-safe in every implementation.
    virtual void fill(std::span<std::uint8_t> out) = 0;
    [[nodiscard]] std::uint64_t next_u64();
};

/// getrandom(2): fit for keys.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;
};

}  // namespace ggen
