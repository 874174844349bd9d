#include "p2p/gossip/rpc.hpp"

#include <gtest/gtest.h>

#include "codec/varint.hpp"
#include "p2p/gossip/limits.hpp"
#include "p2p/gossip/rpc_stream.hpp"

namespace ggen::p2p {
namespace {

BytesView body_of(Bytes const& framed) {
    BytesView rest = framed;
    return read_length_prefixed(rest).value();
}

Errc error_of(BytesView bytes) {
    Rpc rpc;
    auto const parsed = parse_rpc(bytes, rpc);
    return parsed ? Errc::internal : parsed.error().code;
}

/// `count` times the field `number` with `content`, in an RPC or, with `outer`, in that field of it.
Bytes repeated(std::uint32_t number, std::size_t count, BytesView content, std::uint32_t outer = 0) {
    ProtoWriter inner;
    for (std::size_t i = 0; i < count; ++i) inner.bytes(number, content);
    if (outer == 0) return std::move(inner).take();
    ProtoWriter out;
    out.bytes(outer, inner.message());
    return std::move(out).take();
}

Bytes message_of(std::uint32_t number, BytesView content) {
    ProtoWriter out;
    out.bytes(number, content);
    return std::move(out).take();
}

TEST(RpcTest, ReadsBackAllThatItWrites) {
    Bytes const data = to_bytes("a message");
    std::vector<MessageId> const ids{"one", std::string("\0\xff two", 6)};
    RpcWriter writer;
    writer.subscription("news", true);
    writer.subscription("old", false);
    writer.publish(message_of(2, data));
    writer.ihave("news", ids);
    writer.iwant(ids);
    writer.graft("news");
    Bytes const peer = to_bytes("peer");
    Bytes const record = to_bytes("record");
    std::vector<RpcExchange> const exchange{{peer, record}, {peer, {}}};
    writer.prune("news", exchange, 60);
    writer.idontwant(ids);
    auto const framed = writer.take();
    EXPECT_TRUE(writer.is_empty());

    Rpc rpc;
    ASSERT_TRUE(parse_rpc(body_of(framed), rpc));
    ASSERT_EQ(rpc.subscriptions.size(), 2U);
    EXPECT_TRUE(rpc.subscriptions[0].is_subscribe);
    EXPECT_EQ(rpc.subscriptions[1].topic, "old");
    EXPECT_FALSE(rpc.subscriptions[1].is_subscribe);
    ASSERT_EQ(rpc.messages.size(), 1U);
    EXPECT_EQ(as_text(rpc.messages[0].data), "a message");
    ASSERT_EQ(rpc.ihaves.size(), 1U);
    EXPECT_EQ(rpc.ihaves[0].count, 2U);
    EXPECT_EQ(rpc.ihave_ids[1], ids[1]);
    EXPECT_EQ(rpc.iwant_ids.size(), 2U);
    EXPECT_EQ(rpc.grafts, std::vector<std::string_view>{"news"});
    ASSERT_EQ(rpc.prunes.size(), 1U);
    EXPECT_EQ(rpc.prunes[0].backoff_seconds, 60U);
    EXPECT_EQ(rpc.prunes[0].count, 2U);
    EXPECT_EQ(as_text(rpc.exchange[0].record), "record");
    EXPECT_EQ(rpc.idontwant_ids.size(), 2U);
}

TEST(RpcTest, SkipsExtensionsAndPartialMessages) {
    ProtoWriter rpc;
    rpc.bytes(10, to_bytes("partial")).uint(99, 7);
    ProtoWriter control;
    control.bytes(6, message_of(10, to_bytes("extension")));
    rpc.bytes(3, control.message());
    Rpc out;
    EXPECT_TRUE(parse_rpc(rpc.message(), out));
    EXPECT_FALSE(out.has_control());
}

TEST(RpcTest, TakesElementsUpToTheirLimitsAndNoneMore) {
    struct Case { std::uint32_t number, outer; std::size_t count_max; };
    for (auto const& [number, outer, count_max] : {Case{1, 0, k_gossip_subscriptions_accept_max},
                                                   Case{2, 0, k_gossip_publish_accept_max},
                                                   Case{1, 3, k_gossip_ihave_accept_max},
                                                   Case{3, 3, k_gossip_grafts_accept_max},
                                                   Case{4, 3, k_gossip_grafts_accept_max}}) {
        EXPECT_EQ(error_of(repeated(number, count_max, {}, outer)), Errc::internal) << number << ' ' << outer;
        EXPECT_EQ(error_of(repeated(number, count_max + 1, {}, outer)), Errc::too_large) << number << ' ' << outer;
    }
    auto const peer = message_of(1, to_bytes("p"));
    auto const prune_with = [&](std::size_t count) { return message_of(3, message_of(4, repeated(2, count, peer))); };
    EXPECT_EQ(error_of(prune_with(k_gossip_exchange_accept_max)), Errc::internal);
    EXPECT_EQ(error_of(prune_with(k_gossip_exchange_accept_max + 1)), Errc::too_large);
}

TEST(RpcTest, LetsIdsPastTheirLimitGoBy) {
    auto const many = repeated(1, k_gossip_ids_accept_max + 1, as_bytes("id"));
    Rpc rpc;
    ASSERT_TRUE(parse_rpc(message_of(3, message_of(2, many)), rpc));
    EXPECT_EQ(rpc.iwant_ids.size(), k_gossip_ids_accept_max);
    ASSERT_TRUE(parse_rpc(message_of(3, message_of(5, many)), rpc));
    EXPECT_EQ(rpc.idontwant_ids.size(), k_gossip_idontwant_ids_accept_max);
}

TEST(RpcTest, EndsAtAMillionEmptyEntriesWithoutStoringThem) {  // CVE-2026-86040
    for (auto const number : {1U, 2U}) {
        Rpc rpc;
        auto const parsed = parse_rpc(repeated(number, 400'000, {}), rpc);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().code, Errc::too_large);
        EXPECT_LE(rpc.subscriptions.size() + rpc.messages.size(), k_gossip_subscriptions_accept_max);
    }
    EXPECT_EQ(error_of(repeated(77, 400'000, {})), Errc::too_large);
    EXPECT_EQ(error_of(message_of(3, message_of(2, repeated(9, 400'000, {})))), Errc::too_large);
}

TEST(RpcTest, TakesTopicNamesUpTo256Bytes) {
    std::string const longest(k_gossip_topic_accept_bytes_max, 't');
    EXPECT_EQ(error_of(message_of(1, message_of(2, as_bytes(longest)))), Errc::internal);
    EXPECT_EQ(error_of(message_of(1, message_of(2, as_bytes(longest + "t")))), Errc::too_large);
}

TEST(RpcTest, RefusesWhatIsNoRpc) {
    EXPECT_EQ(error_of(Bytes{0x08, 0x01}), Errc::invalid);        // a number where a subscription stands
    EXPECT_EQ(error_of(Bytes{0x12, 0x05, 0x0a}), Errc::invalid);  // cut short
    EXPECT_EQ(error_of(Bytes{0x0b}), Errc::invalid);              // a group
    EXPECT_EQ(error_of(message_of(3, message_of(2, message_of(1, {})))), Errc::invalid);  // an id without bytes
}

TEST(RpcStreamTest, AnyCutGivesTheSameRpcs) {
    Bytes stream;
    for (std::size_t size : {0U, 1U, 130U, 3000U, 5U}) append_length_prefixed(stream, Bytes(size, 7));
    for (std::size_t step = 1; step <= stream.size(); step += step < 140 ? 1 : 97) {
        RpcStream reader;
        std::vector<std::size_t> sizes;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            auto const part = BytesView{stream}.subspan(at, std::min(step, stream.size() - at));
            ASSERT_TRUE(reader.feed(part, 3000, [&](BytesView rpc) {
                sizes.push_back(rpc.size());
                return true;
            }));
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 130, 3000, 5})) << step;
        EXPECT_EQ(reader.pending_bytes(), 0U);
    }
}

TEST(RpcStreamTest, RefusesALengthOverTheLimitBeforeItsBody) {
    RpcStream reader;
    Bytes head;
    append_uvarint(head, 3001);
    auto const fed = reader.feed(head, 3000, [](BytesView) { return true; });
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, Errc::too_large);
    EXPECT_EQ(reader.pending_bytes(), 0U);
}

}  // namespace
}  // namespace ggen::p2p
