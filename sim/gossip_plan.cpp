#include "sim/gossip_plan.hpp"

#include <algorithm>
#include <utility>

#include "p2p/gossip/limits.hpp"
#include "sim/dice.hpp"
#include "sim/fields.hpp"
#include "sim/network.hpp"
#include "sim/run.hpp"

namespace ggen::sim {

Result<GossipRunOptions> parse_gossip_options(Json const& json) {
    GossipRunOptions options;
    Fields fields{&json, "options"};
    options.links = fields.number("links", options.links, 1'000);
    options.messages = fields.number("messages", options.messages, 1'000'000);
    options.publishers = fields.number("publishers", 0, k_nodes_max);
    options.start = fields.seconds("start_s", options.start);
    options.period = fields.seconds("period_s", options.period);
    options.size_bytes = fields.number("size_bytes", options.size_bytes, p2p::k_gossip_message_bytes_max);
    options.mesh_size = fields.number("mesh_size", 0, 100);
    options.link_at = fields.seconds("link_at_s", 0);
    options.proof = fields.seconds("proof_s", 0);
    options.check = fields.seconds("check_s", 0);
    ASSIGN_OR_RETURN(options.attack, parse_attack(fields.object("attack")));
    RETURN_IF_ERROR(fields.finish());
    return options;
}

std::vector<NodeId> draw_links(std::uint64_t seed, NodeId node, std::uint64_t count, std::vector<NodeId> const& of) {
    Dice dice{seed, Purpose::wiring, node};
    std::vector<NodeId> chosen;
    for (std::uint64_t i = 0; i < 4 * count && chosen.size() < count && !of.empty(); ++i) {
        auto const other = of[static_cast<std::size_t>(dice.below(of.size()))];
        if (other != node && std::find(chosen.begin(), chosen.end(), other) == chosen.end()) chosen.push_back(other);
    }
    return chosen;
}

std::vector<NodeId> draw_publishers(std::uint64_t seed, std::uint64_t count, std::vector<NodeId> of) {
    Dice{seed, Purpose::workload}.shuffle(of);
    if (count != 0) of.resize(std::min<std::size_t>(of.size(), count));
    return of;
}

NodeId draw_publisher(std::uint64_t seed, std::uint64_t index, std::vector<NodeId> const& publishers) {
    Dice dice{seed, Purpose::workload, index + 1};
    return publishers[static_cast<std::size_t>(dice.below(publishers.size()))];
}

Result<GossipTwin> plan_gossip_twin(std::string_view scenario_text, std::uint64_t seed, std::uint32_t nodes,
                                    std::string const& rtt_path) {
    ASSIGN_OR_RETURN(auto const scenario, parse_scenario(scenario_text, nodes));
    if (scenario.workload != "gossip") return Error{Errc::invalid, "only gossip has a twin of real nodes"};
    GossipTwin twin;
    ASSIGN_OR_RETURN(twin.options, parse_gossip_options(scenario.options));
    if (!scenario.crowds.empty() || !scenario.faults.empty() || !scenario.rates.empty() || scenario.dead_permille > 0 ||
        scenario.churn.stable_permille < 1'000 || twin.options.attack.kind != GossipAttack::none ||
        twin.options.proof != 0 || twin.options.check != 0) {
        return Error{Errc::invalid, "real nodes live through scenarios of honest nodes that stay, without rates"};
    }
    if (scenario.nodes > k_twin_nodes_max) return Error{Errc::invalid, "too many nodes for one machine"};
    twin.nodes = scenario.nodes;
    twin.jitter_permille = scenario.link.jitter_permille;
    ASSIGN_OR_RETURN(auto latency, choose_latency(scenario, rtt_path));
    Network network{seed, scenario.link, std::move(latency)};
    std::vector<NodeId> all;
    for (NodeId node = 0; node < twin.nodes; ++node) {
        auto const endpoint = draw_endpoint(seed, node);
        all.push_back(network.add_node({.endpoint = endpoint, .rate = {}, .extra_latency = 0}));
        twin.endpoints.push_back(endpoint);
    }
    for (auto const from : all) {
        for (auto const to : all) twin.one_way.push_back(from == to ? 0 : network.latency(from, to));
        twin.links.push_back(draw_links(seed, from, twin.options.links, all));
    }
    auto const publishers = draw_publishers(seed, twin.options.publishers, all);
    for (std::uint64_t i = 0; i < twin.options.messages; ++i)
        twin.publishers.push_back(draw_publisher(seed, i, publishers));
    return twin;
}

}  // namespace ggen::sim
