// The cases of go-libp2p-pubsub's score_test.go and rust-libp2p's peer_score/tests.rs, against our constants' names.
#include "p2p/gossip/score.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "p2p/gossip/limits.hpp"
#include "p2p/gossip/testing/fake_host.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::id_of;

constexpr TimePoint k_start{seconds{1000}};
constexpr TopicKey k_topic = 7;

/// Everything off.
TopicScoreParams nothing() {
    TopicScoreParams out;
    out.time_in_mesh_weight = 0;
    out.first_message_deliveries_weight = 0;
    out.mesh_message_deliveries_weight = 0;
    out.mesh_failure_penalty_weight = 0;
    out.probe_weight = 0;
    out.invalid_message_deliveries_weight = 0;
    return out;
}

PeerScoreParams peer_params() {
    PeerScoreParams out;
    out.topic_score_cap = 0;
    out.behaviour_weight = 0;
    out.colocation_weight = 0;
    return out;
}

class ScoreTest : public ::testing::Test {
protected:
    explicit ScoreTest(PeerScoreParams params = peer_params()) : score_(params) {}
    PeerStats& add(std::uint32_t number, std::string const& group = {}) {
        return score_.connect(id_of(number), group, k_start);
    }
    void set(TopicScoreParams const& params) {
        ASSERT_TRUE(params.validate());
        score_.set_topic(k_topic, params);
    }
    PeerScore score_;
};

TEST_F(ScoreTest, TimeInMeshCountsByQuantumUpToItsCap) {
    auto params = nothing();
    params.topic_weight = 0.5;
    params.time_in_mesh_weight = 1;
    params.time_in_mesh_quantum = milliseconds{1};
    params.time_in_mesh_cap = 3600;
    set(params);
    auto& peer = add(1);
    EXPECT_EQ(score_.score(peer), 0);
    score_.graft(peer, k_topic, k_start);
    score_.refresh(k_start + milliseconds{200});
    EXPECT_DOUBLE_EQ(score_.score(peer), 0.5 * 200);
    score_.refresh(k_start + seconds{60});
    EXPECT_DOUBLE_EQ(score_.score(peer), 0.5 * 3600);
    score_.prune(peer, k_topic);
    EXPECT_EQ(score_.score(peer), 0);
}

TEST_F(ScoreTest, FirstDeliveriesCountUpToTheirCapAndDecay) {
    auto params = nothing();
    params.first_message_deliveries_weight = 1;
    params.first_message_deliveries_decay = 0.9;
    params.first_message_deliveries_cap = 50;
    set(params);
    auto& peer = add(1);
    for (int i = 0; i < 40; ++i) score_.first_delivery(peer, k_topic);
    EXPECT_DOUBLE_EQ(score_.score(peer), 40);
    for (int i = 0; i < 40; ++i) score_.first_delivery(peer, k_topic);
    EXPECT_DOUBLE_EQ(score_.score(peer), 50);
    for (int i = 1; i <= 10; ++i) {
        score_.refresh(k_start + seconds{i});
        EXPECT_NEAR(score_.score(peer), 50 * std::pow(0.9, i), 1e-9);
    }
    for (int i = 0; i < 100; ++i) score_.refresh(k_start + seconds{20 + i});
    EXPECT_EQ(score_.score(peer), 0);
}

TopicScoreParams mesh_deliveries() {
    auto params = nothing();
    params.mesh_message_deliveries_weight = -1;
    params.mesh_message_deliveries_activation = seconds{1};
    params.mesh_message_deliveries_window = milliseconds{10};
    params.mesh_message_deliveries_threshold = 20;
    params.mesh_message_deliveries_cap = 100;
    params.mesh_message_deliveries_decay = 0.9;
    return params;
}

TEST_F(ScoreTest, MeshDeliveriesWithinTheWindowKeepThePenaltyAway) {
    set(mesh_deliveries());
    auto& first = add(1);
    auto& in_time = add(2);
    auto& late = add(3);
    for (auto* const peer : {&first, &in_time, &late}) score_.graft(*peer, k_topic, k_start);
    score_.refresh(k_start + milliseconds{500});
    EXPECT_EQ(score_.score(late), 0);  // Not active yet.
    score_.refresh(k_start + seconds{2});
    for (int i = 0; i < 100; ++i) {
        score_.first_delivery(first, k_topic);
        score_.duplicate_delivery(in_time, k_topic, i % 2 == 0 ? milliseconds{0} : milliseconds{10});
        score_.duplicate_delivery(late, k_topic, milliseconds{11});
    }
    EXPECT_EQ(score_.score(first), 0);
    EXPECT_EQ(score_.score(in_time), 0);
    EXPECT_DOUBLE_EQ(score_.score(late), -400);
}

TEST_F(ScoreTest, MeshDeliveriesDecayBelowTheThreshold) {
    set(mesh_deliveries());
    auto& peer = add(1);
    score_.graft(peer, k_topic, k_start);
    score_.refresh(k_start + seconds{2});
    for (int i = 0; i < 40; ++i) score_.first_delivery(peer, k_topic);
    EXPECT_EQ(score_.score(peer), 0);
    double value = 40;
    for (int i = 0; i < 20; ++i) {
        score_.refresh(k_start + seconds{3 + i});
        value *= 0.9;
    }
    EXPECT_NEAR(score_.score(peer), -(20 - value) * (20 - value), 1e-9);
}

