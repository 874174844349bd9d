#pragma once

#include <memory>

#include "sim/world.hpp"

namespace ggen::sim {

/// Installs among peers of which most lie, stall or never end. Options: docs/simulator.md "exchange".
[[nodiscard]] Result<std::unique_ptr<Workload>> make_exchange_workload(Scenario const& scenario);

}  // namespace ggen::sim
