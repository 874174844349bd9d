// Messages in and out, and hostile peers: cases of go-libp2p-pubsub's validation and spam tests and of the memory
// reports that the attack table names.
#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "p2p/gossip/testing/fake_host.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeHost;
using testing::id_of;

MessageId id_for(BytesView data) { return MessageId{as_text(sha256(data).view())}; }

void join(FakeHost& host, std::string const& topic, TopicOptions options = {}) {
    ASSERT_TRUE(host.gossip_.join(topic, std::move(options), host.now_));
    host.take_outputs();
}

TEST(GossipMessageTest, DeliversOnceAndForwardsToTheMeshButTheSender) {
    FakeHost host;
    join(host, "t");
    std::vector<PeerId> peers;
    for (std::uint32_t i = 1; i <= 4; ++i) peers.push_back(host.join(i, "t"));
    host.forget_sent();
    host.feed_message(peers[0], "t", as_bytes("m"));
    host.feed_message(peers[1], "t", as_bytes("m"));
    auto const messages = host.take_messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(as_text(messages[0]->data()), "m");
    EXPECT_EQ(messages[0]->topic(), "t");
    EXPECT_TRUE(host.take_sent(peers[0]).messages.empty());
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(host.take_sent(peers[i]).messages.size(), 1U);
    EXPECT_EQ(host.gossip_.counters().duplicates, 1U);
    host.feed_message(peers[0], "not joined", as_bytes("m"));
    EXPECT_TRUE(host.take_messages().empty());
}

TEST(GossipMessageTest, OwnMessagesDoNotComeBack) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    ASSERT_TRUE(host.gossip_.publish("t", as_bytes("mine"), host.now_));
    host.feed_message(peer, "t", as_bytes("mine"));
    EXPECT_TRUE(host.take_messages().empty());
}

TEST(GossipMessageTest, EachVerdictDoesWhatItSays) {
    FakeHost host;
    TopicOptions topic;
    topic.is_validated_later = true;
    join(host, "t", topic);
    auto const source = host.join(1, "t");
    auto const second = host.join(2, "t");
    auto const third = host.join(3, "t");
    for (auto const verdict : {Verdict::accept, Verdict::ignore, Verdict::reject}) {
        auto const data = to_bytes("m" + std::to_string(static_cast<int>(verdict)));
        host.feed_message(source, "t", data);
        host.feed_message(second, "t", data);  // While it is judged.
        EXPECT_EQ(host.take_messages().size(), 1U);
        host.forget_sent();
        ASSERT_TRUE(host.gossip_.report_validation(id_for(data), verdict, host.now_));
        host.take_outputs();
        EXPECT_EQ(host.take_sent(third).messages.size(), verdict == Verdict::accept ? 1U : 0U);
        EXPECT_TRUE(host.take_sent(second).messages.empty());  // It has the message.
        EXPECT_FALSE(host.gossip_.report_validation(id_for(data), verdict, host.now_));
        auto const lies = verdict == Verdict::reject ? 1U : 0U;
        EXPECT_EQ(host.count(Conduct::invalid_data, source), lies);
        EXPECT_EQ(host.count(Conduct::invalid_data, second), lies);
    }
    EXPECT_LT(host.gossip_.score(source), ScoreThresholds{}.gossip);
    EXPECT_EQ(host.gossip_.score(third), 0);
    EXPECT_FALSE(host.gossip_.report_validation("unknown", Verdict::accept, host.now_));
}

TEST(GossipMessageTest, AValidatorJudgesAtOnce) {
    FakeHost host;
    TopicOptions topic;
    topic.validator = [](Message const& message, PeerId const&) {
        auto const first = message.data().front();
        return first == 'g' ? Verdict::accept : first == 'i' ? Verdict::ignore : Verdict::reject;
    };
    join(host, "t", topic);
    auto const source = host.join(1, "t");
    auto const other = host.join(2, "t");
    host.forget_sent();
    for (auto const* const text : {"good", "ignored", "bad"}) host.feed_message(source, "t", as_bytes(text));
    auto const messages = host.take_messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(as_text(messages[0]->data()), "good");
    EXPECT_EQ(host.take_sent(other).messages.size(), 1U);
    EXPECT_EQ(host.gossip_.counters().rejected, 1U);
}

