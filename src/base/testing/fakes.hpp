#pragma once

#include <chrono>

#include "base/random.hpp"
#include "base/time.hpp"

namespace ggen::testing {

/// A clock that stands still until told to move.
class FakeClock final : public Clock {
public:
    explicit FakeClock(std::int64_t unix_seconds = 1'800'000'000) : wall_{unix_seconds} {}
    [[nodiscard]] UnixTime wall_now() override { return wall_; }
    [[nodiscard]] TimePoint steady_now() override { return steady_; }
    void advance(std::chrono::seconds by) {
        wall_.seconds += by.count();
        steady_ += by;
    }
    void set_wall(std::int64_t unix_seconds) { wall_ = {unix_seconds}; }

private:
    UnixTime wall_;
    TimePoint steady_{};
};

/// splitmix64 from a seed: repeatable, not secret. One thread.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override {
        for (auto& byte : out) byte = static_cast<std::uint8_t>(next() >> 56U);
    }

private:
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t state_;
};

}  // namespace ggen::testing
