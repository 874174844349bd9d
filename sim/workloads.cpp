#include <fmt/format.h>

#include "sim/exchange_workload.hpp"
#include "sim/gossip_workload.hpp"
#include "sim/interop_workload.hpp"
#include "sim/kad_workload.hpp"
#include "sim/simple_workloads.hpp"
#include "sim/split_view_workload.hpp"
#include "sim/world.hpp"

namespace ggen::sim {

Result<std::unique_ptr<Workload>> make_workload(Scenario const& scenario) {
    if (scenario.workload == "echo") return make_echo_workload(scenario);
    if (scenario.workload == "exchange") return make_exchange_workload(scenario);
    if (scenario.workload == "flood") return make_flood_workload(scenario);
    if (scenario.workload == "gossip") return make_gossip_workload(scenario);
    if (scenario.workload == "interop") return make_interop_workload(scenario);
    if (scenario.workload == "kad") return make_kad_workload(scenario);
    if (scenario.workload == "split-view") return make_split_view_workload(scenario);
    return Error{Errc::invalid,
                 fmt::format("scenario.workload: \"{}\" is none of echo, exchange, flood, gossip, interop, kad, "
                             "split-view",
                             scenario.workload)};
}

}  // namespace ggen::sim
