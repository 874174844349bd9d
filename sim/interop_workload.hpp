#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sim/world.hpp"

namespace ggen::sim {

inline constexpr std::size_t k_interop_params_bytes_max = 64 * k_mib;

/// Plays a gossipsub-interop experiment (libp2p/test-plans gossipsub-interop): every node runs the `script` of its
/// params.json, and writes the lines that its checks read. Options: docs/simulator.md "interop".
[[nodiscard]] Result<std::unique_ptr<Workload>> make_interop_workload(Scenario const& scenario);

/// A scenario around the text of a params.json: its nodes, until half a minute after the last wait. `log` is the
/// directory for the nodes' lines; empty = none. Errors: invalid, too_large.
[[nodiscard]] Result<std::string> interop_scenario(std::string_view params, std::uint32_t nodes, std::string_view log);

}  // namespace ggen::sim
