// What leaves: one queue a peer, control messages gathered into one RPC a call.
#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"

namespace ggen::p2p {
namespace {

/// Bytes of an id in a list, with its tag and length.
constexpr std::size_t k_id_head_bytes = 3;

/// Calls `write(part)` for runs of ids that fit an RPC of ours.
template <class Write>
void for_each_part(std::span<MessageId const> ids, std::size_t count_max, Write write) {
    while (!ids.empty()) {
        std::size_t count = 0;
        std::size_t bytes = 0;
        while (count < ids.size() && count < count_max && bytes < k_gossip_control_emit_bytes_max / 2) {
            bytes += ids[count++].size() + k_id_head_bytes;
        }
        write(ids.first(count));
        ids = ids.subspan(count);
    }
}

}  // namespace

void Gossip::touch(Peer& peer) {
    if (std::exchange(peer.is_touched, true)) return;
    touched_.push_back(&peer);
}

void Gossip::queue(Peer& peer, SendClass type, Block block, MessagePtr const& message, TimePoint now) {
    if (!peer.out) return;
    touch(peer);
    if (peer.queue.push(type, std::move(block), message, now) || type != SendClass::control) return;
    // It has read nothing for so long that what we are to each other is no longer known.
    penalize(peer, 0, Conduct::overload);
    put(DisconnectPeer{peer.id});
    peer.queue.clear();
}

void Gossip::pump(Peer& peer, TimePoint now) {
    if (!peer.out || peer.version == GossipVersion::none) return;
    while (!peer.queue.is_empty()) {
        if (peer.unsent >= k_gossip_ahead_bytes) return;
        auto block = peer.queue.pop(peer.unsent == 0 ? SIZE_MAX : k_gossip_ahead_bytes - peer.unsent, now);
        if (!block) return;
        peer.unsent += (*block)->size();
        put(WriteStream{*peer.out, std::move(*block)});
    }
}

void Gossip::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = by_stream_.find(stream);
    if (at == by_stream_.end() || at->second->out != stream) return;
    auto& peer = *at->second;
    peer.unsent -= std::min(peer.unsent, bytes);
    if (!peer.queue.is_empty()) pump(peer, now);
}

void Gossip::flush(TimePoint now) {
    // Writing may touch others (a penalty prunes nobody at once, but a queue may): the list is walked by index.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        auto& peer = *touched_[i];
        write_control(peer, now);
        pump(peer, now);
        peer.is_touched = false;
    }
    touched_.clear();
}

void Gossip::write_control(Peer& peer, TimePoint now) {
    if (peer.control.is_empty()) return;
    auto const control = std::exchange(peer.control, {});
    if (!peer.out) return;
    RpcWriter writer;
    auto const emit = [&](SendClass type, std::size_t bytes_min) {
        if (writer.is_empty() || writer.size_bytes() < bytes_min) return;
        queue(peer, type, std::make_shared<Bytes const>(writer.take()), nullptr, now);
    };
    for (auto const& name : control.grafts) writer.graft(name);
    for (auto const& one : control.prunes) {
        std::vector<RpcExchange> exchange;
        if (one.is_exchanging && peer.version >= GossipVersion::v1_1) {
            auto const* const topic = find_topic(one.topic);
            auto others = topic == nullptr ? std::vector<Peer*>{} : topic->subscribers;
            random_.shuffle(others);
            for (auto const* const other : others) {
                if (exchange.size() == options_.exchanged_peers) break;
                if (other == &peer || !other->record || score_of(*other) < 0) continue;
                exchange.push_back({other->id.bytes(), *other->record});
            }
        }
        writer.prune(one.topic, exchange, peer.version >= GossipVersion::v1_1 ? one.backoff_seconds : 0);
        emit(SendClass::control, k_gossip_control_emit_bytes_max / 2);
    }
    for_each_part(control.iwants, SIZE_MAX, [&](std::span<MessageId const> ids) {
        writer.iwant(ids);
        counters_.iwant_ids_sent += ids.size();
        emit(SendClass::control, k_gossip_control_emit_bytes_max / 2);
    });
    emit(SendClass::control, 0);
    for (auto const& one : control.ihaves) {
        for_each_part(one.ids, SIZE_MAX, [&](std::span<MessageId const> ids) {
            writer.ihave(one.topic, ids);
            counters_.ihave_ids_sent += ids.size();
            emit(SendClass::gossip, k_gossip_control_emit_bytes_max / 2);
        });
    }
    emit(SendClass::gossip, 0);
}

void Gossip::announce_subscription(std::string_view topic, bool is_subscribe, TimePoint now) {
    RpcWriter writer;
    writer.subscription(topic, is_subscribe);
    auto const block = std::make_shared<Bytes const>(writer.take());
    for (auto const& [id, peer] : peers_) queue(*peer, SendClass::control, block, nullptr, now);
}

void Gossip::send_to(Peer& peer, SendClass type, MessagePtr const& message, TimePoint now) {
    ++counters_.forwarded;
    queue(peer, type, message->wire(), message, now);
}

}  // namespace ggen::p2p
