// The ladder of trust: what stands between a figure of the simulator and a network of strangers.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "netlab/gossip_lab.hpp"
#include "sim/run.hpp"

namespace ggen::bench {
namespace {

/// sim/scenarios/gossip-shadow.json: waku-org/research message-propagation, run in Shadow. Nodes of theirs have an
/// unknown number of connections; 50 is what fits.
constexpr char const* k_published = R"json({
  "name": "gossip-shadow", "nodes": 1000, "duration_s": 75, "check_every": 100000, "workload": "gossip",
  "link": { "fidelity": "F1", "constant_latency_s": 0.1, "jitter_permille": 0,
            "rates": [ { "share_permille": 1000, "up_mbit": 38, "down_mbit": 38 } ] },
  "options": { "links": 25, "messages": 40, "start_s": 30, "period_s": 1, "size_bytes": 10240, "mesh_size": 6,
               "proof_s": 0.15, "check_s": 0.012 },
  "expect": { "delivered_percent": { "least": 100 } } })json";
constexpr double k_published_mean_ms = 508;
constexpr double k_published_p95_ms = 627;
constexpr double k_published_off_max = 0.02;
constexpr double k_real_off_max = 0.10;

/// What is told once both rungs hold.
constexpr char const* k_large = R"json({
  "name": "gossip", "nodes": 1000, "duration_s": 75, "check_every": 100000, "workload": "gossip",
  "options": { "links": 10, "messages": 40, "start_s": 30, "period_s": 1, "size_bytes": 1024 },
  "expect": { "delivered_percent": { "least": 100 } } })json";

Result<bool> published_case(LabOptions const& options) {
    ASSIGN_OR_RETURN(auto const report, sim::run_scenario(k_published, {options.seed, 0, ""}));
    auto const mean = sim::figure_of(report, "gossip_mean_ms");
    auto const p95 = sim::figure_of(report, "gossip_p95_ms");
    bool const holds = report.is_good && std::abs(mean / k_published_mean_ms - 1) <= k_published_off_max &&
                       std::abs(p95 / k_published_p95_ms - 1) <= k_published_off_max;
    std::printf("published case (Shadow, 1,000 nodes)  mean %.1f ms, theirs %.0f (%+.1f %%); p95 %.1f ms, theirs "
                "%.0f (%+.1f %%)  %s\n",
                mean, k_published_mean_ms, 100 * (mean / k_published_mean_ms - 1), p95, k_published_p95_ms,
                100 * (p95 / k_published_p95_ms - 1), holds ? "holds" : "does NOT hold (2 %)");
    return holds;
}

Result<bool> real_case(LabOptions options, std::uint32_t nodes) {
    options.nodes = nodes;
    ASSIGN_OR_RETURN(auto const found, compare_in_lab(options));
    bool const holds = found.off_p50() <= k_real_off_max && found.off_p95() <= k_real_off_max &&
                       found.real.delivered_percent >= 100;
    std::printf("%u real nodes  p50 %.1f ms, simulated %.1f (%+.1f %%); p95 %.1f ms, simulated %.1f (%+.1f %%); "
                "delivered %.2f %%; %ju packets, %ju late, at most %.1f ms, %ju lost  %s\n",
                nodes, found.real.p50_ms, found.simulated.p50_ms,
                100 * (found.real.p50_ms / found.simulated.p50_ms - 1), found.real.p95_ms, found.simulated.p95_ms,
                100 * (found.real.p95_ms / found.simulated.p95_ms - 1), found.real.delivered_percent,
                std::uintmax_t{found.router.packets}, std::uintmax_t{found.router.late},
                static_cast<double>(found.router.most_late_ns) / 1e6, std::uintmax_t{found.router.lost},
                holds ? "holds" : "does NOT hold (10 %)");
    return holds;
}

}  // namespace

Result<bool> climb_ladder(LabOptions const& options, std::vector<std::uint32_t> const& counts) {
    ASSIGN_OR_RETURN(bool holds, published_case(options));
    for (auto const count : counts) {
        ASSIGN_OR_RETURN(bool const is_next, real_case(options, count));
        holds = holds && is_next;
    }
    if (!holds) {
        std::printf("figures of larger networks are not told: a rung does not hold\n");
        return false;
    }
    for (std::uint32_t const nodes : {1'000U, 10'000U}) {
        ASSIGN_OR_RETURN(auto const report, sim::run_scenario(k_large, {options.seed, nodes, options.rtt_path}));
        std::printf("simulated  %s\n", report.line.c_str());
        holds = holds && report.is_good;
    }
    return holds;
}

}  // namespace ggen::bench
