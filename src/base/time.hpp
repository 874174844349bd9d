#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace ggen {

/// Wall-clock time as whole seconds since 1970-01-01T00:00:00Z (what records and checkpoints carry).
struct UnixTime {
    std::int64_t seconds = 0;
    friend auto operator<=>(UnixTime, UnixTime) = default;
};

/// "2026-11-23T05:29:37Z".
[[nodiscard]] std::string format_utc(UnixTime time);

/// Monotonic time, for deadlines and durations only.
using TimePoint = std::chrono::steady_clock::time_point;

/// Port: where time comes from. Cores take times as arguments; operations take a Clock.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual UnixTime wall_now() = 0;
    [[nodiscard]] virtual TimePoint steady_now() = 0;
};

/// The clock of the operating system. `GGEN_FAKE_TIME=<unix seconds>` freezes the wall clock,
/// for reproducible runs.
class SystemClock final : public Clock {
public:
    [[nodiscard]] UnixTime wall_now() override;
    [[nodiscard]] TimePoint steady_now() override;
};

}  // namespace ggen
