#include "harness/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "harness/process.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_rows_px = 22;
constexpr std::size_t k_height_px = 300;

/// Text between double quotes of gnuplot: no escapes, and none of the marks of its enhanced mode is on.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (auto const c : text) {
        if (c == '"' || c == '\\' || c == '`') {
            out += '\'';
        } else {
            out += c < ' ' && c >= 0 ? ' ' : c;
        }
    }
    return out + "\"";
}

std::string style_of(PlotSeries::Style style) {
    switch (style) {
        case PlotSeries::Style::lines:
            return "using 1:2 with lines lw 2 dt 2";
        case PlotSeries::Style::points:
            return "using 1:2 with points pt 7 ps 0.5";
        case PlotSeries::Style::steps:
            return "using 1:2 with steps lw 1.5";
        case PlotSeries::Style::line_with_points:
            return "using 1:2 with linespoints pt 7 ps 0.5 lw 1.5";
        case PlotSeries::Style::intervals:
            return "using 1:2:3:4 with xerrorbars pt 7 ps 0.5 lw 1.5";
    }
    return "";
}

void append_data(std::string& script, PlotSeries const& series) {
    for (std::size_t i = 0; i < series.points.size(); ++i) {
        script += fmt::format("{:.9g} {:.9g}", series.points[i].first, series.points[i].second);
        if (series.style == PlotSeries::Style::intervals) {
            script += fmt::format(" {:.9g} {:.9g}", series.ranges[i].first, series.ranges[i].second);
        }
        script += '\n';
    }
    script += "e\n";
}

void append_plot(std::string& script, Plot const& plot) {
    auto const height = std::max(k_height_px, plot.row_names.size() * k_rows_px + 90);
    // A fixed name keeps the ids inside the SVG apart from neighbours' and equal from run to run.
    script += fmt::format(
        "set term svg size 760,{} dynamic noenhanced font 'sans-serif,11' background '#ffffff'\n", height);
    script += "set output\nreset\nset grid lc rgb '#e4e4e4'\nset key outside right top noenhanced\n";
    script += fmt::format("set title {} noenhanced\nset xlabel {}\nset ylabel {}\n", quoted(plot.title),
                          quoted(plot.x_label), quoted(plot.y_label));
    if (plot.is_x_log) script += "set logscale x\n";
    if (plot.is_y_log) script += "set logscale y\n";
    if (!plot.row_names.empty()) {
        script += "set ytics (";
        for (std::size_t i = 0; i < plot.row_names.size(); ++i) {
            script += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted(plot.row_names[i]), i);
        }
        script += fmt::format(") noenhanced\nset yrange [-0.7:{}]\nset nokey\n",
                              static_cast<double>(plot.row_names.size()) - 0.3);
    }
    script += "plot ";
    bool is_first = true;
    for (auto const& series : plot.series) {
        script += fmt::format("{}'-' {} title {}", is_first ? "" : ", ", style_of(series.style),
                              quoted(series.name));
        is_first = false;
    }
    script += '\n';
    for (auto const& series : plot.series) append_data(script, series);
}

bool is_drawable(Plot const& plot) {
    return std::any_of(plot.series.begin(), plot.series.end(),
                       [](PlotSeries const& s) { return !s.points.empty(); });
}

}  // namespace

Result<std::vector<std::string>> draw_plots(std::vector<Plot> const& plots) {
    Command command;
    command.words = {"gnuplot", "-"};
    command.environment = {"LC_ALL=C.UTF-8"};
    command.is_quiet = true;
    command.output_bytes_max = std::size_t{256} << 20U;
    for (auto const& plot : plots) {
        if (is_drawable(plot)) append_plot(command.input, plot);
    }
    std::vector<std::string> out(plots.size());
    if (command.input.empty()) return out;
    auto const done = run_command(command);
    if (!done) {
        return Error{Errc::unavailable, ErrorId::none, "no plots: " + done.error().context,
                     "apt-get install gnuplot-nox"};
    }
    if (!done->is_good())
        return Error{Errc::io, fmt::format("gnuplot: {}: {}", done->how_it_ended(), done->errors)};
    std::size_t at = 0;
    for (std::size_t i = 0; i < plots.size(); ++i) {
        if (!is_drawable(plots[i])) continue;
        auto const begin = done->output.find("<svg", at);
        auto const end = begin == std::string::npos ? begin : done->output.find("</svg>", begin);
        if (end == std::string::npos) return Error{Errc::io, "gnuplot: a plot is missing: " + done->errors};
        at = end + 6;
        out[i] = done->output.substr(begin, at - begin);
        // Every SVG of gnuplot defines the same ids; on one page each needs its own.
        for (std::string_view const key : {"id='", "href='#", "url(#", "id=\"", "href=\"#"}) {
            std::string const mark = fmt::format("{}p{}_", key, i);
            for (auto place = out[i].find(key); place != std::string::npos;
                 place = out[i].find(key, place + mark.size())) {
                out[i].replace(place, key.size(), mark);
            }
        }
    }
    return out;
}

}  // namespace ggen::bench
