// The mesh and what is published: cases of rust-libp2p's behaviour tests (mesh, publish, scoring, explicit_peers,
// floodsub, peer_queues) and of go-libp2p-pubsub's gossipsub_test.go.
#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "p2p/gossip/testing/fake_host.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeHost;
using testing::id_of;

void join(FakeHost& host, std::string const& topic, TopicOptions options = {}) {
    ASSERT_TRUE(host.gossip_.join(topic, std::move(options), host.now_));
    host.take_outputs();
}

std::vector<PeerId> add_peers(FakeHost& host, std::size_t count, std::string const& topic, std::uint32_t first = 1,
                              std::string const& protocol = "/meshsub/1.2.0") {
    std::vector<PeerId> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(host.join(first + static_cast<std::uint32_t>(i), topic, protocol));
    }
    return out;
}

Result<MessageId> publish(FakeHost& host, std::string const& topic, std::string const& data) {
    auto id = host.gossip_.publish(topic, as_bytes(data), host.now_);
    host.take_outputs();
    return id;
}

std::size_t count_served(FakeHost& host, std::vector<PeerId> const& peers) {
    std::size_t out = 0;
    for (auto const& peer : peers) out += host.take_sent(peer).messages.empty() ? 0 : 1;
    return out;
}

/// A host whose scores are what the test says.
class ScoredHost {
public:
    explicit ScoredHost(GossipOptions options = {}) : host_(with_scores(std::move(options))) {}
    void set(PeerId const& peer, double score) { scores_[peer] = score; }
    FakeHost& operator*() { return host_; }
    FakeHost* operator->() { return &host_; }

private:
    GossipOptions with_scores(GossipOptions options) {
        options.application_score = [this](PeerId const& peer) { return scores_[peer]; };
        options.score.application_cap = 1000;
        options.score.application_floor = -1000;
        return options;
    }
    std::map<PeerId, double> scores_;
    FakeHost host_;
};

TEST(GossipMeshTest, JoiningGraftsSixOfTheSubscribers) {
    FakeHost host;
    auto const peers = add_peers(host, 20, "t");
    host.forget_sent();
    join(host, "t");
    std::size_t grafted = 0;
    for (auto const& peer : peers) grafted += host.take_sent(peer).grafts.size();
    EXPECT_EQ(grafted, 6U);
    EXPECT_EQ(host.gossip_.mesh("t").size(), 6U);
    EXPECT_FALSE(host.gossip_.join("t", {}, host.now_));
    EXPECT_FALSE(host.gossip_.leave("unknown", host.now_));
}

TEST(GossipMeshTest, JoiningTakesThePeersOfTheFanoutFirst) {
    FakeHost host;
    auto const peers = add_peers(host, 20, "t");
    host.forget_sent();
    GossipOptions const options;
    ASSERT_TRUE(publish(host, "t", "m"));
    join(host, "t");
    EXPECT_EQ(host.gossip_.mesh("t").size(), options.mesh_size);
}

TEST(GossipMeshTest, TheHeartbeatFillsAndCutsTheMesh) {  // rust: test_mesh_addition, test_mesh_subtraction
    FakeHost host;
    join(host, "t");
    auto const peers = add_peers(host, 20, "t");
    EXPECT_EQ(host.gossip_.mesh("t").size(), 5U);  // Up to D_lo at once.
    for (auto const& peer : peers) host.feed_graft(peer, "t");
    EXPECT_EQ(host.gossip_.mesh("t").size(), 20U);
    host.forget_sent();
    host.pass(milliseconds{100});
    EXPECT_EQ(host.gossip_.mesh("t").size(), 6U);
    std::size_t pruned = 0;
    for (auto const& peer : peers) pruned += host.take_sent(peer).prunes.size();
    EXPECT_EQ(pruned, 14U);
    for (auto const& peer : host.gossip_.mesh("t")) host.feed_prune(peer, "t");
    host.pass(seconds{1});
    EXPECT_EQ(host.gossip_.mesh("t").size(), 0U);  // All are in backoff.
    host.pass(seconds{65});
    EXPECT_EQ(host.gossip_.mesh("t").size(), 6U);
}

