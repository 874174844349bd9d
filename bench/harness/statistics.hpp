#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// Robust statistics of measured values. Everything here is a pure function; nothing assumes a distribution.
namespace ggen::bench {

/// The smallest value that at least `percent` of the values do not exceed; 0 when there is none.
[[nodiscard]] double percentile(std::span<double const> values, double percent);
[[nodiscard]] double median(std::span<double const> values);

struct Interval {
    double low = 0;
    double high = 0;
};
/// Interval that covers the median with at least `confidence` (0..1): exact order statistics of the binomial
/// distribution. With too few values for that it is the whole range, and `is_exact` is false.
struct MedianInterval {
    Interval interval;
    bool is_exact = false;
};
[[nodiscard]] MedianInterval median_interval(std::span<double const> values, double confidence);

struct Summary {
    std::size_t count = 0;
    double least = 0;
    double p10 = 0;
    double median = 0;
    double p90 = 0;
    double p99 = 0;
    double most = 0;
    Interval median_95;
    std::size_t outliers = 0;  ///< Beyond three times the interquartile range from the quartiles.
};
[[nodiscard]] Summary summarise(std::span<double const> values);

/// One pair of processes, old and new, that took turns: what each slice cost.
struct Pair {
    std::vector<double> old_slices;
    std::vector<double> new_slices;
};
/// new / old at the 10th percentile of the slices: noise only ever adds time, so low percentiles hold the
/// cost.
[[nodiscard]] double pair_ratio(Pair const& pair);
/// Over pairs, since two starts of one program differ by more than the slices of one: the process is what is
/// resampled.
struct RatioEstimate {
    double ratio = 1;    ///< Median of the pairs.
    Interval interval;   ///< 95 %, or the range of the pairs when they are too few.
    double p_value = 1;  ///< Two-sided sign test that the ratio is 1.
    std::size_t pairs = 0;
};
[[nodiscard]] RatioEstimate estimate_ratio(std::span<double const> pair_ratios);

/// Two-sided probability of a split at least as uneven as `above` of `count` if both sides were equally
/// likely.
[[nodiscard]] double sign_test(std::size_t above, std::size_t count);
/// Mann-Whitney U of two unpaired samples, two-sided, normal approximation with correction for ties.
[[nodiscard]] double rank_sum_test(std::span<double const> a, std::span<double const> b);
/// Holm-Bonferroni: adjusted p-values in the order given; reject those under the level.
[[nodiscard]] std::vector<double> holm(std::span<double const> p_values);
[[nodiscard]] double geometric_mean(std::span<double const> ratios);

/// Where the level of a series changes: indexes of the first value of each new level. Windows of `window`
/// values on both sides are compared by medians against their spread; steps below `least_change` (0.02 = 2 %)
/// are not told.
[[nodiscard]] std::vector<std::size_t> change_points(std::span<double const> series, std::size_t window,
                                                     double least_change);

/// y = a + b * f(n), least squares, with the share of the variance that it explains.
struct Fit {
    double a = 0;
    double b = 0;
    double r_squared = 0;
};
enum class Order : unsigned char { constant, logarithmic, linear, linearithmic, quadratic };
[[nodiscard]] char const* order_name(Order order);
[[nodiscard]] Fit fit(std::span<double const> n, std::span<double const> y, Order order);
/// The lowest order that no higher one beats by leaving a quarter of its error or less; O(1) when all values are within
/// 15 % of each other. Needs 3 points.
struct BestFit {
    Order order = Order::constant;
    Fit fit;
};
[[nodiscard]] BestFit best_fit(std::span<double const> n, std::span<double const> y);

}  // namespace ggen::bench
