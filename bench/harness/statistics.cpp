#include "harness/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace ggen::bench {
namespace {

std::vector<double> sorted(std::span<double const> values) {
    std::vector<double> out(values.begin(), values.end());
    std::sort(out.begin(), out.end());
    return out;
}

/// Of a sorted, not empty range.
double at_percent(std::vector<double> const& values, double percent) {
    auto const rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    return values[std::min(values.size() - 1, rank == 0 ? 0 : rank - 1)];
}

double log_choose(std::size_t n, std::size_t k) {
    return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
           std::lgamma(static_cast<double>(n - k) + 1);
}

/// P(X <= k) of n fair coins.
double binomial_below(std::size_t n, std::size_t k) {
    double sum = 0;
    for (std::size_t i = 0; i <= k; ++i)
        sum += std::exp(log_choose(n, i) - static_cast<double>(n) * std::log(2.0));
    return sum;
}

double basis(double n, Order order) {
    switch (order) {
        case Order::constant:
            return 0;
        case Order::logarithmic:
            return std::log2(n);
        case Order::linear:
            return n;
        case Order::linearithmic:
            return n * std::log2(n);
        case Order::quadratic:
            return n * n;
    }
    return 0;
}

double mean(std::span<double const> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double spread(std::span<double const> values) {
    auto const middle = median(values);
    std::vector<double> distances;
    distances.reserve(values.size());
    for (auto const value : values) distances.push_back(std::abs(value - middle));
    return median(distances);
}

}  // namespace

double percentile(std::span<double const> values, double percent) {
    return values.empty() ? 0 : at_percent(sorted(values), percent);
}

double median(std::span<double const> values) {
    if (values.empty()) return 0;
    auto const all = sorted(values);
    auto const half = all.size() / 2;
    return all.size() % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
}

MedianInterval median_interval(std::span<double const> values, double confidence) {
    if (values.empty()) return {};
    auto const all = sorted(values);
    MedianInterval out{{all.front(), all.back()}, false};
    // [x(k), x(n+1-k)] misses the median with probability 2 P(X <= k-1).
    for (std::size_t k = 1; k <= all.size() / 2; ++k) {
        if (1 - 2 * binomial_below(all.size(), k - 1) < confidence) break;
        out = {{all[k - 1], all[all.size() - k]}, true};
    }
    return out;
}

Summary summarise(std::span<double const> values) {
    Summary out;
    if (values.empty()) return out;
    auto const all = sorted(values);
    out.count = all.size();
    out.least = all.front();
    out.p10 = at_percent(all, 10);
    out.median = median(all);
    out.p90 = at_percent(all, 90);
    out.p99 = at_percent(all, 99);
    out.most = all.back();
    out.median_95 = median_interval(all, 0.95).interval;
    auto const first = at_percent(all, 25);
    auto const third = at_percent(all, 75);
    auto const reach = 3 * (third - first);
    out.outliers = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](double value) {
        return value < first - reach || value > third + reach;
    }));
    return out;
}

double pair_ratio(Pair const& pair) {
    auto const before = percentile(pair.old_slices, 10);
    return before <= 0 ? 1 : percentile(pair.new_slices, 10) / before;
}

RatioEstimate estimate_ratio(std::span<double const> pair_ratios) {
    RatioEstimate out;
    out.pairs = pair_ratios.size();
    if (pair_ratios.empty()) return out;
    out.ratio = median(pair_ratios);
    out.interval = median_interval(pair_ratios, 0.95).interval;
    auto const above = static_cast<std::size_t>(
        std::count_if(pair_ratios.begin(), pair_ratios.end(), [](double ratio) { return ratio > 1; }));
    out.p_value = sign_test(above, pair_ratios.size());
    return out;
}

double sign_test(std::size_t above, std::size_t count) {
    if (count == 0) return 1;
    return std::min(1.0, 2 * binomial_below(count, std::min(above, count - above)));
}

double rank_sum_test(std::span<double const> a, std::span<double const> b) {
    if (a.empty() || b.empty()) return 1;
    std::vector<std::pair<double, bool>> all;
    all.reserve(a.size() + b.size());
    for (auto const value : a) all.emplace_back(value, true);
    for (auto const value : b) all.emplace_back(value, false);
    std::sort(all.begin(), all.end());
    double ranks_of_a = 0;
    double ties = 0;
    for (std::size_t begin = 0; begin < all.size();) {
        auto end = begin;
        while (end < all.size() && all[end].first == all[begin].first) ++end;
        auto const rank = static_cast<double>(begin + end + 1) / 2;
        for (auto i = begin; i < end; ++i) ranks_of_a += all[i].second ? rank : 0;
        auto const equal = static_cast<double>(end - begin);
        ties += equal * equal * equal - equal;
        begin = end;
    }
    auto const n = static_cast<double>(a.size());
    auto const m = static_cast<double>(b.size());
    auto const u = ranks_of_a - n * (n + 1) / 2;
    auto const variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
    if (variance <= 0) return 1;
    auto const z = std::max(0.0, std::abs(u - n * m / 2) - 0.5) / std::sqrt(variance);
    return std::erfc(z / std::sqrt(2.0));
}