TEST(GossipMessageTest, ForgeriesCostTheirSenderAndDoNotKeepTheTrueOneOut) {
    auto const key = testing::key_of(5);
    auto const author = peer_id_of(key.public_key());
    GossipOptions options;
    options.key = testing::key_of(6);
    FakeHost host{options};
    TopicOptions topic;
    topic.policy = SignaturePolicy::signed_by_author;
    topic.message_id = author_message_id;
    join(host, "t", topic);
    auto const liar = host.join(1, "t");
    auto const honest = host.join(2, "t");
    auto const raw = encode_signed_message("t", as_bytes("true"), author, 1, key);
    auto forged = encode_signed_message("t", as_bytes("true"), author, 1, testing::key_of(7));
    RpcWriter writer;
    writer.publish(forged);
    host.feed(liar, writer);
    EXPECT_TRUE(host.take_messages().empty());
    EXPECT_EQ(host.count(Conduct::invalid_data, liar), 1U);
    EXPECT_LT(host.gossip_.score(liar), 0);
    writer.publish(raw);
    host.feed(honest, writer);
    auto const messages = host.take_messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0]->author(), author);
    writer.publish(encode_message("t", as_bytes("unsigned")));
    host.feed(liar, writer);
    EXPECT_TRUE(host.take_messages().empty());
}

TEST(GossipMessageTest, TakesMessagesUpToTheTopicsLimit) {
    FakeHost host;
    TopicOptions topic;
    topic.message_bytes_max = 1000;
    join(host, "t", topic);
    auto const peer = host.join(1, "t");
    host.feed_message(peer, "t", Bytes(1000));
    EXPECT_EQ(host.take_messages().size(), 1U);
    host.feed_message(peer, "t", Bytes(1001));
    EXPECT_TRUE(host.take_messages().empty());
    EXPECT_EQ(host.gossip_.counters().rejected, 1U);
    topic.message_bytes_max = k_gossip_message_bytes_max;
    join(host, "large", topic);
    topic.message_bytes_max = k_gossip_message_bytes_max + 1;
    EXPECT_FALSE(host.gossip_.join("larger", topic, host.now_));
}

TEST(GossipMessageTest, AnApplicationThatDoesNotPollHoldsABoundedAmount) {
    FakeHost host;
    TopicOptions topic;
    topic.is_validated_later = true;
    join(host, "t", topic);
    auto const peer = host.join(1, "t");
    for (std::uint32_t i = 0; i < 2000; ++i) host.feed_message(peer, "t", as_bytes("m" + std::to_string(i)));
    EXPECT_EQ(host.gossip_.sizes().validating, k_gossip_validating_max);
    EXPECT_LE(host.gossip_.sizes().events, k_gossip_events_max);
    // What was not taken is not seen: it may come again.
    EXPECT_EQ(host.gossip_.sizes().seen, k_gossip_validating_max);
    host.pass(seconds{125});
    EXPECT_EQ(host.gossip_.sizes().validating, 0U);
    EXPECT_EQ(host.gossip_.sizes().seen, 0U);
}

TEST(GossipMessageTest, ASeenMessageIsForgottenAfterTwoMinutes) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    host.feed_message(peer, "t", as_bytes("m"));
    host.pass(seconds{119});
    host.feed_message(peer, "t", as_bytes("m"));
    EXPECT_EQ(host.take_messages().size(), 1U);
    host.pass(seconds{3});
    host.feed_message(peer, "t", as_bytes("m"));
    EXPECT_EQ(host.take_messages().size(), 1U);
}

