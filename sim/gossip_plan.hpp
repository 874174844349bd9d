#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/gossip_attack.hpp"
#include "sim/scenario.hpp"
#include "sim/types.hpp"

namespace ggen::sim {

/// The options of the workload "gossip" (docs/simulator.md).
struct GossipRunOptions {
    std::uint64_t links = 10;
    std::uint64_t messages = 20;
    std::uint64_t publishers = 0;  ///< 0 = all honest nodes
    Nanos start = 10 * k_second;
    Nanos period = k_second;
    Nanos link_at = 0;  ///< when honest nodes connect
    std::uint64_t size_bytes = 1'024;
    std::uint64_t mesh_size = 0;  ///< 0 = the core's default
    Nanos proof = 0;  ///< what a publisher works on a message before it leaves; part of its time
    Nanos check = 0;  ///< what each node works on a message before it delivers and forwards it
    AttackPlan attack;
};
/// Errors: invalid (with the path of the member).
[[nodiscard]] Result<GossipRunOptions> parse_gossip_options(Json const& json);

/// Whom `node` dials: up to `count` different ones `of` these.
[[nodiscard]] std::vector<NodeId> draw_links(std::uint64_t seed, NodeId node, std::uint64_t count,
                                             std::vector<NodeId> const& of);
/// `count` of them that publish, or all of them when it is 0, in the order in which `draw_publisher` knows them.
[[nodiscard]] std::vector<NodeId> draw_publishers(std::uint64_t seed, std::uint64_t count, std::vector<NodeId> of);
/// Who publishes message `index`. Precondition: there is a publisher.
[[nodiscard]] NodeId draw_publisher(std::uint64_t seed, std::uint64_t index, std::vector<NodeId> const& publishers);

/// What real nodes need to live through the run of a scenario: the same places, the same links, the same messages.
struct GossipTwin {
    GossipRunOptions options;
    std::uint32_t nodes = 0;
    std::uint32_t jitter_permille = 0;
    std::vector<Endpoint> endpoints;         ///< public addresses, which only a network of one's own may use
    std::vector<std::vector<NodeId>> links;  ///< whom each node dials
    std::vector<NodeId> publishers;          ///< of each message
    std::vector<Nanos> one_way;              ///< from node a to node b: at a * nodes + b
};
/// For scenarios of the workload "gossip" without adversaries, churn, faults, rates and work on messages, at most
/// `k_twin_nodes_max` nodes. `rtt_path` as in RunOptions. Errors: invalid, and those of the matrix.
inline constexpr std::uint32_t k_twin_nodes_max = 1'000;
[[nodiscard]] Result<GossipTwin> plan_gossip_twin(std::string_view scenario, std::uint64_t seed, std::uint32_t nodes,
                                                  std::string const& rtt_path);

}  // namespace ggen::sim
