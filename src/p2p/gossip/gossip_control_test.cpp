// What peers tell and ask for: cases of rust-libp2p's behaviour tests (subscription, graft_prune, gossip, idontwant)
// and of go-libp2p-pubsub's gossipsub_spam_test.go.
#include <gtest/gtest.h>

#include <set>

#include "crypto/digest.hpp"
#include "p2p/gossip/testing/fake_host.hpp"
#include "p2p/identity/envelope.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeHost;
using testing::id_of;

MessageId id_for(BytesView data) { return MessageId{as_text(sha256(data).view())}; }
MessageId id_for(std::string const& data) { return id_for(as_bytes(data)); }

void join(FakeHost& host, std::string const& topic, TopicOptions options = {}) {
    ASSERT_TRUE(host.gossip_.join(topic, std::move(options), host.now_));
    host.take_outputs();
}

std::vector<PeerId> add_peers(FakeHost& host, std::size_t count, std::string const& topic) {
    std::vector<PeerId> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) out.push_back(host.join(static_cast<std::uint32_t>(i + 1), topic));
    return out;
}

void feed_ihave(FakeHost& host, PeerId const& from, std::vector<MessageId> const& ids, std::string const& topic = "t") {
    RpcWriter writer;
    writer.ihave(topic, ids);
    host.feed(from, writer);
}

void feed_iwant(FakeHost& host, PeerId const& from, std::vector<MessageId> const& ids) {
    RpcWriter writer;
    writer.iwant(ids);
    host.feed(from, writer);
}

void feed_idontwant(FakeHost& host, PeerId const& from, std::vector<MessageId> const& ids) {
    RpcWriter writer;
    writer.idontwant(ids);
    host.feed(from, writer);
}

TEST(GossipControlTest, TheHelloTellsAllSubscriptionsInOneRpc) {
    FakeHost host;
    for (auto const* const topic : {"a", "b", "c"}) join(host, topic);
    auto const peer = host.connect(1);
    auto const hello = host.take_sent(peer);
    EXPECT_EQ(hello.subscriptions.size(), 3U);
    join(host, "d");
    EXPECT_EQ(host.take_sent(peer).subscriptions, (std::vector<std::pair<std::string, bool>>{{"d", true}}));
    ASSERT_TRUE(host.gossip_.leave("d", host.now_));
    host.take_outputs();
    EXPECT_EQ(host.take_sent(peer).subscriptions, (std::vector<std::pair<std::string, bool>>{{"d", false}}));
}

TEST(GossipControlTest, KnowsWhoIsSubscribed) {
    FakeHost host;
    auto const peer = host.join(1, "t");
    EXPECT_EQ(host.gossip_.subscribers("t"), std::vector<PeerId>{peer});
    RpcWriter writer;
    writer.subscription("t", false);
    host.feed(peer, writer);
    EXPECT_TRUE(host.gossip_.subscribers("t").empty());
    EXPECT_EQ(host.gossip_.sizes().topics, 0U);
    std::size_t events = 0;
    while (host.gossip_.poll_event()) ++events;
    EXPECT_EQ(events, 2U);
}

TEST(GossipControlTest, AGraftIsTakenForJoinedTopicsAlone) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_graft(peer, "t");
    EXPECT_TRUE(host.is_in_mesh(peer, "t"));
    host.forget_sent();
    for (int i = 0; i < 1000; ++i) host.feed_graft(peer, "unknown" + std::to_string(i));  // CVE-2026-95859
    EXPECT_EQ(host.gossip_.sizes().topics, 1U);
    EXPECT_TRUE(host.take_sent(peer).prunes.empty());  // No answer either.
}

TEST(GossipControlTest, AGraftWithoutASubscriptionTellsIt) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.connect(1);
    host.feed_graft(peer, "t");
    EXPECT_EQ(host.gossip_.subscribers("t").size(), 1U);
    EXPECT_TRUE(host.is_in_mesh(peer, "t"));
}

