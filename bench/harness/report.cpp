#include "harness/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "harness/plot.hpp"
#include "harness/report_tables.hpp"

namespace ggen::bench {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (auto const c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

constexpr std::string_view k_style = R"css(
body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:1180px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px;border-bottom:1px solid #ddd;padding-bottom:4px}
p{margin:4px 0 10px;color:#444}table{border-collapse:collapse;font-size:13px;width:100%}
th,td{text-align:left;padding:4px 8px;border-bottom:1px solid #eee;vertical-align:top;overflow-wrap:break-word}
th{position:sticky;top:0;background:#f6f6f6}td{font-variant-numeric:tabular-nums}
.tag{display:inline-block;white-space:nowrap;padding:0 7px;border-radius:9px;font-size:12px}
.green,.passed,.better{background:#d9f2dd;color:#0c5a1d}.yellow,.listed,.flagged{background:#fff1c9;color:#6d4c00}
.red,.failed,.missing,.crashed,.timed_out{background:#fbd9d7;color:#8c1510}
.unmeasured,.skipped,.not_run,.unjudged,.added{background:#e8e8e8;color:#444}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(520px,1fr));gap:16px}.plots svg{width:100%;height:auto}
nav a{margin-right:14px}
)css";

std::string cell(std::string const& text, bool is_tag) {
    if (!is_tag || text.empty()) return "<td>" + escaped(text) + "</td>";
    return fmt::format("<td><span class=\"tag {0}\">{0}</span></td>", escaped(text));
}

std::string html_table(ReportTable const& table) {
    std::string out = "<table><thead><tr>";
    for (auto const& head : table.heads) out += "<th>" + escaped(head) + "</th>";
    out += "</tr></thead><tbody>\n";
    for (auto const& row : table.rows) {
        out += "<tr>";
        for (std::size_t i = 0; i < row.size(); ++i) out += cell(row[i], table.colour_column == i && i > 0);
        out += "</tr>\n";
    }
    return out + "</tbody></table>\n";
}

/// Share of slices at or under a time, one line a test.
std::vector<Plot> distribution_plots(Run const& run) {
    std::vector<Plot> out;
    for (auto const& result : run.results) {
        auto const* const figure = result.find("cpu_ns");
        if (figure == nullptr || figure->values.size() < 2) continue;
        if (out.empty() || out.back().title != result.group) {
            out.push_back(
                {result.group, "processor time of one run, ns", "share of slices", true, false, {}, {}});
        }
        auto values = figure->values;
        std::sort(values.begin(), values.end());
        PlotSeries series{result.id.substr(result.group.size() + 1), PlotSeries::Style::steps, {}, {}};
        for (std::size_t i = 0; i < values.size(); ++i) {
            series.points.emplace_back(std::max(values[i], 0.1),
                                       static_cast<double>(i + 1) / static_cast<double>(values.size()));
        }
        out.back().series.push_back(std::move(series));
    }
    return out;
}

double curve_value(Curve const& curve, double n) {
    auto const& [a, b, r_squared] = curve.fit.fit;
    switch (curve.fit.order) {
        case Order::constant:
            return a;
        case Order::logarithmic:
            return a + b * std::log2(n);
        case Order::linear:
            return a + b * n;
        case Order::linearithmic:
            return a + b * n * std::log2(n);
        case Order::quadratic:
            return a + b * n * n;
    }
    return a;
}

std::vector<Plot> curve_plots(Run const& run) {
    std::vector<Plot> out;
    for (auto const& curve : find_curves(run)) {
        auto const least = *std::min_element(curve.y.begin(), curve.y.end());
        Plot plot{curve.name, "n", curve.unit, true, least > 0, {}, {}};
        PlotSeries measured{"measured", PlotSeries::Style::line_with_points, {}, {}};
        PlotSeries fitted{order_name(curve.fit.order), PlotSeries::Style::lines, {}, {}};
        for (std::size_t i = 0; i < curve.n.size(); ++i) {
            measured.points.emplace_back(curve.n[i], curve.y[i]);
            auto const value = curve_value(curve, curve.n[i]);
            if (value > 0 || !plot.is_y_log) fitted.points.emplace_back(curve.n[i], value);
        }
        plot.series = {std::move(measured), std::move(fitted)};
        out.push_back(std::move(plot));
    }
    return out;
}

std::vector<Plot> history_plots(ReportInput const& input) {
    constexpr std::size_t k_window = 4;
    constexpr std::size_t k_points_min = 3;
    std::vector<Plot> out;
    for (auto const& [name, points] : input.histories) {
        if (points.size() < k_points_min) continue;
        Plot plot{name, "run", "median", false, false, {}, {}};
        PlotSeries series{"history", PlotSeries::Style::line_with_points, {}, {}};
        std::vector<double> values;
        for (std::size_t i = 0; i < points.size(); ++i) {
            series.points.emplace_back(static_cast<double>(i), points[i].value);
            values.push_back(points[i].value);
        }
        PlotSeries steps{"change", PlotSeries::Style::points, {}, {}};
        for (auto const at : change_points(values, k_window, 0.02)) {
            steps.points.emplace_back(static_cast<double>(at), values[at]);
        }
        plot.series = {std::move(series)};
        if (!steps.points.empty()) plot.series.push_back(std::move(steps));
        out.push_back(std::move(plot));
    }
    return out;
}

std::vector<Plot> comparison_plots(ReportInput const& input) {
    if (!input.comparison) return {};
    Plot plot{"ratio to " + input.comparison->before_id, "now / before", "", false, false, {}, {}};
    PlotSeries series{"ratio", PlotSeries::Style::intervals, {}, {}};
    constexpr std::size_t k_rows_max = 60;
    for (auto const& difference : input.comparison->differences) {
        bool const is_ratio = difference.verdict != Verdict::missing && difference.verdict != Verdict::added;
        if (!is_ratio || difference.ratio > 100 || plot.row_names.size() == k_rows_max) continue;
        bool const has_interval = difference.interval.high > 0;
        plot.row_names.push_back(difference.test_id + " " + difference.metric);
        series.points.emplace_back(difference.ratio, static_cast<double>(series.points.size()));
        series.ranges.emplace_back(has_interval ? difference.interval.low : difference.ratio,
                                   has_interval ? difference.interval.high : difference.ratio);
    }
    plot.series = {std::move(series)};
    return {std::move(plot)};
}

/// How much of its budget each figure takes.
std::vector<Plot> budget_plots(ReportInput const& input) {
    Plot plot{"figure / budget (left of 1 is green)", "ratio, logarithmic", "", true, false, {}, {}};
    PlotSeries series{"share", PlotSeries::Style::points, {}, {}};
    for (auto const& result : input.budgets) {
        if (result.colour == Colour::unmeasured || result.value <= 0 || result.budget.green <= 0) continue;
        auto const share = result.budget.more_is_better ? result.budget.green / result.value
                                                        : result.value / result.budget.green;
        series.points.emplace_back(share, static_cast<double>(plot.row_names.size()));
        plot.row_names.push_back(result.budget.test_id + " " + result.budget.metric);
    }
    plot.series = {std::move(series)};
    return plot.row_names.empty() ? std::vector<Plot>{} : std::vector<Plot>{std::move(plot)};
}

std::string section(std::string_view title, std::vector<Plot> const& plots) {
    if (plots.empty()) return "";
    std::string out = fmt::format("<h2>{}</h2>\n", title);
    auto const drawn = draw_plots(plots);
    if (!drawn) {
        auto const& error = drawn.error();
        return out + fmt::format("<p>{} ({})</p>\n", escaped(error.context), escaped(error.help));
    }
    out += "<div class=\"plots\">\n";
    for (auto const& svg : *drawn) {
        if (!svg.empty()) out += svg + "\n";
    }
    return out + "</div>\n";
}

}  // namespace

std::string report_html(ReportInput const& input) {
    auto const tables = report_tables(input);
    std::string out =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<title>ggen benchmarks</title><style>";
    out += k_style;
    out += "</style></head><body>\n<h1>ggen benchmarks</h1>\n";
    out += fmt::format("<p>{} tests in run {}. Every figure was measured in that run.</p>\n",
                       input.run.results.size(), escaped(input.run.id));
    // The long list of all tests stands behind the plots.
    for (std::size_t i = 0; i + 1 < tables.size(); ++i) {
        out += fmt::format("<h2>{}</h2>\n", escaped(tables[i].title));
        if (!tables[i].note.empty()) out += fmt::format("<p>{}</p>\n", escaped(tables[i].note));
        out += html_table(tables[i]);
    }
    out += section("Budgets at a glance", budget_plots(input));
    out += section("Comparison at a glance", comparison_plots(input));
    out += section("Scaling curves", curve_plots(input.run));
    out += section("Distributions", distribution_plots(input.run));
    out += section("History", history_plots(input));
    out += fmt::format("<h2>{}</h2>\n<p>{}</p>\n{}", escaped(tables.back().title),
                       escaped(tables.back().note), html_table(tables.back()));
    return out + "</body></html>\n";
}

std::string report_markdown(ReportInput const& input) {
    std::string out =
        fmt::format("# ggen benchmarks\n\n{} tests in run {}. Every figure was measured in that run.\n",
                    input.run.results.size(), input.run.id);
    auto const plain = [](std::string text) {
        std::replace(text.begin(), text.end(), '|', '/');
        std::replace(text.begin(), text.end(), '\n', ' ');
        return text;
    };
    for (auto const& table : report_tables(input)) {
        out += fmt::format("\n## {}\n\n", table.title);
        if (!table.note.empty()) out += table.note + "\n\n";
        std::vector<std::string> rule(table.heads.size(), "---");
        out += fmt::format("| {} |\n| {} |\n", fmt::join(table.heads, " | "), fmt::join(rule, " | "));
        for (auto const& row : table.rows) {
            std::vector<std::string> cells;
            cells.reserve(row.size());
            for (auto const& text : row) cells.push_back(plain(text));
            out += fmt::format("| {} |\n", fmt::join(cells, " | "));
        }
    }
    return out;
}

}  // namespace ggen::bench
