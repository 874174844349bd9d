// A sequence of calls chosen by the input: hostile peers on one side, an application on the other. No crash, every size
// within its limit, and nothing of a peer left when all have gone and time has passed.
#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/testing/fuzz_input.hpp"
#include "p2p/gossip/gossip.hpp"
#include "p2p/gossip/testing/fake_host.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::FuzzInput;

constexpr std::uint8_t k_peers = 24;
constexpr std::array<std::string_view, 3> k_topics{"a", "b", "signed"};

/// An RPC that is whole, so that the input reaches what lies behind the parser.
Bytes rpc_of(FuzzInput& input, std::vector<MessageId> const& known) {
    RpcWriter writer;
    for (auto parts = 1 + input.byte() % 6U; parts > 0; --parts) {
        auto const kind = input.byte();
        auto const topic = kind % 16 == 15 ? std::string(input.byte(), 't') : std::string{k_topics[input.byte() % 3]};
        std::vector<MessageId> ids;
        for (auto count = kind / 32U; count > 0; --count) {
            auto const choice = input.byte();
            ids.push_back(known.empty() || choice % 2 == 0 ? MessageId(1 + choice % 40U, 'i')
                                                           : known[choice % known.size()]);
        }
        switch (kind % 8) {
            case 0: writer.subscription(topic, (kind & 8U) != 0); break;
            case 1: {
                auto const data = input.bytes(kind);
                writer.publish(encode_message(topic, data));
                break;
            }
            case 2: writer.ihave(topic, ids); break;
            case 3:
                if (!ids.empty()) writer.iwant(ids);
                break;
            case 4: writer.graft(topic); break;
            case 5: writer.prune(topic, {}, kind > 128 ? UINT64_MAX : kind); break;
            case 6:
                if (!ids.empty()) writer.idontwant(ids);
                break;
            default: {
                auto const peer = testing::id_of(input.byte());
                RpcExchange const exchange{peer.bytes(), input.bytes(kind % 8)};
                writer.prune(topic, {&exchange, 1}, 1);
                break;
            }
        }
    }
    return writer.take();
}

struct Host {
    Host() : gossip(testing::id_of(0xffffff), options(), 7, now) {
        for (auto const topic : k_topics) GGEN_ASSERT(gossip.join(topic, topic_options(topic), now).has_value());
        drain();
    }
    static GossipOptions options() {
        GossipOptions out;
        out.key = testing::key_of(1);
        return out;
    }
    static TopicOptions topic_options(std::string_view topic) {
        TopicOptions out;
        if (topic == "signed") {
            out.policy = SignaturePolicy::signed_by_author;
            out.message_id = author_message_id;
        }
        if (topic == "b") out.is_validated_later = true;
        return out;
    }

    void drain() {
        while (auto output = gossip.poll_output()) {
            if (auto const* const opened = std::get_if<OpenStream>(&*output)) {
                streams[opened->peer] = opened->stream;
            } else if (auto const* const written = std::get_if<WriteStream>(&*output)) {
                unsent[written->stream] += written->bytes->size();
                GGEN_ASSERT(unsent[written->stream] <= k_stream_unsent_bytes_max);
            } else if (auto const* const reset = std::get_if<ResetStream>(&*output)) {
                unsent.erase(reset->stream);
            }
        }
        while (auto event = gossip.poll_event()) {
            auto const* const received = std::get_if<MessageReceived>(&*event);
            if (received == nullptr) continue;
            ids.push_back(received->message->id());
            if (ids.size() > 64) ids.erase(ids.begin());
        }
        check();
    }
    void check() const {
        auto const sizes = gossip.sizes();
        GGEN_ASSERT(sizes.peers <= k_peers);
        GGEN_ASSERT(sizes.topics <= k_topics.size() + k_gossip_topics_per_peer_max * k_peers);
        GGEN_ASSERT(sizes.seen <= k_gossip_seen_max && sizes.cached_bytes <= k_gossip_cache_bytes_max);
        GGEN_ASSERT(sizes.validating <= k_gossip_validating_max && sizes.events <= k_gossip_events_max);
        GGEN_ASSERT(sizes.wants <= k_gossip_promises_max && sizes.partial_bytes <= k_gossip_partial_bytes_max);
        GGEN_ASSERT(sizes.queued_bytes <= k_peers * (k_gossip_queue_bytes_max + k_gossip_control_queue_bytes_max));
    }
    void pass(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        for (;;) {
            auto const next = gossip.next_deadline();
            if (!next || *next > end) break;
            now = std::max(now, *next);
            gossip.on_deadline(now);
            drain();
        }
        now = end;
    }
    void connect(std::uint8_t who, bool is_inbound) {
        if (connected[who % k_peers]) return;
        connected[who % k_peers] = true;
        auto const where = Multiaddr::parse("/ip4/81." + std::to_string(who % 8) + ".0.1/tcp/1").value();
        auto const id = testing::id_of(who % k_peers);
        gossip.on_peer_connected({id, where, is_inbound ? Direction::inbound : Direction::outbound}, now);
    }
    void disconnect(std::uint8_t who) {
        if (!connected[who % k_peers]) return;
        connected[who % k_peers] = false;
        auto const id = testing::id_of(who % k_peers);
        if (streams.contains(id)) gossip.on_stream_reset(streams[id], now);
        if (inbound.contains(id)) gossip.on_stream_reset(inbound[id], now);
        streams.erase(id);
        inbound.erase(id);
        gossip.on_peer_disconnected(id, now);
    }
    [[nodiscard]] StreamKey inbound_of(PeerId const& id) const {
        auto const at = inbound.find(id);
        return at == inbound.end() ? 2 : at->second;
    }
    [[nodiscard]] StreamKey stream_of(PeerId const& id) const {
        auto const at = streams.find(id);
        return at == streams.end() ? 1 : at->second;
    }