TEST(GossipMeshTest, CuttingKeepsOutboundPeers) {  // rust: test_do_not_remove_too_many_outbound_peers
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        FakeHost host{{}, seed};
        join(host, "t");
        std::vector<PeerId> outbound;
        for (std::uint32_t i = 1; i <= 12; ++i) {
            bool const is_ours = i <= 2;
            auto const peer = host.join(i, "t", "/meshsub/1.2.0", is_ours ? Direction::outbound : Direction::inbound);
            host.feed_graft(peer, "t");
            if (is_ours) outbound.push_back(peer);
        }
        host.pass(milliseconds{100});
        EXPECT_EQ(host.gossip_.mesh("t").size(), 6U);
        for (auto const& peer : outbound) EXPECT_TRUE(host.is_in_mesh(peer, "t")) << seed;
    }
}

TEST(GossipMeshTest, OutboundPeersAreAddedToAMeshOfInboundOnes) {
    FakeHost host;
    join(host, "t");
    for (std::uint32_t i = 1; i <= 8; ++i) {
        host.feed_graft(host.join(i, "t", "/meshsub/1.2.0", Direction::inbound), "t");
    }
    auto const ours = add_peers(host, 5, "t", 50);
    host.pass(milliseconds{100});
    std::size_t outbound = 0;
    for (auto const& peer : ours) outbound += host.is_in_mesh(peer, "t") ? 1 : 0;
    EXPECT_EQ(outbound, GossipOptions{}.mesh_outbound);
}

TEST(GossipMeshTest, CuttingKeepsTheBestByScore) {  // rust: test_keep_best_scoring_peers_on_oversubscription
    ScoredHost host;
    join(*host, "t");
    for (std::uint32_t i = 1; i <= 20; ++i) host.set(host->join(i, "t"), i);
    host->pass(seconds{3});
    for (std::uint32_t i = 1; i <= 20; ++i) host->feed_graft(id_of(i), "t");
    EXPECT_EQ(host->gossip_.mesh("t").size(), 20U);
    host->pass(seconds{1});
    EXPECT_EQ(host->gossip_.mesh("t").size(), 6U);
    for (std::uint32_t i = 17; i <= 20; ++i) EXPECT_TRUE(host->is_in_mesh(id_of(i), "t")) << i;
}

TEST(GossipMeshTest, NegativePeersArePrunedWithoutExchangeAndNotGrafted) {  // rust: test_prune_negative_scored_peers
    ScoredHost host;
    join(*host, "t");
    auto const bad = host->join(1, "t");
    auto const good = host->join(2, "t");
    host->gossip_.on_peer_record(good, as_bytes("record"), host->now_);
    host->forget_sent();
    host.set(bad, -1);
    host->pass(seconds{2});
    EXPECT_FALSE(host->is_in_mesh(bad, "t"));
    auto const sent = host->take_sent(bad);
    ASSERT_EQ(sent.prunes.size(), 1U);
    EXPECT_TRUE(sent.prunes[0].peers.empty());
    host->pass(seconds{120});
    EXPECT_FALSE(host->is_in_mesh(bad, "t"));
    host->feed_graft(bad, "t");
    EXPECT_FALSE(host->is_in_mesh(bad, "t"));
    EXPECT_EQ(host->take_sent(bad).prunes.size(), 1U);
    EXPECT_TRUE(host->is_in_mesh(good, "t"));
}

TEST(GossipMeshTest, EachThresholdClosesOneDoor) {
    ScoredHost host;
    TopicOptions topic;
    join(*host, "t", topic);
    auto const peer = host->join(1, "t");
    auto const source = host->join(2, "t");
    host->pass(seconds{2});
    auto const set = [&](double score) {
        host.set(peer, score);
        host->pass(seconds{1});
        host->forget_sent();
    };
    auto const ask = [&](std::string const& data) {
        host->feed_message(source, "t", as_bytes(data));
        host->forget_sent();
        RpcWriter writer;
        writer.iwant(std::vector<MessageId>{MessageId{as_text(sha256(as_bytes(data)).view())}});
        host->feed(peer, writer);
        return host->take_sent(peer).messages.size();
    };
    set(-9);
    EXPECT_EQ(ask("a"), 1U);
    set(-11);  // Below gossip: no answers, no questions.
    EXPECT_EQ(ask("b"), 0U);
    RpcWriter ihave;
    ihave.ihave("t", std::vector<MessageId>{"unknown"});
    host->feed(peer, ihave);
    EXPECT_TRUE(host->take_sent(peer).iwants.empty());
    ASSERT_TRUE(publish(*host, "t", "own 1"));
    EXPECT_EQ(host->take_sent(peer).messages.size(), 1U);
    set(-51);  // Below publish: nothing of ours.
    ASSERT_TRUE(publish(*host, "t", "own 2"));
    EXPECT_TRUE(host->take_sent(peer).messages.empty());
    host->feed_message(peer, "t", as_bytes("still read"));
    EXPECT_EQ(host->take_messages().size(), 3U);
    set(-81);  // Graylisted: unread.
    host->feed_message(peer, "t", as_bytes("unread"));
    EXPECT_TRUE(host->take_messages().empty());
}

