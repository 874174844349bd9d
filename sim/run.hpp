#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace ggen::sim {

struct RunOptions {
    std::uint64_t seed = 1;
    std::uint32_t nodes = 0;  ///< 0 = as in the scenario
    std::string rtt_path;     ///< a matrix of round trips instead of the scenario's latencies; empty = none
};

struct RunReport {
    std::string line;  ///< what the program prints
    bool is_good = false;   ///< sound, and every expectation met
    bool is_sound = false;  ///< no invariant was broken
    std::uint64_t digest = 0;
    std::string failure;  ///< the broken invariant or the unmet expectations; empty when good
    std::vector<Figure> figures;
    std::vector<std::uint64_t> checkpoints;
};

/// The figure of that name; 0 when the run has none.
[[nodiscard]] double figure_of(RunReport const& report, std::string_view name);

/// The distances of a run: the matrix at `rtt_path`, or what the scenario says when that is empty. Errors: those of
/// `load_latency_matrix`.
[[nodiscard]] Result<std::unique_ptr<LatencyModel const>> choose_latency(Scenario const& scenario,
                                                                         std::string const& rtt_path);

/// Runs one scenario with one seed. Errors: invalid (the scenario), io, corrupt (the matrix).
[[nodiscard]] Result<RunReport> run_scenario(std::string_view text, RunOptions const& options);

}  // namespace ggen::sim
