#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

struct PlotSeries {
    enum class Style : unsigned char { lines, points, steps, line_with_points, intervals };
    std::string name;
    Style style = Style::line_with_points;
    /// x and y; `intervals` also has the low and high end of x, and draws y as the row.
    std::vector<std::pair<double, double>> points;
    std::vector<std::pair<double, double>> ranges;
};

struct Plot {
    std::string title;
    std::string x_label;
    std::string y_label;
    bool is_x_log = false;
    bool is_y_log = false;
    std::vector<std::string> row_names;  ///< Labels of y = 0, 1, 2 …; empty = numbers.
    std::vector<PlotSeries> series;
};

/// The plots as SVG elements without an XML head, in order, drawn by gnuplot (Debian: gnuplot-nox). Equal
/// plots give equal bytes. Errors: unavailable (gnuplot is not installed: says how to get it), io.
[[nodiscard]] Result<std::vector<std::string>> draw_plots(std::vector<Plot> const& plots);

}  // namespace ggen::bench
