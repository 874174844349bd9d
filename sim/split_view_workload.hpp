#pragma once

#include <memory>

#include "sim/world.hpp"

namespace ggen::sim {

/// A log that signs two histories, each for half of its followers, beside an honest log; see docs/simulator.md.
[[nodiscard]] Result<std::unique_ptr<Workload>> make_split_view_workload(Scenario const& scenario);

}  // namespace ggen::sim