TEST(GossipMeshTest, AMeshBelowTheThresholdTakesBetterPeersIn) {  // rust, go: test_opportunistic_grafting
    ScoredHost host;
    join(*host, "t");
    for (std::uint32_t i = 1; i <= 6; ++i) host->feed_graft(host->join(i, "t"), "t");
    std::vector<PeerId> better;
    for (std::uint32_t i = 10; i < 15; ++i) {
        better.push_back(host->join(i, "t"));
        host.set(better.back(), 5);
    }
    ASSERT_EQ(host->gossip_.mesh("t").size(), 6U);
    host->pass(seconds{61});
    std::size_t taken = 0;
    for (auto const& peer : better) taken += host->is_in_mesh(peer, "t") ? 1 : 0;
    EXPECT_EQ(taken, GossipOptions{}.opportunistic_peers);
}

TEST(GossipPublishTest, FloodingReachesAllSubscribersAndTheMeshAloneOtherwise) {
    for (bool const is_flooding : {true, false}) {
        GossipOptions options;
        options.is_flood_publishing = is_flooding;
        FakeHost host{options};
        join(host, "t");
        auto const peers = add_peers(host, 20, "t");
        host.pass(seconds{2});
        host.forget_sent();
        ASSERT_TRUE(publish(host, "t", "m"));
        EXPECT_EQ(count_served(host, peers), is_flooding ? 20U : host.gossip_.mesh("t").size());
    }
}

TEST(GossipPublishTest, TellsWhatIsWrong) {
    FakeHost host;
    join(host, "t");
    auto const code = [&](Result<MessageId> const& result) { return result ? Errc::internal : result.error().code; };
    EXPECT_EQ(code(publish(host, "t", "alone")), Errc::unavailable);
    add_peers(host, 1, "t");
    EXPECT_EQ(code(publish(host, "t", "alone")), Errc::conflict);
    EXPECT_EQ(code(publish(host, "", "m")), Errc::invalid);
    EXPECT_EQ(code(publish(host, std::string(k_gossip_topic_emit_bytes_max + 1, 't'), "m")), Errc::too_large);
    EXPECT_EQ(code(publish(host, "t", std::string(k_gossip_message_bytes_default, 'm'))), Errc::internal);
    EXPECT_EQ(code(publish(host, "t", std::string(k_gossip_message_bytes_default + 1, 'm'))), Errc::too_large);
    TopicOptions signed_topic;
    signed_topic.policy = SignaturePolicy::signed_by_author;
    EXPECT_FALSE(host.gossip_.join("s", signed_topic, host.now_));
}

TEST(GossipPublishTest, TheFanoutServesTopicsThatWereNotJoinedAndEnds) {  // rust: test_fanout; go: FanoutExpiry
    GossipOptions options;
    options.is_flood_publishing = false;
    FakeHost host{options};
    auto const peers = add_peers(host, 20, "t");
    host.forget_sent();
    ASSERT_TRUE(publish(host, "t", "m"));
    EXPECT_EQ(count_served(host, peers), options.mesh_size);
    host.disconnect(peers[0]);
    host.disconnect(peers[1]);
    host.pass(seconds{30});
    host.forget_sent();
    ASSERT_TRUE(publish(host, "t", "m2"));
    EXPECT_EQ(count_served(host, peers), options.mesh_size);
    host.pass(seconds{70});
    for (auto const& peer : peers) {
        if (host.streams_.contains(peer)) host.disconnect(peer);
    }
    EXPECT_EQ(host.gossip_.sizes().topics, 0U);
}