    TimePoint now{std::chrono::seconds{1000}};
    Gossip gossip;
    std::array<bool, k_peers> connected{};
    std::map<PeerId, StreamKey> streams;
    std::map<PeerId, StreamKey> inbound;
    std::map<StreamKey, std::size_t> unsent;
    std::vector<MessageId> ids;
    StreamKey next_inbound = 0;
};

void step(Host& host, FuzzInput& input) {
    auto const call = input.byte();
    auto const who = input.byte();
    auto const id = testing::id_of(who % k_peers);
    auto& gossip = host.gossip;
    auto const topic = k_topics[who % 3U];
    switch (call % 14) {
        case 0: host.connect(who, (call & 128U) != 0); break;
        case 1: host.disconnect(who); break;
        case 2: {
            constexpr std::array<char const*, 4> k_names{"/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0",
                                                         "/floodsub/1.0.0"};
            gossip.on_stream_opened(host.stream_of(id), k_names[call / 16U % 4], host.now);
            break;
        }
        case 3: gossip.on_stream_refused(host.stream_of(id), {Errc::refused, "x"}, host.now); break;
        case 4:
            host.inbound[id] = host.next_inbound += 2;
            gossip.on_inbound_stream(host.next_inbound, id, "/meshsub/1.2.0", host.now);
            break;
        case 5:
        case 6:
        case 7: gossip.on_stream_bytes(host.inbound_of(id), rpc_of(input, host.ids), host.now); break;
        case 8: gossip.on_stream_bytes(host.inbound_of(id), Bytes(1, input.byte()), host.now); break;
        case 9: {
            auto& left = host.unsent[host.stream_of(id)];
            gossip.on_stream_sent(host.stream_of(id), std::exchange(left, 0), host.now);
            break;
        }
        case 10: (void)gossip.publish(topic, input.bytes(who), host.now); break;
        case 11:
            if (!host.ids.empty()) {
                (void)gossip.report_validation(host.ids[who % host.ids.size()], static_cast<Verdict>(call / 16U % 3),
                                               host.now);
            }
            break;
        case 12:
            if (call > 200) {
                (void)gossip.leave(topic, host.now);
            } else if (call > 100) {
                (void)gossip.join(topic, Host::topic_options(topic), host.now);
            } else {
                gossip.on_stream_reset((call & 1U) != 0 ? host.inbound_of(id) : host.stream_of(id), host.now);
            }
            break;
        default: host.pass(std::chrono::milliseconds{who * 20}); break;
    }
    host.drain();
}

void play(BytesView data) {
    Host host;
    FuzzInput input{data};
    while (!input.is_empty()) step(host, input);
    for (std::uint8_t who = 0; who < k_peers; ++who) host.disconnect(who);
    host.pass(std::chrono::minutes{3});
    auto const sizes = host.gossip.sizes();
    GGEN_ASSERT(sizes.peers == 0 && sizes.streams == 0 && sizes.queued_bytes == 0 && sizes.partial_bytes == 0);
    GGEN_ASSERT(sizes.topics <= k_topics.size() && sizes.wants == 0 && sizes.unwanted == 0);
    GGEN_ASSERT(sizes.validating == 0 && sizes.seen == 0);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::play({data, size});
    return 0;
}
