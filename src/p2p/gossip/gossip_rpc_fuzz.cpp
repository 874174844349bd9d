// One RPC of a stranger: read or refused. What was read stays within its limits and inside the input, and what our
// writer makes of it is read again as the same.
#include <cstdint>
#include <functional>

#include "codec/varint.hpp"
#include "p2p/gossip/limits.hpp"
#include "p2p/gossip/message.hpp"
#include "p2p/gossip/rpc.hpp"
#include "p2p/gossip/testing/sent_rpc.hpp"

namespace ggen::p2p {
namespace {

void check_inside(BytesView whole, BytesView part) {
    if (part.empty()) return;
    std::less_equal<std::uint8_t const*> const is_before;
    GGEN_ASSERT(is_before(whole.data(), part.data()));
    GGEN_ASSERT(is_before(part.data() + part.size(), whole.data() + whole.size()));
}

void check_limits(Rpc const& rpc) {
    GGEN_ASSERT(rpc.subscriptions.size() <= k_gossip_subscriptions_accept_max);
    GGEN_ASSERT(rpc.messages.size() <= k_gossip_publish_accept_max);
    GGEN_ASSERT(rpc.ihaves.size() <= k_gossip_ihave_accept_max);
    GGEN_ASSERT(rpc.ihave_ids.size() <= k_gossip_ids_accept_max);
    GGEN_ASSERT(rpc.iwant_ids.size() <= k_gossip_ids_accept_max);
    GGEN_ASSERT(rpc.grafts.size() <= k_gossip_grafts_accept_max);
    GGEN_ASSERT(rpc.prunes.size() <= k_gossip_grafts_accept_max);
    GGEN_ASSERT(rpc.idontwant_ids.size() <= k_gossip_idontwant_ids_accept_max);
    for (auto const& one : rpc.subscriptions) GGEN_ASSERT(one.topic.size() <= k_gossip_topic_accept_bytes_max);
    for (auto const& one : rpc.ihaves) GGEN_ASSERT(one.first + one.count <= rpc.ihave_ids.size());
    for (auto const& one : rpc.prunes) {
        GGEN_ASSERT(one.count <= k_gossip_exchange_accept_max);
        GGEN_ASSERT(one.first + one.count <= rpc.exchange.size());
    }
}

void check_messages(BytesView whole, Rpc const& rpc) {
    for (auto const& one : rpc.messages) {
        check_inside(whole, one.raw);
        check_inside(one.raw, one.data);
        check_inside(one.raw, one.signature);
        (void)author_message_id(one);
        (void)author_key_message_id(one);
        (void)author_text_message_id(one);
        auto const kept = Message::from_rpc(one, sha256_message_id(one));
        if (!kept) continue;
        GGEN_ASSERT((*kept)->data().size() == one.data.size() && (*kept)->topic() == one.topic);
        for (auto const policy : {SignaturePolicy::content_addressed, SignaturePolicy::signed_by_author}) {
            (void)check_policy(one, policy);
        }
        if (check_policy(one, SignaturePolicy::signed_by_author)) (void)verify_signature(one);
    }
}

Bytes write_again(Rpc const& rpc) {
    RpcWriter writer;
    for (auto const& one : rpc.subscriptions) writer.subscription(one.topic, one.is_subscribe);
    for (auto const& one : rpc.messages) writer.publish(one.raw);
    for (auto const& one : rpc.ihaves) {
        std::vector<MessageId> ids;
        ids.reserve(one.count);
        for (std::size_t i = 0; i < one.count; ++i) ids.emplace_back(rpc.ihave_ids[one.first + i]);
        writer.ihave(one.topic, ids);
    }
    std::vector<MessageId> const wants{rpc.iwant_ids.begin(), rpc.iwant_ids.end()};
    if (!wants.empty()) writer.iwant(wants);
    for (auto const topic : rpc.grafts) writer.graft(topic);
    for (auto const& one : rpc.prunes) {
        writer.prune(one.topic, std::span{rpc.exchange}.subspan(one.first, one.count), one.backoff_seconds);
    }
    std::vector<MessageId> const refused{rpc.idontwant_ids.begin(), rpc.idontwant_ids.end()};
    if (!refused.empty()) writer.idontwant(refused);
    return writer.take();
}

void play(BytesView bytes) {
    Rpc rpc;
    if (!parse_rpc(bytes, rpc)) return;
    check_limits(rpc);
    check_messages(bytes, rpc);
    auto const framed = write_again(rpc);
    BytesView rest = framed;
    auto const body = read_length_prefixed(rest);
    GGEN_ASSERT(body.has_value() && rest.empty());
    Rpc again;
    GGEN_ASSERT(parse_rpc(*body, again).has_value());
    testing::SentRpc first;
    testing::SentRpc second;
    first.add(rpc);
    second.add(again);
    GGEN_ASSERT(first.subscriptions == second.subscriptions && first.messages == second.messages);
    GGEN_ASSERT(first.ihaves == second.ihaves && first.iwants == second.iwants && first.grafts == second.grafts);
    GGEN_ASSERT(first.prunes.size() == second.prunes.size() && first.idontwants == second.idontwants);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::play({data, size});
    return 0;
}
