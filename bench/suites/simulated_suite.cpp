// More nodes than a machine holds: the same protocol cores under the simulator's clock, at the distances of real hosts
// (docs/simulator.md). Everything that they tell is exact: equal seeds give equal figures on every machine.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "sim/run.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

constexpr std::uint64_t k_seed = 1;

/// 40 messages of 1 KiB by random nodes.
constexpr char const* k_gossip = R"json({
  "name": "gossip", "nodes": 100, "duration_s": 75, "check_every": 100000, "workload": "gossip",
  "options": { "links": 10, "messages": 40, "start_s": 30, "period_s": 1, "size_bytes": 1024 },
  "expect": { "delivered_percent": { "least": 100 }, "gossip_p99_ms": { "most": 1000 } } })json";
/// A fifth of the nodes dies without a word; then values, providers, publications and nearest nodes are asked for.
constexpr char const* k_kad = R"json({
  "name": "kad", "nodes": 100, "duration_s": 360, "check_every": 100000, "workload": "kad",
  "faults": [ { "kind": "crash", "at_s": 200, "share_permille": 200, "silent": true } ],
  "options": { "join_s": 60, "keys": 60, "publish_at_s": 120, "measure_at_s": 240, "operations": 200, "period_s": 0.2 },
  "expect": { "value_success_percent": { "least": 99 }, "providers_success_percent": { "least": 99 } } })json";
/// Three in ten nodes are cut off for 20 s; messages begin 10 s after.
constexpr char const* k_partition = R"json({
  "name": "gossip-partition", "nodes": 100, "duration_s": 120, "check_every": 100000, "workload": "gossip",
  "faults": [ { "kind": "partition", "at_s": 40, "lasts_s": 20, "share_permille": 300 } ],
  "options": { "links": 10, "messages": 40, "start_s": 70, "period_s": 1, "size_bytes": 1024 },
  "expect": { "delivered_percent": { "least": 100 } } })json";

/// Nobody dies: what a lookup costs as the network grows, from tables that have settled (the second refresh is over).
constexpr char const* k_lookup = R"json({
  "name": "lookup", "nodes": 100, "duration_s": 330, "check_every": 100000, "workload": "kad",
  "options": { "join_s": 60, "keys": 60, "publish_at_s": 255, "measure_at_s": 265, "operations": 200, "period_s": 0.2 },
  "expect": { "value_success_percent": { "least": 99 }, "providers_success_percent": { "least": 99 } } })json";

/// The same where each node's memory of peers is what there is no memory for: 4,096 peers instead of 8,192.
constexpr char const* k_lookup_large = R"json({
  "name": "lookup", "nodes": 5000, "duration_s": 330, "check_every": 100000, "workload": "kad",
  "options": { "join_s": 60, "keys": 60, "publish_at_s": 255, "measure_at_s": 265, "operations": 200, "period_s": 0.2,
    "book_slot_peers": 2 },
  "expect": { "value_success_percent": { "least": 99 }, "providers_success_percent": { "least": 99 } } })json";

/// One unit: a whole run of a scenario.
class ScenarioWork final : public Work {
public:
    ScenarioWork(char const* scenario, std::uint32_t nodes) : scenario_(scenario), nodes_(nodes) {}
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    Result<void> run() override {
        ASSIGN_OR_RETURN(report_, sim::run_scenario(scenario_, {k_seed, nodes_, ""}));
        return ok();
    }
    Result<void> check() override {
        if (!report_.is_good) return wrong(report_.failure);
        constexpr std::uint32_t k_repeated_nodes_max = 100;
        if (nodes_ > k_repeated_nodes_max) return ok();
        ASSIGN_OR_RETURN(auto const again, sim::run_scenario(scenario_, {k_seed, nodes_, ""}));
        return again.digest == report_.digest ? ok() : Result<void>{wrong("equal seeds gave two runs")};
    }
    std::string note() override {
        return fmt::format("{} nodes, seed {}, digest {:016x}", nodes_, k_seed, report_.digest);
    }
    std::vector<Figure> figures() override {
        std::vector<Figure> out;
        for (auto const& figure : report_.figures) {
            std::string_view const name = figure.name;
            if (name.ends_with("_ms")) out.push_back({figure.name, "ms", Kind::exact, {figure.value}});
            if (name.ends_with("_requests_mean") || name == "copies" || name == "connections_mean")
                out.push_back({figure.name, "ratio", Kind::exact, {figure.value}});
            if (name.ends_with("_percent")) out.push_back({figure.name, "ratio", Kind::quality, {figure.value / 100}});
            if (name.ends_with("_holders_mean") || name == "true_closest_mean")
                out.push_back({figure.name, "count", Kind::quality, {figure.value}});
            if (name == "events") out.push_back({"events", "count", Kind::exact, {figure.value}});
            if (name == "mbytes") out.push_back({"sent_bytes", "bytes", Kind::exact, {figure.value * 1e6}});
        }
        return out;
    }

private:
    char const* scenario_;
    std::uint32_t nodes_;
    sim::RunReport report_;
};

void add(Catalogue& catalogue, char const* group, std::string name, char const* scenario, std::uint32_t nodes,
         char const* what, std::vector<std::string> aliases = {}) {
    constexpr std::uint32_t k_quick_nodes_max = 100;
    constexpr std::uint32_t k_usual_nodes_max = 2'000;
    Test test{group, std::move(name), TestClass::simulation, what,
              [scenario, nodes] { return std::make_unique<ScenarioWork>(scenario, nodes); }, std::move(aliases)};
    test.exact_runs = 0;  // Its own figures are exact, and cheaper than counting.
    test.slices_max = 1;
    test.is_quick = nodes <= k_quick_nodes_max;
    test.time_limit_s = nodes > k_usual_nodes_max ? 3'600 : 900;
    catalogue.add(std::move(test));
}

}  // namespace

void add_simulated_suite(Catalogue& catalogue) {
    for (std::uint32_t const n : {20U, 100U, 300U, 1'000U, 3'000U, 10'000U}) {
        add(catalogue, "p2p_gossipsub_simulated", fmt::format("publish_n{}", n), k_gossip, n,
            "40 messages of 1 KiB to n simulated nodes; each hears all of them");
    }
    for (std::uint32_t const n : {50U, 100U, 500U, 1'000U}) {
        add(catalogue, "p2p_dht_simulated", fmt::format("operations_n{}", n), k_kad, n,
            "values, providers, publications and nearest nodes among n simulated nodes, a fifth of them dead",
            {fmt::format("dht_lookup/{}", n)});
    }
    for (std::uint32_t const n : {10U, 20U, 50U, 100U, 200U, 500U, 1'000U, 2'000U}) {
        add(catalogue, "p2p_lookup_simulated", fmt::format("lookup_n{}", n), k_lookup, n,
            "lookups of values, providers and nearest nodes among n simulated nodes, as the network grows");
    }
    for (std::uint32_t const n : {5'000U, 10'000U}) {
        add(catalogue, "p2p_lookup_simulated", fmt::format("lookup_n{}", n), k_lookup_large, n,
            "the same with half the memory of peers, for want of room");
    }
    add(catalogue, "p2p_partition_simulated", "heal_n500", k_partition, 500,
        "a partition of 500 simulated nodes heals; every later message reaches everybody");
}

}  // namespace ggen::bench
