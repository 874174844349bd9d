#include "p2p/basic/perf.hpp"

#include <gtest/gtest.h>

#include "p2p/basic/testing/test_network.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using testing::TestNetwork;

std::vector<std::string> const k_names{std::string(k_perf_protocol)};

Bytes wanting(std::uint64_t size) {
    Bytes out(8);
    for (std::size_t i = 8; i-- > 0; size >>= 8U) out[i] = static_cast<std::uint8_t>(size);
    return out;
}

TEST(PerfTest, MovesWhatWasAskedForBothWays) {
    for (std::size_t const piece : {3U, 1U << 20U}) {
        for (std::uint64_t const size : {0U, 1U, 65'536U, 300'001U}) {
            TestNetwork network{piece};
            Perf ours{false};
            Perf theirs{true};
            network.add(1, &ours);
            network.add(2, &theirs);
            network.connect(0, 1);

            auto const id = ours.run({testing::test_peer(2), {}, size, 2 * size}, network.now());
            network.settle();

            auto const done = ours.poll_event();
            ASSERT_TRUE(done && done->report);
            EXPECT_EQ(done->id, id);
            EXPECT_EQ(ours.stream_count() + theirs.stream_count(), 0U);
        }
    }
}

TEST(PerfTest, IsNotOfferedUnlessAskedFor) {
    EXPECT_TRUE(Perf{false}.protocols().empty());
    EXPECT_EQ(Perf{true}.protocols(), k_names);
}

TEST(PerfTest, AnswersOnlyAfterTheAskersEnd) {
    TestNetwork network;
    Perf server{true};
    network.add(1, &server);
    network.add(2, nullptr);
    network.connect(0, 1);
    auto const wire = network.raw_open(1, 0, k_names[0]);
    network.raw_write(1, wire, wanting(100'000));
    network.raw_write(1, wire, Bytes(1000));
    EXPECT_TRUE(network.node(1).received[wire].empty());
    network.raw_finish(1, wire);
    EXPECT_EQ(network.node(1).received[wire].size(), 100'000U);
    EXPECT_TRUE(network.node(1).is_finished[wire]);
    EXPECT_EQ(server.stream_count(), 0U);
}

TEST(PerfTest, ServesTheLargestSizeAndRefusesOneByteMore) {
    TestNetwork network;
    Perf server{true};
    network.add(1, &server);
    network.add(2, nullptr);
    network.connect(0, 1);
    network.set_draining(false);
    auto const largest = network.raw_open(1, 0, k_names[0]);
    network.raw_write(1, largest, wanting(k_perf_download_bytes_max));
    network.raw_finish(1, largest);
    EXPECT_FALSE(network.node(1).is_reset[largest]);
    auto const too_large = network.raw_open(1, 0, k_names[0]);
    network.raw_write(1, too_large, wanting(k_perf_download_bytes_max + 1));
    network.raw_finish(1, too_large);
    EXPECT_TRUE(network.node(1).is_reset[too_large]);
    auto const none = network.raw_open(1, 0, k_names[0]);
    network.raw_write(1, none, Bytes(7));
    network.raw_finish(1, none);
    EXPECT_TRUE(network.node(1).is_reset[none]);
}

TEST(PerfTest, ServesSomeStreamsAndResetsOneMore) {
    TestNetwork network;
    Perf server{true};
    network.add(1, &server);
    network.add(2, nullptr);
    network.connect(0, 1);
    for (std::size_t i = 0; i < k_perf_inbound_streams_max; ++i) network.raw_open(1, 0, k_names[0]);
    EXPECT_EQ(server.stream_count(), k_perf_inbound_streams_max);
    auto const more = network.raw_open(1, 0, k_names[0]);
    EXPECT_TRUE(network.node(1).is_reset[more]);
    network.disconnect(0, 1);
    EXPECT_EQ(server.stream_count(), 0U);
    network.connect(0, 1);
    auto const again = network.raw_open(1, 0, k_names[0]);
    EXPECT_FALSE(network.node(1).is_reset[again]);
}

TEST(PerfTest, RefusesMoreThanItAskedForAndAnEarlyEnd) {
    TestNetwork network;
    Perf ours{false};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    ours.run({testing::test_peer(2), {}, 0, 10}, network.now());
    network.settle();
    network.raw_write(1, network.node(1).received.rbegin()->first, Bytes(11));
    EXPECT_EQ(ours.poll_event()->report.error().code, Errc::invalid);

    ours.run({testing::test_peer(2), {}, 0, 10}, network.now());
    network.settle();
    auto const wire = network.node(1).received.rbegin()->first;
    network.raw_write(1, wire, Bytes(9));
    network.raw_finish(1, wire);
    EXPECT_EQ(ours.poll_event()->report.error().code, Errc::unavailable);
}

TEST(PerfTest, GivesUpWhenNothingMoves) {
    TestNetwork network;
    Perf ours{false};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    ours.run({testing::test_peer(2), {}, 0, 10}, network.now());
    network.advance(k_perf_stall_timeout - milliseconds{1});
    EXPECT_FALSE(ours.poll_event());
    network.raw_write(1, network.node(1).received.begin()->first, Bytes(1));
    network.advance(k_perf_stall_timeout - milliseconds{1});
    EXPECT_FALSE(ours.poll_event());
    network.advance(milliseconds{1});
    EXPECT_EQ(ours.poll_event()->report.error().code, Errc::timed_out);
}

}  // namespace
}  // namespace ggen::p2p