TEST(GossipPublishTest, FloodsubPeersAreServedAndNeverGraftedNorToldOf) {  // rust: tests/floodsub.rs
    GossipOptions options;
    options.is_flood_publishing = false;
    FakeHost host{options};
    join(host, "t");
    auto const old = host.join(1, "t", "/floodsub/1.0.0");
    auto const peers = add_peers(host, 8, "t", 10);
    host.pass(seconds{3});
    EXPECT_FALSE(host.is_in_mesh(old, "t"));
    host.forget_sent();
    ASSERT_TRUE(publish(host, "t", "own"));
    EXPECT_EQ(host.take_sent(old).messages.size(), 1U);
    host.feed_message(peers[0], "t", as_bytes("theirs"));
    auto const sent = host.take_sent(old);
    EXPECT_EQ(sent.messages.size(), 1U);
    host.pass(seconds{2});
    auto const later = host.take_sent(old);
    EXPECT_TRUE(later.grafts.empty() && later.prunes.empty() && later.ihaves.empty());
    host.feed_message(old, "t", as_bytes("from the old one"));
    EXPECT_EQ(host.take_messages().size(), 2U);
}

TEST(GossipPublishTest, DirectPeersGetEverythingAndStayOutOfTheMesh) {  // rust: tests/explicit_peers.rs
    GossipOptions options;
    options.is_flood_publishing = false;
    options.direct_connect_ticks = 10;
    options.direct_peers = {{id_of(1), {Multiaddr::parse("/ip4/192.0.2.1/tcp/1").value()}}};
    FakeHost host{options};
    join(host, "t");
    host.pass(seconds{1});
    ASSERT_EQ(host.dials_.size(), 1U);
    EXPECT_EQ(host.dials_[0].peer, id_of(1));
    auto const direct = host.join(1, "t");
    auto const others = add_peers(host, 4, "t", 10);
    host.pass(seconds{3});
    EXPECT_FALSE(host.is_in_mesh(direct, "t"));
    host.forget_sent();
    host.feed_message(others[0], "t", as_bytes("m"));
    EXPECT_EQ(host.take_sent(direct).messages.size(), 1U);
    host.feed_graft(direct, "t");
    auto const sent = host.take_sent(direct);
    EXPECT_EQ(sent.prunes.size(), 1U);
    host.pass(seconds{2});
    EXPECT_TRUE(host.take_sent(direct).ihaves.empty());
    // Whatever its score: the graylist is for others.
    for (int i = 0; i < 50; ++i) host.feed_bytes(direct, Bytes{0x02, 0x0b, 0x0b});
    host.disconnect(direct);
    host.dials_.clear();
    host.pass(seconds{20});
    EXPECT_GE(host.dials_.size(), 1U);
    host.gossip_.remove_direct_peer(direct, host.now_);
    host.dials_.clear();
    host.pass(seconds{20});
    EXPECT_TRUE(host.dials_.empty());
}

TEST(GossipQueueTest, AStuckPeerCostsABoundedQueueAndKeepsWhatMatters) {  // sigp/lighthouse#4918
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    auto const source = host.join(2, "t");
    host.pass(seconds{1});
    host.is_stuck_ = true;
    for (std::uint32_t i = 0; i < 200; ++i) {
        std::string data(15'000, 'x');
        data += std::to_string(i);
        host.feed_message(source, "t", as_bytes(data));
        EXPECT_LE(host.gossip_.sizes().queued_bytes, 2 * k_gossip_queue_bytes_max);
    }
    host.pass(seconds{3});
    EXPECT_LE(host.gossip_.sizes().queued_bytes, 4 * k_gossip_control_emit_bytes_max);
    EXPECT_GT(host.gossip_.counters().dropped, 100U);
    EXPECT_GE(host.count(Conduct::timeout, peer), 1U);
}

TEST(GossipQueueTest, APeerThatReadsNoControlIsCut) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.is_stuck_ = true;
    for (int i = 0; i < 60'000 && host.disconnects_.empty(); ++i) {
        std::string const topic = "topic" + std::string(100, 'x') + std::to_string(i);
        join(host, topic);
        ASSERT_TRUE(host.gossip_.leave(topic, host.now_));
        host.take_outputs();
    }
    ASSERT_EQ(host.disconnects_.size(), 1U);
    EXPECT_EQ(host.disconnects_[0], peer);
    EXPECT_LE(host.gossip_.sizes().queued_bytes, k_gossip_control_queue_bytes_max);
}

}  // namespace
}  // namespace ggen::p2p
