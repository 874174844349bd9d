#include "p2p/basic/ping.hpp"

#include <gtest/gtest.h>

#include "p2p/basic/testing/test_network.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using testing::TestNetwork;

std::vector<std::string> const k_names{std::string(k_ping_protocol)};

TEST(PingTest, AnswersInAnyCut) {
    for (std::size_t const piece : {1U, 5U, 32U, 1000U}) {
        TestNetwork network{piece};
        Ping ours{1};
        Ping theirs{2};
        network.add(1, &ours);
        network.add(2, &theirs);
        network.connect(0, 1);

        ours.ping(testing::test_peer(2), {}, network.now());
        ours.ping(testing::test_peer(2), {}, network.now());
        network.settle();

        for (int i = 0; i < 2; ++i) {
            auto const done = ours.poll_event();
            ASSERT_TRUE(done && done->round_trip);
        }
        EXPECT_FALSE(ours.poll_event());
        EXPECT_EQ(theirs.inbound_count(), 1U);  // one stream carried both
    }
}

TEST(PingTest, EndsWhenNoConnectionIsThere) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    ours.ping(testing::test_peer(2), {}, network.now());
    network.settle();
    auto const done = ours.poll_event();
    ASSERT_TRUE(done && !done->round_trip);
    EXPECT_EQ(done->round_trip.error().code, Errc::not_found);
}

TEST(PingTest, RefusesAnotherAnswer) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    ours.ping(testing::test_peer(2), {}, network.now());
    network.settle();
    auto& raw = network.node(1);
    ASSERT_EQ(raw.received.size(), 1U);
    auto const& [wire, sent] = *raw.received.begin();
    ASSERT_EQ(sent.size(), k_ping_bytes);

    auto answer = sent;
    answer[31] ^= 1U;
    network.raw_write(1, wire, answer);

    auto const done = ours.poll_event();
    ASSERT_TRUE(done && !done->round_trip);
    EXPECT_EQ(done->round_trip.error().code, Errc::invalid);
    EXPECT_TRUE(raw.is_reset[wire]);
    EXPECT_EQ(network.outputs<ReportPeer>(0).at(0).conduct, Conduct::protocol_error);
}

TEST(PingTest, RefusesAnAnswerThatIsTooLong) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    ours.ping(testing::test_peer(2), {}, network.now());
    network.settle();
    auto const [wire, sent] = *network.node(1).received.begin();
    auto answer = sent;
    answer.push_back(0);
    network.raw_write(1, wire, answer);
    EXPECT_EQ(ours.poll_event()->round_trip.error().code, Errc::invalid);
}

TEST(PingTest, GivesUpAtItsDeadlineAndNotBefore) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    ours.ping(testing::test_peer(2), {}, network.now());
    network.advance(k_ping_timeout - milliseconds{1});
    EXPECT_FALSE(ours.poll_event());
    network.advance(milliseconds{1});
    EXPECT_EQ(ours.poll_event()->round_trip.error().code, Errc::timed_out);
    EXPECT_FALSE(ours.next_deadline());
}

TEST(PingTest, TakesTwoStreamsOfAPeerAndResetsTheThird) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    auto const first = network.raw_open(1, 0, k_names[0]);
    auto const second = network.raw_open(1, 0, k_names[0]);
    auto const third = network.raw_open(1, 0, k_names[0]);
    auto& raw = network.node(1);
    EXPECT_FALSE(raw.is_reset[first] || raw.is_reset[second]);
    EXPECT_TRUE(raw.is_reset[third]);

    network.raw_finish(1, first);
    EXPECT_TRUE(raw.is_finished[first]);
    auto const fourth = network.raw_open(1, 0, k_names[0]);
    EXPECT_FALSE(raw.is_reset[fourth]);
}

TEST(PingTest, HoldsAPeerBackThatSendsFasterThanItReads) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    auto const wire = network.raw_open(1, 0, k_names[0]);
    network.set_draining(false);
    network.raw_write(1, wire, Bytes(k_ping_unsent_bytes_max));
    EXPECT_TRUE(network.outputs<PauseStream>(0).empty());
    network.raw_write(1, wire, Bytes(1));
    EXPECT_TRUE(network.outputs<PauseStream>(0).at(0).is_paused);
    network.set_draining(true);
    network.settle();
    EXPECT_FALSE(network.outputs<PauseStream>(0).at(1).is_paused);
    EXPECT_EQ(network.node(1).received[wire].size(), k_ping_unsent_bytes_max + 1);
}

TEST(PingTest, LetsSixtyFourWaitAndRefusesOneMore) {
    TestNetwork network;
    Ping ours{1};
    network.add(1, &ours);
    network.add(2, nullptr, k_names);
    network.connect(0, 1);
    for (std::size_t i = 0; i < k_pings_waiting_per_peer_max; ++i) ours.ping(testing::test_peer(2), {}, network.now());
    EXPECT_FALSE(ours.poll_event());
    ours.ping(testing::test_peer(2), {}, network.now());
    EXPECT_EQ(ours.poll_event()->round_trip.error().code, Errc::too_large);
    network.settle();
    network.disconnect(0, 1);
    std::size_t ended = 0;
    while (ours.poll_event()) ++ended;
    EXPECT_EQ(ended, k_pings_waiting_per_peer_max);
}

}  // namespace
}  // namespace ggen::p2p
