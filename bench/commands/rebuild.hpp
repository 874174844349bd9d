#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace ggen::bench {

/// Checks `revision` out into a work tree of its own below `.ggen-bench/`, builds its ggen-bench as a release
/// and returns the program's path. A revision that was built before is not built again. Runs in the source
/// tree (the current directory). Errors: not_found (no such revision, no git work tree), unavailable (it has
/// no such program or does not build).
[[nodiscard]] Result<std::string> build_revision(std::string const& revision,
                                                 std::function<void(std::string const&)> const& talk);

}  // namespace ggen::bench
