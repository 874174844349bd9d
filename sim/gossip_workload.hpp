#pragma once

#include <memory>

#include "sim/world.hpp"

namespace ggen::sim {

/// Messages through the gossip core, and the attacks on it. Options: docs/simulator.md "gossip".
[[nodiscard]] Result<std::unique_ptr<Workload>> make_gossip_workload(Scenario const& scenario);

}  // namespace ggen::sim
