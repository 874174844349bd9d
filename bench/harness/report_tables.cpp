#include "harness/report_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace ggen::bench {
namespace {

constexpr double k_worth_showing = 0.01;

/// The figure that stands for a test in lists: its own percentiles first, then times.
std::vector<std::string> shown_metrics(TestResult const& result) {
    std::vector<std::string> out;
    out.reserve(result.figures.size());
    for (auto const& figure : result.figures) out.push_back(figure.metric);
    return out;
}

ReportTable environment_table(Run const& run) {
    auto const& e = run.environment;
    ReportTable out{"Environment", "", {"what", "value"}, {}, 0};
    out.rows = {
        {"run", run.id},
        {"label", run.label},
        {"started", format_utc(run.started)},
        {"took", fmt::format("{:.0f} s", run.seconds)},
        {"processor", fmt::format("{}, {} usable", e.cpu, e.cores)},
        {"memory", format_figure(static_cast<double>(e.memory_bytes), "bytes")},
        {"kernel", e.kernel},
        {"virtualisation", e.virtualisation},
        {"compiler", e.compiler},
        {"build", e.build_type},
        {"libraries", fmt::format("glibc {}, {}", e.libc, e.libcrypto)},
        {"file system", e.file_system},
        {"ggen", fmt::format("{} at {}", e.version, e.commit)},
        {"load before, after", fmt::format("{:.2f}, {:.2f}", run.before.load_1min, run.after.load_1min)},
        {"processor time stolen", fmt::format("{:.1f} %", run.after.steal_percent)},
        {"reference work before, after", fmt::format("{}, {}", format_figure(run.before.reference_ns, "ns"),
                                                     format_figure(run.after.reference_ns, "ns"))}};
    if (!run.is_complete) out.note = "This run was interrupted: tests that are missing were not measured.";
    if (run.clock_jumped) out.note += " The clock jumped during the run; its dates cannot be trusted.";
    return out;
}

ReportTable gate_table(GateReport const& gate) {
    constexpr std::array<std::string_view, 4> k_statuses{"green", "yellow", "red", "unmeasured"};
    constexpr std::array<std::string_view, 3> k_words{"GO", "NO-GO", "NO-GO (incomplete)"};
    ReportTable out{"Release checklist: " + std::string{k_words[static_cast<std::size_t>(gate.decision)]},
                    "Every line was measured for this report; what was not is red.",
                    {"section", "check", "status", "measured"},
                    {},
                    2};
    for (auto const& line : gate.lines) {
        out.rows.push_back({line.check.section, line.check.name,
                            std::string{k_statuses[static_cast<std::size_t>(line.status)]}, line.detail});
    }
    return out;
}

ReportTable budget_table(std::vector<BudgetResult> const& budgets) {
    ReportTable out{
        "Budgets and the original's targets",
        "Green is what we promise; beyond yellow is red. The last columns: the target of the suite that this "
        "one continues, and how many times the figure beats it.",
        {"test", "figure", "measured", "status", "green", "yellow", "original target", "times better"},
        {},
        3};
    for (auto const& result : budgets) {
        auto const& budget = result.budget;
        bool const is_measured = result.colour != Colour::unmeasured;
        std::string better = "";
        if (is_measured && budget.original && result.value > 0) {
            auto const ratio =
                budget.more_is_better ? result.value / *budget.original : *budget.original / result.value;
            better = ratio >= 10 ? fmt::format("{:.0f}", ratio) : fmt::format("{:.2f}", ratio);
        }
        auto const shown = [&](double value) { return format_figure(value, result.unit); };
        auto const original = budget.original ? shown(*budget.original) : std::string{};
        out.rows.push_back({budget.test_id, fmt::format("{} {}", budget.statistic, budget.metric),
                            is_measured ? shown(result.value) : result.detail,
                            std::string{colour_name(result.colour)}, shown(budget.green),
                            shown(budget.yellow),
                            budget.original_text.empty() ? original : budget.original_text, better});
    }
    return out;
}

ReportTable comparison_table(Comparison const& comparison) {
    ReportTable out{fmt::format("Comparison with {}", comparison.before_id),
                    fmt::format("{}", fmt::join(comparison.warnings, " ")),
                    {"test", "figure", "before", "now", "change", "verdict", "rule"},
                    {},
                    5};
    for (auto const& difference : comparison.differences) {
        bool const is_shown =
            difference.verdict != Verdict::same || std::abs(difference.ratio - 1) > k_worth_showing;
        if (!is_shown) continue;
        out.rows.push_back({difference.test_id, difference.metric,
                            format_figure(difference.before, difference.unit),
                            format_figure(difference.after, difference.unit),
                            fmt::format("{:+.2f} %", (difference.ratio - 1) * 100),
                            std::string{verdict_name(difference.verdict)}, difference.rule});
    }
    return out;
}

ReportTable curve_table(std::vector<Curve> const& curves) {
    ReportTable out{"Scaling",
                    "y = a + b f(n), least squares; R2 is the share of the variance explained.",
                    {"curve", "n", "y", "order", "a", "b", "R2"},
                    {},
                    0};
    for (auto const& curve : curves) {
        std::vector<std::string> y;
        std::vector<std::string> n;
        y.reserve(curve.y.size());
        n.reserve(curve.n.size());
        for (auto const value : curve.y) y.push_back(format_figure(value, curve.unit));
        for (auto const value : curve.n) n.push_back(fmt::format("{:.0f}", value));
        out.rows.push_back(
            {curve.name, fmt::format("{}", fmt::join(n, ", ")), fmt::format("{}", fmt::join(y, ", ")),
             order_name(curve.fit.order), format_figure(curve.fit.fit.a, curve.unit),
             format_figure(curve.fit.fit.b, curve.unit), fmt::format("{:.3f}", curve.fit.fit.r_squared)});
    }
    return out;
}

/// One table for each that the comparison printed; the first says when and where.
void add_peer_tables(PeerComparison const& comparison, std::vector<ReportTable>& out) {
    auto const& e = comparison.environment;
    auto note = fmt::format(
        "Ours and other programs in turns on this machine, {}, in {:.0f} s, load at the end {:.2f}; ggen {} at {}, {}.",
        format_utc(comparison.started), comparison.seconds, comparison.load_1min, e.version, e.commit, e.build_type);
    for (auto const& table : comparison.tables) {
        if (table.rows.empty()) continue;
        std::vector<std::string> parts{"Beside other programs", comparison.kind};
        for (auto const& part : {table.section, table.title}) {
            if (!part.empty()) parts.push_back(part);
        }
        out.push_back({fmt::format("{}", fmt::join(parts, ": ")), std::exchange(note, {}), table.heads, table.rows, 0});
    }
}

/// Seeds and digests: with them anybody gets the same figures.
ReportTable notes_table(Run const& run) {
    ReportTable out{"Simulated runs",
                    "The protocol cores of real nodes under a virtual clock, at the distances of real hosts; equal "
                    "seeds give equal digests and figures on every machine.",
                    {"test", "run"},
                    {},
                    0};
    for (auto const& result : run.results) {
        if (result.outcome == Outcome::passed && !result.detail.empty()) out.rows.push_back({result.id, result.detail});
    }
    return out;
}

ReportTable results_table(Run const& run) {
    ReportTable out{"All tests",
                    "Medians; the interval covers the median with 95 %.",
                    {"test", "outcome", "figure", "median", "interval", "p99", "values"},
                    {},
                    1};
    for (auto const& result : run.results) {
        if (result.figures.empty()) {
            out.rows.push_back(
                {result.id, std::string{outcome_name(result.outcome)}, result.detail, "", "", "", ""});
        }
        for (auto const& metric : shown_metrics(result)) {
            auto const& figure = *result.find(metric);
            auto const summary = summarise(figure.values);
            auto const shown = [&](double value) { return format_figure(value, figure.unit); };
            out.rows.push_back(
                {result.id, std::string{outcome_name(result.outcome)}, metric, shown(summary.median),
                 summary.count < 2
                     ? ""
                     : fmt::format("{} to {}", shown(summary.median_95.low), shown(summary.median_95.high)),
                 summary.count < 2 ? "" : shown(summary.p99), fmt::format("{}", summary.count)});
        }
    }
    return out;
}

/// "keyword_n1000" -> "keyword", 1000.
std::optional<std::pair<std::string, double>> stem_and_n(std::string const& id) {
    auto const at = id.rfind("_n");
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t n = 0;
    auto const* const end = id.data() + id.size();
    auto const parsed = std::from_chars(id.data() + at + 2, end, n);
    if (parsed.ec != std::errc{} || parsed.ptr != end || n == 0) return std::nullopt;
    return std::pair{id.substr(0, at), static_cast<double>(n)};
}

}  // namespace

