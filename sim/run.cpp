#include "sim/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace ggen::sim {

double figure_of(RunReport const& report, std::string_view name) {
    auto const found = std::find_if(report.figures.begin(), report.figures.end(),
                                    [&](auto const& figure) { return figure.name == name; });
    return found == report.figures.end() ? 0 : found->value;
}

Result<std::unique_ptr<LatencyModel const>> choose_latency(Scenario const& scenario, std::string const& rtt_path) {
    if (!rtt_path.empty()) return load_latency_matrix(rtt_path);
    if (scenario.constant_latency != 0) return make_constant_latency(scenario.constant_latency);
    return make_shipped_latency();
}

namespace {
/// Of the processor; others may run beside this one.
double thread_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string print(std::vector<Figure> const& figures) {
    std::string text;
    for (auto const& figure : figures) text += fmt::format(" {}={:.{}f}", figure.name, figure.value, figure.digits);
    return text;
}
}  // namespace

Result<RunReport> run_scenario(std::string_view text, RunOptions const& options) {
    ASSIGN_OR_RETURN(auto scenario, parse_scenario(text, options.nodes));
    ASSIGN_OR_RETURN(auto latency, choose_latency(scenario, options.rtt_path));
    ASSIGN_OR_RETURN(auto workload, make_workload(scenario));
    auto const name = scenario.name;
    auto const nodes = scenario.nodes;
    World world{std::move(scenario), options.seed, std::move(latency), std::move(workload)};
    auto const before = thread_seconds();
    world.run();
    auto const cpu_seconds = thread_seconds() - before;

    RunReport report;
    report.figures = world.figures();
    report.digest = world.network().trace().digest();
    report.checkpoints = world.network().trace().checkpoints();
    report.failure = world.violation();
    report.is_sound = report.failure.empty();
    if (report.is_sound) report.failure = fmt::format("{}", fmt::join(world.unmet(report.figures), "; "));
    report.is_good = report.failure.empty();
    auto const* const verdict = report.is_good ? "ok" : report.is_sound ? "MISSED" : "FAILED";
    report.line = fmt::format("{} seed={} nodes={} {} digest={:016x}{} cpu_s={:.2f} node_s_per_cpu_s={:.0f}", name,
                              options.seed, nodes, verdict, report.digest,
                              print(report.figures), cpu_seconds,
                              cpu_seconds > 0 ? world.node_seconds() / cpu_seconds : 0.0);
    return report;
}

}  // namespace ggen::sim