TEST(GossipControlTest, APruneIsObeyedUntilItsBackoffAndSlackAreOver) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_prune(peer, "t", 20);
    EXPECT_FALSE(host.is_in_mesh(peer, "t"));
    host.forget_sent();
    host.pass(seconds{20});
    EXPECT_TRUE(host.take_sent(peer).grafts.empty());
    host.pass(seconds{4});
    EXPECT_EQ(host.take_sent(peer).grafts.size(), 1U);
}

TEST(GossipControlTest, APruneWithoutABackoffMeansAMinute) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_prune(peer, "t");
    host.forget_sent();
    host.pass(seconds{60});
    EXPECT_TRUE(host.take_sent(peer).grafts.empty());
    host.pass(seconds{4});
    EXPECT_EQ(host.take_sent(peer).grafts.size(), 1U);
}

TEST(GossipControlTest, AHugeBackoffIsAnHour) {  // CVE-2026-33040
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_prune(peer, "t", UINT64_MAX);
    host.forget_sent();
    host.pass(seconds{3590});
    EXPECT_TRUE(host.take_sent(peer).grafts.empty());
    host.pass(seconds{15});
    EXPECT_EQ(host.take_sent(peer).grafts.size(), 1U);
}

TEST(GossipControlTest, LeavingPrunesWithTheShortBackoff) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.forget_sent();
    ASSERT_TRUE(host.gossip_.leave("t", host.now_));
    host.take_outputs();
    auto const sent = host.take_sent(peer);
    ASSERT_EQ(sent.prunes.size(), 1U);
    EXPECT_EQ(sent.prunes[0].backoff_seconds, 10U);
    join(host, "t");
    host.pass(seconds{9});
    EXPECT_TRUE(host.take_sent(peer).grafts.empty());
    host.pass(seconds{5});
    EXPECT_EQ(host.take_sent(peer).grafts.size(), 1U);
}

TEST(GossipControlTest, GraftsDuringTheBackoffArePrunedAndPenalizedTwiceWhenSoon) {  // go: GRAFTDuringBackoff
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_prune(peer, "t", 60);
    host.forget_sent();
    host.feed_graft(peer, "t");  // 2: within ten seconds of the prune
    auto const sent = host.take_sent(peer);
    ASSERT_EQ(sent.prunes.size(), 1U);
    EXPECT_EQ(sent.prunes[0].backoff_seconds, 60U);
    EXPECT_TRUE(sent.prunes[0].peers.empty());
    EXPECT_EQ(host.gossip_.score(peer), 0);  // A crossing on the wire is forgiven.
    host.feed_graft(peer, "t");
    host.feed_graft(peer, "t");
    EXPECT_LT(host.gossip_.score(peer), 0);
    EXPECT_FALSE(host.is_in_mesh(peer, "t"));
    for (int i = 0; i < 3; ++i) host.feed_graft(peer, "t");
    EXPECT_LT(host.gossip_.score(peer), ScoreThresholds{}.graylist);
    host.forget_sent();
    host.feed_graft(peer, "t");
    EXPECT_TRUE(host.take_sent(peer).prunes.empty());  // Graylisted: not even read.
}

TEST(GossipControlTest, AFullMeshTakesOutboundPeersAlone) {
    GossipOptions options;
    options.is_exchanging_peers = false;
    FakeHost host{options};
    join(host, "t");
    for (std::uint32_t i = 1; i <= options.mesh_high; ++i) host.feed_graft(host.join(i, "t"), "t");
    ASSERT_EQ(host.gossip_.mesh("t").size(), options.mesh_high);
    auto const inbound = host.join(100, "t", "/meshsub/1.2.0", Direction::inbound);
    auto const outbound = host.join(101, "t", "/meshsub/1.2.0", Direction::outbound);
    host.forget_sent();
    host.feed_graft(inbound, "t");
    host.feed_graft(outbound, "t");
    EXPECT_FALSE(host.is_in_mesh(inbound, "t"));
    EXPECT_EQ(host.take_sent(inbound).prunes.size(), 1U);
    EXPECT_TRUE(host.is_in_mesh(outbound, "t"));
}

