#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/dice.hpp"
#include "sim/event_queue.hpp"
#include "sim/flat_map.hpp"
#include "sim/latency.hpp"
#include "sim/link.hpp"
#include "sim/samples.hpp"
#include "sim/trace.hpp"

namespace ggen::sim {
namespace {

TEST(EventQueueTest, EventsComeByTimeAndThenByOrderOfCreation) {
    EventQueue queue;
    Dice dice{1, Purpose::workload};
    std::vector<std::pair<Nanos, std::uint32_t>> expected;
    for (std::uint32_t i = 0; i < 2'000; ++i) {
        auto const time = static_cast<Nanos>(dice.below(100));
        queue.push({.time = time, .slot = i});
        expected.emplace_back(time, i);
    }
    std::sort(expected.begin(), expected.end());

    for (auto const& [time, slot] : expected) {
        auto const event = queue.pop();
        EXPECT_EQ(event.time, time);
        EXPECT_EQ(event.slot, slot);
    }
    EXPECT_TRUE(queue.is_empty());
}

TEST(FlatMapTest, HoldsWhatAnOrderedMapHolds) {
    FlatMap<std::uint32_t> map;
    std::map<std::uint64_t, std::uint32_t> model;
    Dice dice{2, Purpose::workload};
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        auto const key = 1 + dice.below(500);
        if (dice.chance(1, 2)) {
            map[key] = i;
            model[key] = i;
        } else {
            map.erase(key);
            model.erase(key);
        }
        ASSERT_EQ(map.size(), model.size());
    }
    for (std::uint64_t key = 1; key <= 500; ++key) {
        auto const found = model.find(key);
        auto const* const value = map.find(key);
        ASSERT_EQ(value != nullptr, found != model.end());
        if (value != nullptr) {
            EXPECT_EQ(*value, found->second);
        }
    }
}

TEST(DiceTest, OneStreamDoesNotShiftAnother) {
    Dice first{7, Purpose::jitter, 1};
    Dice second{7, Purpose::jitter, 2};
    auto const alone = Dice{7, Purpose::jitter, 2}.next();
    (void)first.next();
    EXPECT_EQ(second.next(), alone);
    EXPECT_NE(first.next(), second.next());
}

TEST(TraceTest, TheFirstDivergenceIsFoundWithinAThousandEvents) {
    Trace one;
    Trace other;
    for (int i = 0; i < 12'500; ++i) {
        one.add(i, 1, EventKind::timer, 0);
        other.add(i, 1, EventKind::timer, i == 7'345 ? 1 : 0);
    }
    EXPECT_NE(one.digest(), other.digest());
    EXPECT_EQ(first_divergence(one.checkpoints(), other.checkpoints()), 7U);
    EXPECT_EQ(first_divergence(one.checkpoints(), one.checkpoints()), std::nullopt);
}

TEST(LatencyTest, TheShippedModelHasTheQuantilesOfTheMatrixItWasFittedTo) {
    auto const model = make_shipped_latency();
    Dice dice{3, Purpose::site};
    Samples round_trips;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        auto const from = model->draw(dice);
        round_trips.add(2 * model->one_way(from, model->draw(dice), mix(i)));
    }
    EXPECT_NEAR(round_trips.ms(100), 32, 4);
    EXPECT_NEAR(round_trips.ms(500), 135, 8);
    EXPECT_NEAR(round_trips.ms(900), 291, 30);
    EXPECT_NEAR(round_trips.ms(950), 325, 20);
    EXPECT_NEAR(round_trips.ms(990), 413, 25);
}

TEST(LatencyTest, AMatrixIsReadAsHalvesOfRoundTrips) {
    auto const model = parse_latency_matrix("0 10.5\t30\n10.5 0 20\n30 20 0\n").value();
    EXPECT_NEAR(static_cast<double>(model->one_way({.site = 0}, {.site = 1}, 0)), 5.25e6, 1e3);
    EXPECT_EQ(model->one_way({.site = 0}, {.site = 2}, 0), model->one_way({.site = 2}, {.site = 0}, 0));
}

TEST(LatencyTest, BrokenMatricesAreRefusedWithTheLine) {
    EXPECT_EQ(parse_latency_matrix("0 1\n1\n").error().context, "latency matrix: line 2: the matrix is not square");
    EXPECT_EQ(parse_latency_matrix("0 x\n1 0\n").error().context, "latency matrix: line 1: not a time in milliseconds");
    EXPECT_EQ(parse_latency_matrix("0 -1\n1 0\n").error().code, Errc::invalid);
    EXPECT_EQ(parse_latency_matrix("0 1\n1 0\n1 0\n").error().code, Errc::invalid);
    EXPECT_EQ(parse_latency_matrix("").error().code, Errc::invalid);
    EXPECT_EQ(load_latency_matrix("/nonexistent/file").error().code, Errc::io);
}

TEST(LinkTest, SlowStartTakesOneRoundTripForEachDoubling) {
    LinkOptions const options{.fidelity = Fidelity::transport, .jitter_permille = 0};
    Nanos const one_way = 50 * k_millisecond;
    Nanos free = 0;
    Flow small;
    EXPECT_EQ(transmit(small, options, k_second, one_way, 14'000, 0, free, 1).arrival, k_second + one_way);
    Flow large;  // 14,480 + 28,960 + 57,920 bytes go in three rounds.
    EXPECT_EQ(transmit(large, options, k_second, one_way, 100'000, 0, free, 1).arrival, k_second + 5 * one_way);
}

TEST(LinkTest, AnIdleConnectionStartsSlowlyAgain) {
    LinkOptions const options{.fidelity = Fidelity::transport, .jitter_permille = 0};
    Nanos const one_way = 50 * k_millisecond;
    Nanos free = 0;
    Flow flow;
    (void)transmit(flow, options, k_second, one_way, 100'000, 0, free, 1);
    EXPECT_EQ(transmit(flow, options, 2 * k_second, one_way, 40'000, 0, free, 1).arrival, 2 * k_second + one_way);
    EXPECT_EQ(transmit(flow, options, 9 * k_second, one_way, 40'000, 0, free, 1).arrival, 9 * k_second + 3 * one_way);
}

TEST(LinkTest, BandwidthQueuesWhatIsSentAtOnce) {
    LinkOptions const options{.fidelity = Fidelity::transport, .jitter_permille = 0};
    Nanos free = 0;
    Flow first;
    Flow second;
    auto const one = transmit(first, options, 0, k_millisecond, 10'000, 8'000'000, free, 1);
    auto const other = transmit(second, options, 0, k_millisecond, 10'000, 8'000'000, free, 2);
    EXPECT_GT(one.departure, 10 * k_millisecond);  // 1,000 bytes a millisecond, and headers
    EXPECT_EQ(other.departure, 2 * one.departure);
}

TEST(LinkTest, LossDelaysAndKeepsOrder) {
    LinkOptions const options{.fidelity = Fidelity::transport, .jitter_permille = 0, .loss_ppm = 100'000};
    Nanos const one_way = 50 * k_millisecond;
    Nanos free = 0;
    Flow flow;
    Nanos last = 0;
    int late = 0;
    for (int i = 0; i < 1'000; ++i) {
        auto const now = Nanos{i} * 10 * k_millisecond;
        auto const sent = transmit(flow, options, now, one_way, 100, 0, free, 9);
        EXPECT_GE(sent.arrival, last);
        last = sent.arrival;
        if (sent.arrival > now + one_way) ++late;
    }
    EXPECT_GT(late, 100);
    EXPECT_LT(late, 1'000);
}

TEST(LinkTest, NoLimitTakesNoTime) {
    EXPECT_EQ(transfer_time(1'000, 0), 0);
    EXPECT_EQ(transfer_time(1'000, 8'000'000), k_millisecond);
}

}  // namespace
}  // namespace ggen::sim
