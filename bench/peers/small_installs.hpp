#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "peers/install_tools.hpp"

namespace ggen::bench {

/// None, 3, 5 and 50 flat dependencies and a chain of ten, resolution and all: into an empty store, into another
/// project, and from a lockfile that this machine knows; beside the targets of the first version. Prints a table.
/// Errors: io (ggen fails).
Result<void> run_small_installs(Room& room, std::string const& ggen, std::size_t rounds);

/// Five installs at once and ten mixed operations at once, against the same one after the other: CPU time of all, and
/// wall time against serial time on as many cores. Prints a table. After run_small_installs in the same room.
Result<void> run_concurrent_installs(Room& room, std::string const& ggen, std::size_t rounds);

}  // namespace ggen::bench
