#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/types.hpp"
#include "sim/world.hpp"

namespace ggen::sim {

/// Times of operations, and their percentiles (nearest rank).
class Samples {
public:
    void add(Nanos value) {
        values_.push_back(value);
        is_sorted_ = false;
    }
    [[nodiscard]] std::size_t count() const { return values_.size(); }
    /// The least value that `permille` of all do not exceed; 0 when there are none.
    [[nodiscard]] Nanos at(std::uint32_t permille) {
        if (values_.empty()) return 0;
        if (!is_sorted_) std::sort(values_.begin(), values_.end());
        is_sorted_ = true;
        auto const rank = (values_.size() * permille + 999) / 1'000;
        return values_[std::min(values_.size() - 1, rank == 0 ? 0 : rank - 1)];
    }
    [[nodiscard]] double ms(std::uint32_t permille) {
        return static_cast<double>(at(permille)) / static_cast<double>(k_millisecond);
    }
    [[nodiscard]] double mean_ms() const {
        double sum = 0;
        for (auto const value : values_) sum += static_cast<double>(value);
        return values_.empty() ? 0 : sum / static_cast<double>(values_.size()) / static_cast<double>(k_millisecond);
    }
    /// Adds `name`_p50_ms, _p95_ms, _p99_ms.
    void put(std::vector<Figure>& figures, std::string const& name) {
        figures.push_back({name + "_p50_ms", ms(500), 1});
        figures.push_back({name + "_p95_ms", ms(950), 1});
        figures.push_back({name + "_p99_ms", ms(990), 1});
    }

private:
    std::vector<Nanos> values_;
    bool is_sorted_ = false;
};

/// y = a + b x by least squares.
struct LineFit {
    double a = 0;
    double b = 0;
};
[[nodiscard]] inline LineFit fit_line(std::vector<std::pair<double, double>> const& points) {
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    auto const n = static_cast<double>(points.size());
    for (auto const& [px, py] : points) {
        x += px;
        y += py;
        xx += px * px;
        xy += px * py;
    }
    auto const spread = n * xx - x * x;
    if (points.size() < 2 || spread == 0) return {.a = n > 0 ? y / n : 0, .b = 0};
    auto const b = (n * xy - x * y) / spread;
    return {.a = (y - b * x) / n, .b = b};
}

}  // namespace ggen::sim
