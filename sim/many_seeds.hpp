#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "sim/run.hpp"

namespace ggen::sim {

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t count = 1;
    unsigned jobs = 1;  ///< runs at the same time, each on a thread of its own
};

/// Runs the scenario once for each seed. `take` gets the reports in the order of the seeds, on the calling thread; its
/// error ends it, as does that of a run. `options.seed` is passed over.
[[nodiscard]] Result<void> run_seeds(std::string_view text, RunOptions const& options, SeedRange const& seeds,
                                     std::function<Result<void>(std::uint64_t, RunReport const&)> const& take);

}  // namespace ggen::sim
