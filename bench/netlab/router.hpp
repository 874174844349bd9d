#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "netlab/lab.hpp"

namespace ggen::bench {

/// Carries the packets between the hosts of a lab, each after the time that its way takes; packets of one way never
/// overtake. On a thread of its own, in real time where the system allows it (SCHED_FIFO).
class Router {
public:
    /// `one_way_ns` from host a to host b at a * hosts + b; each packet takes up to `jitter_permille` of it longer, by
    /// dice that `seed` throws. The lab must outlive the router. Errors: io.
    [[nodiscard]] static Result<std::unique_ptr<Router>> start(Lab const& lab, std::vector<std::int64_t> one_way_ns,
                                                               std::uint32_t jitter_permille, std::uint64_t seed);
    ~Router();
    Router(Router const&) = delete;
    Router& operator=(Router const&) = delete;

    struct Counters {
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
        std::uint64_t lost = 0;          ///< to nobody, not IPv4, or more than may wait
        std::uint64_t late = 0;          ///< came over a millisecond later than they should: the machine is busy
        std::int64_t most_late_ns = 0;
    };
    /// Stops the router and says what it did.
    [[nodiscard]] Counters stop();

private:
    struct Impl;
    explicit Router(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    std::thread thread_;
};

}  // namespace ggen::bench