std::vector<double> holm(std::span<double const> p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
    std::vector<double> out(p_values.size());
    double reached = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        reached = std::max(reached, p_values[order[i]] * static_cast<double>(order.size() - i));
        out[order[i]] = std::min(1.0, reached);
    }
    return out;
}

double geometric_mean(std::span<double const> ratios) {
    if (ratios.empty()) return 1;
    double sum = 0;
    for (auto const ratio : ratios) sum += std::log(std::max(ratio, 1e-12));
    return std::exp(sum / static_cast<double>(ratios.size()));
}

std::vector<std::size_t> change_points(std::span<double const> series, std::size_t window,
                                       double least_change) {
    constexpr double k_spreads = 3;  // About two standard deviations of a normal distribution.
    struct Step {
        std::size_t at;
        double size;
    };
    std::vector<Step> steps;
    for (std::size_t at = window; window > 0 && at + window <= series.size(); ++at) {
        auto const before = series.subspan(at - window, window);
        auto const after = series.subspan(at, window);
        auto const level = median(before);
        auto const change = std::abs(median(after) - level);
        auto const noise = std::max(spread(before), spread(after));
        if (level > 0 && change / level >= least_change && change > k_spreads * noise)
            steps.push_back({at, change});
    }
    // Neighbouring places see the same step; the largest of a run is where it is.
    std::vector<std::size_t> out;
    for (std::size_t begin = 0; begin < steps.size();) {
        auto end = begin + 1;
        while (end < steps.size() && steps[end].at - steps[end - 1].at < window) ++end;
        // Of equal ones the middle, where both windows hold one level alone.
        auto best = begin;
        for (auto i = begin; i < end; ++i) best = steps[i].size > steps[best].size ? i : best;
        auto last = best;
        while (last + 1 < end && steps[last + 1].size == steps[best].size) ++last;
        out.push_back(steps[(best + last) / 2].at);
        begin = end;
    }
    return out;
}

char const* order_name(Order order) {
    constexpr std::array<char const*, 5> k_names{"O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)"};
    return k_names[static_cast<std::size_t>(order)];
}

Fit fit(std::span<double const> n, std::span<double const> y, Order order) {
    std::vector<double> x;
    x.reserve(n.size());
    for (auto const value : n) x.push_back(basis(value, order));
    Fit out;
    if (x.empty() || x.size() != y.size()) return out;
    auto const x_mean = mean(x);
    auto const y_mean = mean(y);
    double xy = 0;
    double xx = 0;
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xy += (x[i] - x_mean) * (y[i] - y_mean);
        xx += (x[i] - x_mean) * (x[i] - x_mean);
        total += (y[i] - y_mean) * (y[i] - y_mean);
    }
    out.b = xx > 0 ? xy / xx : 0;
    out.a = y_mean - out.b * x_mean;
    double left = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        auto const error = y[i] - out.a - out.b * x[i];
        left += error * error;
    }
    out.r_squared = total > 0 ? 1 - left / total : 1;
    return out;
}

BestFit best_fit(std::span<double const> n, std::span<double const> y) {
    BestFit best{Order::constant, fit(n, y, Order::constant)};
    if (n.size() < 3) return best;
    constexpr double k_error_min = 1e-9;
    constexpr double k_flat = 1.15;  // Within noise of each other: no growth is told.
    auto const [least, most] = std::minmax_element(y.begin(), y.end());
    if (*most <= *least * k_flat) return best;
    for (auto const order : {Order::logarithmic, Order::linear, Order::linearithmic, Order::quadratic}) {
        auto const candidate = fit(n, y, order);
        auto const left = 1 - best.fit.r_squared;
        // A higher order has to leave a quarter of the error or less: large n hide most of the difference.
        bool const is_better = left > k_error_min && 1 - candidate.r_squared < left / 4;
        if (candidate.b > 0 && is_better) best = {order, candidate};
    }
    return best;
}

}  // namespace ggen::bench