TEST(GossipHostileTest, SubscriptionsByTheThousandKeepAHundredTopics) {  // CVE-2026-46679, cpp-libp2p#349
    FakeHost host;
    auto const peer = host.connect(1);
    std::size_t number = 0;
    for (int rpc = 0; rpc < 20; ++rpc) {
        RpcWriter writer;
        for (std::size_t i = 0; i < k_gossip_subscriptions_accept_max; ++i) {
            writer.subscription("topic" + std::to_string(number++), true);
        }
        host.feed(peer, writer);
    }
    EXPECT_EQ(host.gossip_.sizes().topics, k_gossip_topics_per_peer_max);
    EXPECT_GE(host.count(Conduct::overload, peer), 1U);
    host.disconnect(peer);
    EXPECT_EQ(host.gossip_.sizes().topics, 0U);
}

TEST(GossipHostileTest, AMalformedRpcResetsItsStreamAndIsRemembered) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    auto const stream = host.inbound_.at(peer);
    host.feed_bytes(peer, Bytes{0x02, 0x0b, 0x0b});
    ASSERT_EQ(host.resets_.size(), 1U);
    EXPECT_EQ(host.resets_[0], stream);
    EXPECT_EQ(host.count(Conduct::protocol_error, peer), 1U);
    host.feed_message(peer, "t", as_bytes("after the reset"));
    EXPECT_TRUE(host.take_messages().empty());
}

TEST(GossipHostileTest, UnfinishedRpcsOfManyPeersShareABudget) {
    FakeHost host;
    join(host, "t");
    Bytes head;
    append_uvarint(head, k_gossip_rpc_accept_bytes_max);
    Bytes const part(k_gossip_rpc_accept_bytes_max - 1, 0);
    for (std::uint32_t i = 1; i <= 100; ++i) {
        auto const peer = host.connect(i);
        host.feed_bytes(peer, head);
        host.feed_bytes(peer, part);
        EXPECT_LE(host.gossip_.sizes().partial_bytes, k_gossip_partial_bytes_max);
    }
    EXPECT_GT(host.resets_.size(), 60U);
}

TEST(GossipHostileTest, AnRpcOverAMebibyteIsRefusedBeforeItsBody) {
    FakeHost host;
    auto const peer = host.connect(1);
    Bytes head;
    append_uvarint(head, k_gossip_rpc_accept_bytes_max + 1);
    host.feed_bytes(peer, head);
    EXPECT_EQ(host.resets_.size(), 1U);
    EXPECT_EQ(host.gossip_.sizes().partial_bytes, 0U);
}

TEST(GossipHostileTest, InvalidMessagesSoonCostTheirSenderItsVoice) {  // go: InvalidMessageSpam
    FakeHost host;
    TopicOptions topic;
    topic.validator = [](Message const&, PeerId const&) { return Verdict::reject; };
    join(host, "t", topic);
    auto const peer = host.join(1, "t");
    for (std::uint32_t i = 0; i < 100; ++i) host.feed_message(peer, "t", as_bytes("lie" + std::to_string(i)));
    EXPECT_LT(host.gossip_.score(peer), ScoreThresholds{}.graylist);
    EXPECT_LE(host.gossip_.counters().received, 3U);  // The rest was not read.
    host.pass(seconds{2});
    EXPECT_FALSE(host.is_in_mesh(peer, "t"));
    host.disconnect(peer);
    host.join(1, "t");
    EXPECT_LT(host.gossip_.score(peer), ScoreThresholds{}.graylist);  // Coming back does not help.
}

