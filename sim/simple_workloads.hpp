#pragma once

#include <memory>

#include "sim/world.hpp"

namespace ggen::sim {

/// Each node asks a random other one for an echo. Options: period_s, limit_s, size_bytes.
[[nodiscard]] Result<std::unique_ptr<Workload>> make_echo_workload(Scenario const& scenario);
/// Messages flood a random graph. Options: degree, messages, start_s, period_s, size_bytes.
[[nodiscard]] Result<std::unique_ptr<Workload>> make_flood_workload(Scenario const& scenario);

}  // namespace ggen::sim
