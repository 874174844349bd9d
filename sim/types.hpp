#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "base/time.hpp"

// The words that every part of the simulator uses. Time and choices are integers throughout, so that one seed gives
// one run with every compiler.
namespace ggen::sim {

/// A node, or a peer that never existed: peers are interned in order of appearance.
using NodeId = std::uint32_t;
inline constexpr NodeId k_no_node = std::numeric_limits<NodeId>::max();

/// Virtual time in nanoseconds since the start of the run.
using Nanos = std::int64_t;
inline constexpr Nanos k_microsecond = 1'000;
inline constexpr Nanos k_millisecond = 1'000 * k_microsecond;
inline constexpr Nanos k_second = 1'000 * k_millisecond;
inline constexpr Nanos k_never = std::numeric_limits<Nanos>::max();

/// What protocols see: an hour after the zero of their clock, so that a default TimePoint is in the past.
inline constexpr Nanos k_clock_offset = 3'600 * k_second;
[[nodiscard]] inline TimePoint to_time_point(Nanos at) {
    return TimePoint{std::chrono::nanoseconds{at + k_clock_offset}};
}
[[nodiscard]] inline Nanos from_time_point(TimePoint at) {
    auto const since = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
    return since <= k_clock_offset ? 0 : since - k_clock_offset;
}

/// How much of a connection is simulated (docs/simulator.md).
enum class Fidelity : std::uint8_t {
    ideal,      ///< F0: streams with latency, order and connection set-up
    transport,  ///< F1: and bandwidth, slow start, loss
    wire        ///< F2: and every byte of multistream, Noise and yamux, by the production swarm
};

}  // namespace ggen::sim