TEST_F(ScoreTest, AFailureInTheMeshIsKeptAfterThePrune) {
    auto params = mesh_deliveries();
    params.mesh_message_deliveries_weight = 0;
    params.mesh_failure_penalty_weight = -1;
    params.mesh_failure_penalty_decay = 0.9;
    set(params);
    auto& good = add(1);
    auto& bad = add(2);
    for (auto* const peer : {&good, &bad}) score_.graft(*peer, k_topic, k_start);
    score_.refresh(k_start + seconds{2});
    for (int i = 0; i < 100; ++i) score_.first_delivery(good, k_topic);
    EXPECT_EQ(score_.score(bad), 0);
    score_.prune(good, k_topic);
    score_.prune(bad, k_topic);
    EXPECT_EQ(score_.score(good), 0);
    EXPECT_DOUBLE_EQ(score_.score(bad), -400);
    score_.refresh(k_start + seconds{3});
    EXPECT_DOUBLE_EQ(score_.score(bad), -360);
}

TEST_F(ScoreTest, InvalidMessagesCountSquaredAndDecay) {
    auto params = nothing();
    params.invalid_message_deliveries_weight = -1;
    params.invalid_message_deliveries_decay = 0.9;
    set(params);
    auto& peer = add(1);
    for (int i = 0; i < 100; ++i) score_.invalid_delivery(peer, k_topic);
    EXPECT_DOUBLE_EQ(score_.score(peer), -10'000);
    score_.refresh(k_start + seconds{1});
    EXPECT_DOUBLE_EQ(score_.score(peer), -8100);
}

TEST_F(ScoreTest, UnansweredProbesCountSquaredBeyondTheirShare) {
    auto params = nothing();
    params.probe_weight = -2;
    params.probe_share = 0.75;
    params.probe_slack = 2;
    set(params);
    auto& answering = add(1);
    auto& silent = add(2);
    for (int i = 0; i < 20; ++i) {
        score_.probe(answering, k_topic, i % 4 != 0);
        score_.probe(silent, k_topic, false);
    }
    EXPECT_EQ(score_.score(answering), 0);
    EXPECT_DOUBLE_EQ(score_.score(silent), -2 * 13 * 13);
    // No more than `probe_cap` are remembered: who starts to answer is forgiven in time.
    for (int i = 0; i < 400; ++i) score_.probe(silent, k_topic, true);
    EXPECT_EQ(score_.score(silent), 0);
}

TEST_F(ScoreTest, TopicsThatAreNotScoredCountNothing) {
    auto& peer = add(1);
    score_.graft(peer, k_topic, k_start);
    for (int i = 0; i < 9; ++i) score_.invalid_delivery(peer, k_topic);
    EXPECT_EQ(score_.score(peer), 0);
    EXPECT_TRUE(peer.topics.empty());
    EXPECT_EQ(score_.score(id_of(99)), 0);
}

TEST_F(ScoreTest, NewConstantsOfATopicCutItsCounters) {  // go: TestScoreRecapTopicParams, TestScoreResetTopicParams
    auto params = nothing();
    params.first_message_deliveries_weight = 1;
    params.first_message_deliveries_cap = 100;
    params.invalid_message_deliveries_weight = -10;
    set(params);
    auto& peer = add(1);
    for (int i = 0; i < 100; ++i) score_.first_delivery(peer, k_topic);
    EXPECT_DOUBLE_EQ(score_.score(peer), 100);
    params.first_message_deliveries_cap = 50;
    set(params);
    EXPECT_DOUBLE_EQ(score_.score(peer), 50);
    score_.invalid_delivery(peer, k_topic);
    EXPECT_DOUBLE_EQ(score_.score(peer), 40);
    params.invalid_message_deliveries_weight = -20;
    set(params);
    EXPECT_DOUBLE_EQ(score_.score(peer), 30);
    score_.remove_topic(k_topic);
    EXPECT_EQ(score_.score(peer), 0);
}

TEST_F(ScoreTest, TheApplicationsOpinionIsClipped) {
    auto& peer = add(1);
    double opinion = 0;
    for (auto const& [given, taken] : {std::pair{-5.0, -5.0}, {-1000.0, -100.0}, {5.0, 5.0}, {1000.0, 10.0}}) {
        opinion = given;
        score_.refresh(k_start, [&](PeerId const&) { return opinion; });
        EXPECT_DOUBLE_EQ(score_.score(peer), taken);
    }
}

TEST_F(ScoreTest, WeightsOfTheWrongSignAreRefused) {
    auto params = nothing();
    params.invalid_message_deliveries_weight = 1;
    EXPECT_FALSE(params.validate());
    params = nothing();
    params.first_message_deliveries_decay = 1;
    EXPECT_FALSE(params.validate());
    params = nothing();
    params.time_in_mesh_weight = -1;
    EXPECT_FALSE(params.validate());
    ScoreThresholds thresholds;
    EXPECT_TRUE(thresholds.validate());
    thresholds.publish = thresholds.graylist - 1;
    EXPECT_FALSE(thresholds.validate());
    PeerScoreParams peer;
    EXPECT_TRUE(peer.validate());
    peer.colocation_weight = 1;
    EXPECT_FALSE(peer.validate());
}

class PeerScoreTest : public ScoreTest {
protected:
    static PeerScoreParams params() {
        auto out = peer_params();
        out.colocation_weight = -1;
        out.colocation_threshold = 1;
        out.colocation_floor = -1000;
        out.behaviour_weight = -1;
        out.behaviour_threshold = 0;
        out.behaviour_decay = 0.99;
        return out;
    }
    PeerScoreTest() : ScoreTest(params()) {}
};

TEST_F(PeerScoreTest, PeersOfOneNetworkBeyondTheThresholdCountSquared) {
    auto& alone = add(1, "4:aaa");
    auto& second = add(2, "4:bbb");
    (void)add(3, "4:bbb");
    (void)add(4, "4:bbb");
    auto& unknown = add(5);
    EXPECT_EQ(score_.score(alone), 0);
    EXPECT_DOUBLE_EQ(score_.score(second), -4);
    EXPECT_EQ(score_.score(unknown), 0);
    score_.disconnect(score_.connect(id_of(4), "4:bbb", k_start), k_start);
    EXPECT_DOUBLE_EQ(score_.score(second), -1);
}

TEST_F(PeerScoreTest, GroupsAreNetworksAndLoopbackIsNone) {
    auto const group = [](char const* text) { return colocation_group(Multiaddr::parse(text).value()); };
    EXPECT_EQ(group("/ip4/192.0.2.1/tcp/1"), group("/ip4/192.0.2.200/tcp/9"));
    EXPECT_NE(group("/ip4/192.0.2.1/tcp/1"), group("/ip4/192.0.3.1/tcp/1"));
    EXPECT_EQ(group("/ip6/2001:db8:1::1/tcp/1"), group("/ip6/2001:db8:1:9::2/tcp/1"));
    EXPECT_NE(group("/ip6/2001:db8:1::1/tcp/1"), group("/ip6/2001:db8:2::1/tcp/1"));
    EXPECT_EQ(group("/ip6/::ffff:192.0.2.1/tcp/1"), group("/ip4/192.0.2.9/tcp/1"));
    for (auto const* const free : {"/ip4/127.0.0.1/tcp/1", "/ip4/127.9.9.9/tcp/1", "/ip6/::1/tcp/1", "/memory/5"}) {
        EXPECT_EQ(group(free), "") << free;
    }
}

TEST_F(PeerScoreTest, BehaviourCountsSquaredAndDecays) {
    auto& peer = add(1);
    PeerScore::add_penalty(peer, 1);
    EXPECT_DOUBLE_EQ(score_.score(peer), -1);
    PeerScore::add_penalty(peer, 1);
    EXPECT_DOUBLE_EQ(score_.score(peer), -4);
    score_.refresh(k_start + seconds{1});
    EXPECT_NEAR(score_.score(peer), -3.9204, 1e-9);
}

TEST_F(PeerScoreTest, BadScoresOutliveTheConnectionAndGoodOnesDoNot) {
    auto params = nothing();
    params.first_message_deliveries_weight = 1;
    set(params);
    auto& good = add(1);
    for (int i = 0; i < 9; ++i) score_.first_delivery(good, k_topic);
    auto& bad = add(2);
    PeerScore::add_penalty(bad, 10);
    score_.disconnect(good, k_start);
    score_.disconnect(bad, k_start);
    EXPECT_EQ(score_.size(), 1U);
    // Staying away cleans nothing until the retention has passed.
    score_.refresh(k_start + seconds{3599});
    EXPECT_DOUBLE_EQ(score_.score(id_of(2)), -100);
    EXPECT_DOUBLE_EQ(score_.score(add(2)), -100);
    score_.disconnect(add(2), k_start);
    score_.refresh(k_start + seconds{3600});
    EXPECT_EQ(score_.size(), 0U);
    EXPECT_EQ(score_.score(id_of(2)), 0);
}

TEST_F(PeerScoreTest, AFloodOfNamesWashesNobodyClean) {
    auto& worst = add(0);
    PeerScore::add_penalty(worst, 100);
    score_.disconnect(worst, k_start);
    for (std::uint32_t i = 1; i <= k_gossip_retained_scores_max + 50; ++i) {
        auto& peer = add(i);
        PeerScore::add_penalty(peer, 1);
        score_.disconnect(peer, k_start);
    }
    EXPECT_LE(score_.size(), k_gossip_retained_scores_max);
    EXPECT_GT(score_.size(), k_gossip_retained_scores_max / 2);
    EXPECT_DOUBLE_EQ(score_.score(id_of(0)), -10'000);
}

}  // namespace
}  // namespace ggen::p2p