TEST(GossipHostileTest, PeersThatComeAndGoLeaveNothing) {  // nimbus-eth2#8687
    FakeHost host;
    join(host, "t");
    auto const empty = host.gossip_.sizes();
    for (std::uint32_t i = 1; i <= 10'000; ++i) {
        auto const peer = host.join(i, "t", "/meshsub/1.2.0", Direction::inbound, "/ip4/192.0.2.1/tcp/1");
        RpcWriter writer;
        writer.graft("t");
        writer.subscription("own topic " + std::to_string(i), true);
        writer.publish(encode_message("t", as_bytes("m" + std::to_string(i))));
        writer.ihave("t", std::vector<MessageId>{"x" + std::to_string(i)});
        writer.idontwant(std::vector<MessageId>{"y" + std::to_string(i)});
        host.feed(peer, writer);
        (void)host.take_messages();
        host.disconnect(peer);
        host.resets_.clear();
        host.reports_.clear();
        host.forget_sent();
    }
    EXPECT_LE(host.gossip_.sizes().backoffs, k_gossip_backoffs_per_topic_max);
    host.pass(seconds{3700});
    auto const after = host.gossip_.sizes();
    EXPECT_EQ(after.peers, 0U);
    EXPECT_EQ(after.streams, 0U);
    EXPECT_EQ(after.topics, empty.topics);
    EXPECT_EQ(after.seen, 0U);
    EXPECT_EQ(after.cached_bytes, 0U);
    EXPECT_EQ(after.wants, 0U);
    EXPECT_EQ(after.backoffs, 0U);
    EXPECT_EQ(after.scores, 0U);
    EXPECT_EQ(after.unwanted, 0U);
    EXPECT_EQ(after.queued_bytes, 0U);
    EXPECT_EQ(after.partial_bytes, 0U);
    EXPECT_EQ(after.probes, 0U);
}

TEST(GossipStreamTest, OneInboundStreamAPeerAndTheLastOneCounts) {
    FakeHost host;
    auto const peer = host.join(1, "t");
    auto const first = host.inbound_.at(peer);
    host.gossip_.on_inbound_stream(1000, peer, "/meshsub/1.2.0", host.now_);
    host.take_outputs();
    EXPECT_EQ(host.resets_, std::vector<StreamKey>{first});
    host.inbound_[peer] = 1000;
    RpcWriter writer;
    writer.subscription("u", true);
    host.feed(peer, writer);
    EXPECT_EQ(host.gossip_.subscribers("u").size(), 1U);
}

TEST(GossipStreamTest, ALostStreamIsOpenedAgainAndItsPeerGraftedAgain) {
    FakeHost host;
    join(host, "t");
    auto const peer = host.join(1, "t");
    ASSERT_TRUE(host.is_in_mesh(peer, "t"));
    auto const lost = host.streams_.at(peer);
    host.gossip_.on_stream_reset(lost, host.now_);
    host.take_outputs();
    EXPECT_FALSE(host.is_in_mesh(peer, "t"));
    host.pass(seconds{3});
    auto const opened = host.streams_.at(peer);
    ASSERT_NE(opened, lost);
    host.gossip_.on_stream_opened(opened, "/meshsub/1.1.0", host.now_);
    host.take_outputs();
    EXPECT_TRUE(host.is_in_mesh(peer, "t"));
}

TEST(GossipStreamTest, APeerThatRefusesIsAskedAgainWhenIdentifySaysSo) {
    FakeHost host;
    auto const id = id_of(1);
    host.gossip_.on_peer_connected({id, Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value()}, host.now_);
    host.take_outputs();
    auto const first = host.streams_.at(id);
    host.gossip_.on_stream_refused(first, Error{Errc::refused, "none of these"}, host.now_);
    host.pass(seconds{60});
    EXPECT_EQ(host.streams_.at(id), first);
    host.gossip_.on_peer_protocols(id, std::vector<std::string>{"/ipfs/ping/1.0.0"}, host.now_);
    host.take_outputs();
    EXPECT_EQ(host.streams_.at(id), first);
    host.gossip_.on_peer_protocols(id, std::vector<std::string>{"/meshsub/1.1.0"}, host.now_);
    host.take_outputs();
    EXPECT_NE(host.streams_.at(id), first);
}

}  // namespace
}  // namespace ggen::p2p
