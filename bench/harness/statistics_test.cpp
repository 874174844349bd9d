#include "harness/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ggen::bench {
namespace {

TEST(StatisticsTest, PercentilesAreValuesThatWereSeen) {
    std::vector<double> const values{5, 1, 4, 2, 3};
    EXPECT_EQ(percentile(values, 50), 3);
    EXPECT_EQ(percentile(values, 1), 1);
    EXPECT_EQ(percentile(values, 99), 5);
    EXPECT_EQ(percentile({}, 50), 0);
    EXPECT_EQ(median(std::vector<double>{1, 2, 3, 4}), 2.5);
}

TEST(StatisticsTest, IntervalOfTheMedianIsThatOfOrderStatistics) {
    std::vector<double> values;
    for (int i = 1; i <= 20; ++i) values.push_back(i);
    auto const interval = median_interval(values, 0.95);
    // The known table: for n = 20 the 95 % interval is from the 6th to the 15th value.
    EXPECT_TRUE(interval.is_exact);
    EXPECT_EQ(interval.interval.low, 6);
    EXPECT_EQ(interval.interval.high, 15);
    EXPECT_FALSE(median_interval(std::vector<double>{1, 2, 3}, 0.95).is_exact) << "three values cannot tell";
}

TEST(StatisticsTest, PairsTellALossThatNoiseHides) {
    std::mt19937 random{7};
    std::exponential_distribution<double> noise{1.0};
    std::vector<double> ratios;
    for (int pair = 0; pair < 5; ++pair) {
        Pair slices;
        for (int i = 0; i < 100; ++i) {
            slices.old_slices.push_back(10 + noise(random));
            slices.new_slices.push_back(11 + noise(random));
        }
        ratios.push_back(pair_ratio(slices));
    }
    auto const estimate = estimate_ratio(ratios);
    EXPECT_NEAR(estimate.ratio, 1.1, 0.02);
    EXPECT_EQ(estimate.pairs, 5U);
    EXPECT_LE(estimate.interval.low, estimate.ratio);
}

TEST(StatisticsTest, SignTestKnowsItsTable) {
    EXPECT_NEAR(sign_test(0, 5), 0.0625, 1e-9);
    EXPECT_NEAR(sign_test(5, 10), 1.0, 1e-9);
    EXPECT_NEAR(sign_test(9, 10), 0.021484375, 1e-9);
}

TEST(StatisticsTest, RankSumTellsShiftedSamplesApart) {
    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < 20; ++i) {
        a.push_back(i);
        b.push_back(i + 15);
    }
    EXPECT_LT(rank_sum_test(a, b), 0.001);
    EXPECT_GT(rank_sum_test(a, a), 0.95);
    EXPECT_EQ(rank_sum_test(a, {}), 1);
}

TEST(StatisticsTest, HolmRaisesByWhatIsLeftAndNeverFalls) {
    auto const adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005});
    EXPECT_NEAR(adjusted[3], 0.02, 1e-12);
    EXPECT_NEAR(adjusted[0], 0.03, 1e-12);
    EXPECT_NEAR(adjusted[2], 0.06, 1e-12);
    EXPECT_NEAR(adjusted[1], 0.06, 1e-12);
}

TEST(StatisticsTest, OutliersAreCountedAndKept) {
    std::vector<double> values(99, 10);
    for (std::size_t i = 0; i < 50; ++i) values[i] = 11;
    values.push_back(1000);
    auto const summary = summarise(values);
    EXPECT_EQ(summary.outliers, 1U);
    EXPECT_EQ(summary.most, 1000);
    EXPECT_EQ(summary.count, 100U);
}

TEST(StatisticsTest, AStepInAHistoryIsFoundWhereItIs) {
    std::vector<double> series;
    series.reserve(40);
    for (int i = 0; i < 40; ++i) series.push_back((i < 23 ? 100.0 : 108.0) + (i % 3) * 0.5);
    auto const points = change_points(series, 6, 0.02);
    ASSERT_EQ(points.size(), 1U);
    EXPECT_NEAR(static_cast<double>(points[0]), 23, 1);
    EXPECT_TRUE(change_points(std::vector<double>(40, 5.0), 6, 0.02).empty());
}

TEST(StatisticsTest, AnOutlierIsNoStep) {
    std::vector<double> series(30, 100);
    series[14] = 300;
    EXPECT_TRUE(change_points(series, 6, 0.02).empty());
}

TEST(StatisticsTest, TheOrderOfACurveIsFound) {
    std::vector<double> const n{10, 50, 100, 500, 1000, 10000};
    auto const curve = [&](auto const& f) {
        std::vector<double> y;
        y.reserve(n.size());
        for (auto const value : n) y.push_back(f(value));
        return y;
    };
    auto const logarithm = best_fit(n, curve([](double x) { return 20 + 12 * std::log2(x); }));
    EXPECT_EQ(logarithm.order, Order::logarithmic);
    EXPECT_NEAR(logarithm.fit.b, 12, 1e-6);
    EXPECT_NEAR(logarithm.fit.a, 20, 1e-6);
    EXPECT_EQ(best_fit(n, curve([](double x) { return 3 * x; })).order, Order::linear);
    EXPECT_EQ(best_fit(n, curve([](double x) { return x * x; })).order, Order::quadratic);
    EXPECT_EQ(best_fit(n, curve([](double x) { return 50 + x / 100000; })).order, Order::constant);
}

}  // namespace
}  // namespace ggen::bench
