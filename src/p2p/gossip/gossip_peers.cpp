// Peers, their streams, and the topics they are subscribed to.
#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_floodsub = "/floodsub/1.0.0";
/// Best first. 1.3 adds extensions that we do not have: peers that speak it fall back to 1.2.
constexpr std::array<std::pair<std::string_view, GossipVersion>, 4> k_protocols{{
    {"/meshsub/1.2.0", GossipVersion::v1_2},
    {"/meshsub/1.1.0", GossipVersion::v1_1},
    {"/meshsub/1.0.0", GossipVersion::v1_0},
    {k_floodsub, GossipVersion::floodsub},
}};
/// How often a stream is opened again while its peer stays connected, and how long we wait, doubled each time.
constexpr std::size_t k_stream_failures_max = 4;
constexpr std::chrono::seconds k_stream_retry{1};

GossipVersion version_of(std::string_view protocol) {
    for (auto const& [name, version] : k_protocols) {
        if (name == protocol) return version;
    }
    return GossipVersion::none;
}

}  // namespace

std::vector<std::string> Gossip::protocols() const {
    std::vector<std::string> out;
    out.reserve(k_protocols.size());
    for (auto const& [name, version] : k_protocols) out.emplace_back(name);
    return out;
}

void Gossip::on_peer_connected(PeerInfo const& info, TimePoint now) {
    if (peers_.contains(info.peer)) return;
    auto owned = std::make_unique<Peer>(info.peer, next_serial_++, info.direction);
    auto& peer = *owned;
    peers_.emplace(info.peer, std::move(owned));
    by_serial_.emplace(peer.serial, &peer);
    peer.stats = &score_.connect(info.peer, colocation_group(info.address), now);
    open_stream(peer);
}

void Gossip::on_peer_disconnected(PeerId const& id, TimePoint now) {
    auto const at = peers_.find(id);
    if (at == peers_.end()) return;
    auto& peer = *at->second;
    while (!peer.topics.empty()) unsubscribe(peer, *peer.topics.back());
    partial_bytes_ -= peer.incoming.pending_bytes();
    if (peer.in) by_stream_.erase(*peer.in);
    if (peer.out) by_stream_.erase(*peer.out);
    std::erase(touched_, &peer);
    score_.disconnect(*peer.stats, now);
    by_serial_.erase(peer.serial);
    peers_.erase(at);
    flush(now);
}

void Gossip::on_peer_protocols(PeerId const& id, std::span<std::string const> names, TimePoint /*now*/) {
    auto* const peer = find_peer(id);
    if (peer == nullptr || peer->out) return;
    bool const is_speaking = std::any_of(names.begin(), names.end(), [](auto const& name) {
        return version_of(name) != GossipVersion::none;
    });
    if (!is_speaking) return;
    peer->is_refusing = false;
    if (!peer->reopen_at) open_stream(*peer);
}

void Gossip::on_peer_record(PeerId const& id, BytesView sealed, TimePoint /*now*/) {
    auto* const peer = find_peer(id);
    if (peer != nullptr && sealed.size() <= k_gossip_control_emit_bytes_max / 2) {
        peer->record = std::make_unique<Bytes>(sealed.begin(), sealed.end());
    }
}

void Gossip::open_stream(Peer& peer) {
    peer.reopen_at.reset();
    peer.out = new_stream_key();
    peer.unsent = 0;
    by_stream_.emplace(*peer.out, &peer);
    put(OpenStream{.stream = *peer.out, .peer = peer.id, .protocols = protocols(), .addresses = {}, .may_dial = false});
    greet(peer);
}

/// The hello: all our subscriptions in the first RPC of the stream.
void Gossip::greet(Peer& peer) {
    RpcWriter writer;
    for (auto const& [name, topic] : topics_) {
        if (topic->is_joined) writer.subscription(name, true);
    }
    if (writer.is_empty()) return;
    auto hello = std::make_shared<Bytes const>(writer.take());
    peer.unsent += hello->size();
    put(WriteStream{*peer.out, std::move(hello)});
}

void Gossip::on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) {
    auto const at = by_stream_.find(stream);
    if (at == by_stream_.end()) return;
    auto& peer = *at->second;
    peer.version = version_of(protocol);
    for (auto* const topic : peer.topics) {
        if (topic->is_joined && topic->mesh.size() < options_.mesh_low && is_graftable(*topic, peer, now)) {
            graft(*topic, peer, now);
        }
    }
    touch(peer);
    flush(now);
}

void Gossip::on_stream_refused(StreamKey stream, Error const& error, TimePoint now) {
    auto const at = by_stream_.find(stream);
    if (at == by_stream_.end()) return;
    auto& peer = *at->second;
    if (error.code == Errc::refused) peer.is_refusing = true;
    lose_stream(peer, now);
    flush(now);
}