std::vector<Curve> find_curves(Run const& run) {
    std::map<std::pair<std::string, std::string>, Curve> curves;
    for (auto const& result : run.results) {
        auto const place = stem_and_n(result.id);
        if (!place) continue;
        for (auto const& figure : result.figures) {
            if (figure.values.empty()) continue;
            auto& curve = curves[{place->first, figure.metric}];
            curve.name = place->first + " " + figure.metric;
            curve.unit = figure.unit;
            auto const at = std::upper_bound(curve.n.begin(), curve.n.end(), place->second) - curve.n.begin();
            curve.n.insert(curve.n.begin() + at, place->second);
            curve.y.insert(curve.y.begin() + at, median(figure.values));
        }
    }
    std::vector<Curve> out;
    constexpr std::size_t k_points_min = 3;
    for (auto& [key, curve] : curves) {
        // What is the same for every n, such as a success rate, is no curve.
        auto const [least, most] = std::minmax_element(curve.y.begin(), curve.y.end());
        bool const is_flat = *least == *most;
        if (curve.n.size() < k_points_min || is_flat) continue;
        curve.fit = best_fit(curve.n, curve.y);
        out.push_back(std::move(curve));
    }
    return out;
}

std::vector<ReportTable> report_tables(ReportInput const& input) {
    std::vector<ReportTable> out;
    if (input.gate) out.push_back(gate_table(*input.gate));
    out.push_back(environment_table(input.run));
    if (!input.budgets.empty()) out.push_back(budget_table(input.budgets));
    if (input.comparison) out.push_back(comparison_table(*input.comparison));
    if (auto const curves = find_curves(input.run); !curves.empty()) out.push_back(curve_table(curves));
    for (auto const& comparison : input.peers) add_peer_tables(comparison, out);
    if (auto notes = notes_table(input.run); !notes.rows.empty()) out.push_back(std::move(notes));
    out.push_back(results_table(input.run));
    return out;
}

}  // namespace ggen::bench
