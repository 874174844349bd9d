// The ladder of trust: what stands between a figure of the simulator and a network of strangers.
#include <fmt/format.h>

#include <cstdio>

#include "base/file_system.hpp"
#include "netlab/gossip_lab.hpp"
#include "sim/run.hpp"

namespace ggen::bench {
namespace {

/// What sim/scenarios/gossip-shadow.json repeats, and holds within 2 %.
constexpr double k_published_mean_ms = 508;
constexpr double k_published_p95_ms = 627;
constexpr double k_real_off_max = 0.10;

Result<sim::RunReport> run_file(std::string const& scenarios, std::string const& name, sim::RunOptions const& options) {
    auto const path = scenarios + "/" + name + ".json";
    auto const text = make_posix_file_system()->read_file(path, sim::k_scenario_bytes_max);
    if (!text) {
        return with_help(text.error(), "run it where the source is, or name the folder: --scenarios DIRECTORY");
    }
    return sim::run_scenario(as_text(*text), options);
}

Result<bool> published_case(LabOptions const& options, std::string const& scenarios) {
    ASSIGN_OR_RETURN(auto const report, run_file(scenarios, "gossip-shadow", {options.seed, 0, ""}));
    auto const mean = sim::figure_of(report, "gossip_mean_ms");
    auto const p95 = sim::figure_of(report, "gossip_p95_ms");
    std::printf("published case (Shadow, 1,000 nodes)  mean %.1f ms, theirs %.0f (%+.1f %%); p95 %.1f ms, theirs "
                "%.0f (%+.1f %%)  %s\n",
                mean, k_published_mean_ms, 100 * (mean / k_published_mean_ms - 1), p95, k_published_p95_ms,
                100 * (p95 / k_published_p95_ms - 1), report.is_good ? "holds" : "does NOT hold (2 %)");
    return report.is_good;
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

Result<bool> climb_ladder(LabOptions const& options, std::vector<std::uint32_t> const& counts,
                          std::string const& scenarios) {
    ASSIGN_OR_RETURN(bool holds, published_case(options, scenarios));
    for (auto const count : counts) {
        ASSIGN_OR_RETURN(bool const is_next, real_case(options, count));
        holds = holds && is_next;
    }
    if (!holds) {
        std::printf("figures of larger networks are not told: a rung does not hold\n");
        return false;
    }
    for (char const* const name : {"gossip-1k", "gossip-10k"}) {
        ASSIGN_OR_RETURN(auto const report, run_file(scenarios, name, {options.seed, 0, options.rtt_path}));
        std::printf("simulated  %s\n", report.line.c_str());
        holds = holds && report.is_good;
    }
    return holds;
}

}  // namespace ggen::bench
