#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "harness/process.hpp"
#include "suites/market_world.hpp"

namespace ggen::bench {

/// Path of the ggen that was built together with this program: beside it, or GGEN_PROGRAM.
/// Errors: unavailable (there is none: the test is skipped).
[[nodiscard]] Result<std::string> ggen_program();

/// `program` with `words` in the current project of `world`, as its user.
[[nodiscard]] Command program_in_world(MarketWorld& world, std::string const& program,
                                       std::vector<std::string> words);

}  // namespace ggen::bench