void Gossip::lose_stream(Peer& peer, TimePoint now) {
    by_stream_.erase(*peer.out);
    peer.out.reset();
    peer.version = GossipVersion::none;
    peer.unsent = 0;
    peer.queue.clear();
    peer.control = {};
    for (auto* const topic : peer.topics) {
        remove_from_mesh(*topic, peer);
        std::erase(topic->fanout, &peer);
    }
    if (peer.is_refusing || peer.stream_failures >= k_stream_failures_max) return;
    peer.reopen_at = now + k_stream_retry * (1U << peer.stream_failures);
    ++peer.stream_failures;
}

void Gossip::on_inbound_stream(StreamKey stream, PeerId const& id, std::string const& /*protocol*/,
                               TimePoint /*now*/) {
    auto* const peer = find_peer(id);
    if (peer == nullptr) {
        put(ResetStream{stream});
        return;
    }
    // One a peer: a second one replaces the first, as its hello tells all subscriptions again.
    reset_inbound(*peer);
    peer->in = stream;
    by_stream_.emplace(stream, peer);
    if (peer->is_refusing && !peer->out) {
        // It speaks our protocols after all.
        peer->is_refusing = false;
        open_stream(*peer);
    }
}

void Gossip::reset_inbound(Peer& peer) {
    if (!peer.in) return;
    put(ResetStream{*peer.in});
    by_stream_.erase(*peer.in);
    peer.in.reset();
    partial_bytes_ -= peer.incoming.pending_bytes();
    peer.incoming.clear();
}

void Gossip::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = by_stream_.find(stream);
    // Streams go one way: what comes back on ours is dropped.
    if (at == by_stream_.end() || at->second->in != stream) return;
    auto& peer = *at->second;
    partial_bytes_ -= peer.incoming.pending_bytes();
    auto const fed = peer.incoming.feed(bytes, k_gossip_rpc_accept_bytes_max, [&](BytesView rpc) {
        on_rpc(peer, rpc, now);
        return peer.in == stream;
    });
    if (peer.in == stream) partial_bytes_ += peer.incoming.pending_bytes();
    if (!fed) {
        ++counters_.bad_rpcs;
        penalize(peer, 1, Conduct::protocol_error);
        reset_inbound(peer);
    } else if (partial_bytes_ > k_gossip_partial_bytes_max &&
               peer.incoming.pending_bytes() > k_gossip_rpc_emit_bytes_max) {
        // All who dawdle over a large RPC share a budget; whoever goes over it starts again.
        penalize(peer, 0, Conduct::overload);
        reset_inbound(peer);
    }
    flush(now);
}

void Gossip::on_stream_finished(StreamKey stream, TimePoint /*now*/) {
    auto const at = by_stream_.find(stream);
    if (at == by_stream_.end()) return;
    auto& peer = *at->second;
    if (peer.in != stream) return;  // The peer has nothing to say on ours, finished or not.
    put(FinishStream{stream});
    by_stream_.erase(at);
    peer.in.reset();
    partial_bytes_ -= peer.incoming.pending_bytes();
    peer.incoming.clear();
}

void Gossip::on_stream_reset(StreamKey stream, TimePoint now) {
    auto const at = by_stream_.find(stream);
    if (at == by_stream_.end()) return;
    auto& peer = *at->second;
    if (peer.out == stream) {
        lose_stream(peer, now);
    } else {
        by_stream_.erase(at);
        peer.in.reset();
        partial_bytes_ -= peer.incoming.pending_bytes();
        peer.incoming.clear();
    }
    flush(now);
}

void Gossip::unsubscribe(Peer& peer, Topic& topic) {
    remove_from_mesh(topic, peer);
    std::erase(topic.fanout, &peer);
    std::erase(topic.subscribers, &peer);
    std::erase(peer.topics, &topic);
    drop_topic_if_unused(topic);
}

void Gossip::drop_topic_if_unused(Topic& topic) {
    if (topic.is_joined || topic.has_fanout || !topic.subscribers.empty() || topic.backoffs.size() > 0) return;
    topics_.erase(topics_.find(topic.name));
}

Gossip::Topic& Gossip::topic_named(std::string_view name) {
    auto at = topics_.find(name);
    if (at == topics_.end()) {
        at = topics_.emplace(std::string{name}, std::make_unique<Topic>(std::string{name}, next_topic_++)).first;
    }
    return *at->second;
}

Gossip::Topic* Gossip::find_topic(std::string_view name) const {
    auto const at = topics_.find(name);
    return at == topics_.end() ? nullptr : at->second.get();
}

Gossip::Peer* Gossip::find_peer(PeerId const& id) const {
    auto const at = peers_.find(id);
    return at == peers_.end() ? nullptr : at->second.get();
}

Gossip::Peer* Gossip::find_peer(PeerSerial serial) const {
    auto const at = by_serial_.find(serial);
    return at == by_serial_.end() ? nullptr : at->second;
}

void Gossip::connect_direct() {
    for (auto const& [id, addresses] : direct_) {
        if (find_peer(id) == nullptr) put(ConnectPeer{id, addresses});
    }
}

}  // namespace ggen::p2p
