#pragma once

#include <memory>

#include "sim/world.hpp"

namespace ggen::sim {

/// Joins, lookups and publications of the Kademlia core. Options: docs/simulator.md "kad".
[[nodiscard]] Result<std::unique_ptr<Workload>> make_kad_workload(Scenario const& scenario);

}  // namespace ggen::sim