TEST(GossipControlTest, PrunesCarrySignedRecordsOfGoodPeers) {
    FakeHost host;
    join(host, "t");
    auto const peers = add_peers(host, 4, "t");
    for (auto const& peer : peers) host.gossip_.on_peer_record(peer, as_bytes("record of " + peer.text()), host.now_);
    auto const pruned = host.join(50, "t");
    auto const old = host.join(51, "t", "/meshsub/1.0.0");
    host.forget_sent();
    ASSERT_TRUE(host.gossip_.leave("t", host.now_));
    host.take_outputs();
    std::size_t with_records = 0;
    for (auto const& peer : peers) {
        auto const sent = host.take_sent(peer);
        if (sent.prunes.empty()) continue;
        with_records += sent.prunes[0].peers.size();
        for (auto const& [id, record] : sent.prunes[0].peers) {
            EXPECT_NE(as_text(id), as_text(peer.bytes()));
            EXPECT_EQ(as_text(record), "record of " + PeerId::from_bytes(id)->text());
        }
    }
    EXPECT_GT(with_records, 0U);
    auto const to_old = host.take_sent(old);
    for (auto const& prune : to_old.prunes) {
        EXPECT_TRUE(prune.peers.empty());
        EXPECT_EQ(prune.backoff_seconds, 0U);
    }
    (void)pruned;
}

TEST(GossipControlTest, DialsExchangedPeersThatSignedTheirRecordWhenTheSenderIsTrusted) {
    GossipOptions options;
    options.thresholds.accept_px = 5;
    double opinion = 0;
    options.application_score = [&](PeerId const&) { return opinion; };
    FakeHost host{options};
    join(host, "t");
    auto const peer = host.join(1, "t");
    auto const key = testing::key_of(9);
    auto const offered = peer_id_of(key.public_key());
    auto const address = Multiaddr::parse("/ip4/192.0.2.1/tcp/4001").value();
    auto const record = seal_peer_record(key, {offered, 1, {address}});
    auto const stranger = id_of(77);
    auto const prune = [&] {
        RpcWriter writer;
        std::vector<RpcExchange> const exchange{
            {stranger.bytes(), {}}, {stranger.bytes(), record}, {offered.bytes(), record}};
        writer.prune("t", exchange, 60);
        host.feed(peer, writer);
    };
    prune();
    EXPECT_TRUE(host.dials_.empty());
    opinion = 6;
    host.pass(seconds{2});
    prune();
    ASSERT_EQ(host.dials_.size(), 1U);
    EXPECT_EQ(host.dials_[0].peer, offered);
    EXPECT_EQ(host.dials_[0].addresses, std::vector<Multiaddr>{address});
    ASSERT_EQ(host.learned_.size(), 1U);
    EXPECT_TRUE(host.learned_[0].is_certified);
}

TEST(GossipControlTest, AsksForUnknownMessagesOfJoinedTopicsOnce) {
    FakeHost host;
    join(host, "t");
    auto const first = host.join(1, "t");
    auto const second = host.join(2, "t");
    for (auto const& peer : {first, second}) host.feed_prune(peer, "t");
    host.forget_sent();
    feed_ihave(host, first, {id_for("m")});
    EXPECT_EQ(host.take_sent(first).iwants, std::vector<MessageId>{id_for("m")});
    feed_ihave(host, second, {id_for("m")});
    EXPECT_TRUE(host.take_sent(second).iwants.empty());
    feed_ihave(host, second, {id_for("other topic")}, "unknown");
    EXPECT_TRUE(host.take_sent(second).iwants.empty());
    host.feed_message(second, "t", as_bytes("seen"));
    feed_ihave(host, second, {id_for("seen")});
    EXPECT_TRUE(host.take_sent(second).iwants.empty());
    // Nothing came from the first: the second is asked.
    host.pass(seconds{1});
    EXPECT_EQ(host.take_sent(second).iwants, std::vector<MessageId>{id_for("m")});
}

