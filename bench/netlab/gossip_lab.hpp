#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "netlab/router.hpp"

namespace ggen::bench {

struct LabOptions {
    std::uint32_t nodes = 30;
    std::uint64_t seed = 1;
    std::string rtt_path;  ///< a matrix of round trips (docs/simulator.md); "" = the shipped model
};

/// Times from publish to each delivery.
struct Propagation {
    double delivered_percent = 0;
    double p50_ms = 0;
    double p95_ms = 0;
    double mean_ms = 0;
};

/// One run of gossip, once with unmodified nodes in a lab and once in the simulator: the same places, links, publishers
/// and messages.
struct LabComparison {
    Propagation real;
    Propagation simulated;
    std::uint64_t digest = 0;  ///< of the simulated run
    Router::Counters router;
    /// How far the real figure is from the simulated one: 0.05 = 5 % more or less.
    [[nodiscard]] double off_p50() const;
    [[nodiscard]] double off_p95() const;
};

/// Takes some 40 s. Errors: unavailable (see `Lab::create`), io (a node ended), timed_out, and those of the simulator.
[[nodiscard]] Result<LabComparison> compare_in_lab(LabOptions const& options);

/// `ggen-bench child-lab-node`: node number `node` of such a run. Says "ready", reads the start of the run as
/// CLOCK_MONOTONIC nanoseconds, lives through it, and prints what it published and received: "p MESSAGE NS", "r MESSAGE
/// NS", then "end".
Result<void> run_lab_node(LabOptions const& options, std::uint32_t node);

/// `ggen-bench net`: the ladder of trust (docs/benchmarks.md "Real nodes with real delays"), printed rung by rung: a
/// published case, then real nodes, then the simulator's own figures if both agree; of `scenarios`, a folder, those of
/// gossip. False when a rung does not hold. Errors: those of reading a scenario and of `compare_in_lab`.
Result<bool> climb_ladder(LabOptions const& options, std::vector<std::uint32_t> const& counts,
                          std::string const& scenarios);

}  // namespace ggen::bench
