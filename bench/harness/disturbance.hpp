#pragma once

#include <cstdint>

namespace ggen::bench {

/// Whether a stretch of time tells about the machine rather than about the work that ran in it. On a shared machine the
/// kernel takes the processor away, which it counts; and the host slows it down, by running somebody else on the other
/// half of the core, which nobody counts: the processor time of the same work then doubles. A fixed piece of work
/// before and after, of which the least time is known, shows that. It is never the measured work itself that decides.
/// Of one thread; not thread-safe.
class Disturbance {
public:
    /// Learns how long the fixed work takes at best: about 1 ms.
    Disturbance();
    /// The stretch begins.
    void begin();
    /// It ends, after `spent_ns` of wall time. True when this thread waited for a processor for more than 2 % of it, or
    /// when the fixed work took over 1.3 times its least before or after. Work of which more than 2 % ran in other
    /// threads waits for itself, too, so of that nothing is said: false.
    [[nodiscard]] bool end(std::uint64_t spent_ns);

private:
    /// Times the fixed work, some 10 us.
    std::uint64_t probe();

    std::uint64_t least_ns_ = UINT64_MAX;
    std::uint64_t before_ns_ = 0;
    std::uint64_t waited_ns_ = 0;
    std::uint64_t process_cpu_ns_ = 0;
    std::uint64_t thread_cpu_ns_ = 0;
};

/// What `Disturbance` saw of one stretch; all in nanoseconds.
struct StretchFigures {
    std::uint64_t spent = 0;
    std::uint64_t waited = 0;
    std::uint64_t cpu_of_process = 0;
    std::uint64_t cpu_of_thread = 0;
    std::uint64_t probe_before = 0;
    std::uint64_t probe_after = 0;
    std::uint64_t probe_least = 0;
};
[[nodiscard]] bool is_disturbed(StretchFigures const& figures);

}  // namespace ggen::bench