TEST(GossipControlTest, FollowsTenIhavesAHeartbeatAndFiveThousandIds) {  // go: SpamIHAVE; rust: too_many_ihaves
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_prune(peer, "t", 600);
    host.pass(seconds{1});
    host.forget_sent();
    for (int i = 0; i < 20; ++i) feed_ihave(host, peer, {id_for("m" + std::to_string(i))});
    EXPECT_EQ(host.take_sent(peer).iwants.size(), k_gossip_ihave_rpcs_max);
    host.pass(milliseconds{999});
    host.forget_sent();
    host.pass(seconds{1});
    host.forget_sent();
    std::vector<MessageId> many;
    many.reserve(k_gossip_ids_accept_max);
    for (std::size_t i = 0; i < k_gossip_ids_accept_max; ++i) many.push_back("id" + std::to_string(i));
    feed_ihave(host, peer, many);
    for (auto& id : many) id += "'";
    feed_ihave(host, peer, many);
    EXPECT_EQ(host.gossip_.counters().iwant_ids_sent, k_gossip_ihave_rpcs_max + k_gossip_ids_accept_max);
}

TEST(GossipControlTest, BrokenPromisesSinkAPeer) {  // rust: test_iwant_penalties
    FakeHost host;
    join(host, "t");
    auto const liar = host.join(1, "t");
    auto const honest = host.join(2, "t");
    for (auto const& peer : {liar, honest}) host.feed_prune(peer, "t", 600);
    host.pass(seconds{1});
    for (int i = 0; i < 8; ++i) {
        feed_ihave(host, liar, {id_for("lie" + std::to_string(i))});
        feed_ihave(host, honest, {id_for("m" + std::to_string(i))});
        host.feed_message(honest, "t", as_bytes("m" + std::to_string(i)));
    }
    host.pass(milliseconds{2900});
    EXPECT_GE(host.gossip_.score(liar), 0);
    host.pass(seconds{2});
    EXPECT_EQ(host.gossip_.counters().broken_promises, 8U);
    EXPECT_LT(host.gossip_.score(liar), ScoreThresholds{}.gossip);
    EXPECT_GE(host.gossip_.score(honest), 0);
    EXPECT_EQ(host.count(Conduct::timeout, liar), 8U);
}

TEST(GossipControlTest, ServesEachMessageThreeTimesAPeer) {  // go: SpamIWANT
    FakeHost host;
    join(host, "t");
    auto const source = host.join(1, "t");
    auto const asking = host.join(2, "t");
    host.feed_prune(asking, "t", 600);
    host.feed_message(source, "t", as_bytes("m"));
    host.forget_sent();
    for (int i = 0; i < 10; ++i) feed_iwant(host, asking, {id_for("m"), id_for("unknown")});
    EXPECT_EQ(host.take_sent(asking).messages.size(), k_gossip_served_per_message_max);
}

TEST(GossipControlTest, ServesNothingThatHasLeftTheCacheOrIsNotWanted) {
    FakeHost host;
    join(host, "t");
    auto const source = host.join(1, "t");
    auto const asking = host.join(2, "t");
    host.feed_prune(asking, "t", 600);
    host.feed_message(source, "t", as_bytes("m"));
    host.forget_sent();
    host.pass(seconds{3});
    feed_iwant(host, asking, {id_for("m")});
    EXPECT_EQ(host.take_sent(asking).messages.size(), 1U);
    feed_idontwant(host, asking, {id_for("m")});
    feed_iwant(host, asking, {id_for("m")});
    EXPECT_TRUE(host.take_sent(asking).messages.empty());
    host.pass(seconds{5});
    feed_iwant(host, asking, {id_for("m")});
    EXPECT_TRUE(host.take_sent(asking).messages.empty());
}

TEST(GossipControlTest, GossipsToAtLeastSixAndAQuarterOfTheOthers) {
    FakeHost host;
    join(host, "t");
    auto const peers = add_peers(host, 60, "t");
    host.pass(seconds{3});
    host.feed_message(host.gossip_.mesh("t")[0], "t", as_bytes("m"));
    host.forget_sent();
    host.pass(seconds{1});  // One heartbeat.
    std::size_t told = 0;
    for (auto const& peer : peers) {
        auto const sent = host.take_sent(peer);
        if (sent.ihaves.empty()) continue;
        ++told;
        EXPECT_FALSE(host.is_in_mesh(peer, "t"));
        EXPECT_EQ(sent.ihaves.at("t"), std::vector<MessageId>{id_for("m")});
    }
    EXPECT_EQ(told, (60 - host.gossip_.mesh("t").size()) / 4);
}

TEST(GossipControlTest, IdontwantGoesToMeshPeersOfVersionTwelveBeforeTheMessageIsJudged) {
    FakeHost host;
    TopicOptions topic;
    topic.is_validated_later = true;
    join(host, "t", topic);
    auto const source = host.join(1, "t");
    auto const modern = host.join(2, "t");
    auto const older = host.join(3, "t", "/meshsub/1.1.0");
    auto const outside = host.join(4, "t");
    host.feed_prune(outside, "t", 600);
    host.forget_sent();
    Bytes const data(k_kib, 1);
    host.feed_message(source, "t", data);
    EXPECT_EQ(host.take_sent(modern).idontwants, std::vector<MessageId>{id_for(data)});
    for (auto const& peer : {source, older, outside}) EXPECT_TRUE(host.take_sent(peer).idontwants.empty());
    host.feed_message(modern, "t", data);
    EXPECT_TRUE(host.take_sent(modern).idontwants.empty());  // Once.
    host.feed_message(source, "t", Bytes(100, 2));           // Too small to be worth it.
    EXPECT_TRUE(host.take_sent(modern).idontwants.empty());
}

TEST(GossipControlTest, IdontwantIsObeyedForThreeHeartbeats) {
    FakeHost host;
    join(host, "t");
    auto const source = host.join(1, "t");
    auto const peer = host.join(2, "t");
    host.pass(seconds{1});
    feed_idontwant(host, peer, {id_for("a"), id_for("b")});
    host.forget_sent();
    host.feed_message(source, "t", as_bytes("a"));
    EXPECT_TRUE(host.take_sent(peer).messages.empty());
    EXPECT_EQ(host.gossip_.counters().suppressed, 1U);
    host.pass(seconds{3});
    host.forget_sent();
    host.feed_message(source, "t", as_bytes("b"));
    EXPECT_EQ(host.take_sent(peer).messages.size(), 1U);
    EXPECT_EQ(host.gossip_.sizes().unwanted, 0U);
}

TEST(GossipControlTest, RemembersNoMoreUnwantedIdsThanItsLimit) {  // go: SpamIDONTWANT
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    std::vector<MessageId> many;
    for (std::size_t i = 0; i <= k_gossip_idontwant_ids_accept_max; ++i) many.push_back("id" + std::to_string(i));
    for (int round = 0; round < 30; ++round) {
        for (auto& id : many) id += "'";
        feed_idontwant(host, peer, many);
    }
    EXPECT_EQ(host.gossip_.sizes().unwanted, k_gossip_unwanted_ids_max);
    for (std::size_t i = 0; i <= k_gossip_idontwant_rpcs_max; ++i) {
        feed_idontwant(host, peer, {"x" + std::to_string(i)});
    }
    host.pass(seconds{4});
    EXPECT_EQ(host.gossip_.sizes().unwanted, 0U);
}

}  // namespace
}  // namespace ggen::p2p
