#include "p2p/exchange/testing/virtual_peers.hpp"

#include <algorithm>

namespace ggen::p2p::testing {

PeerId VirtualPeers::peer(Node node) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(6 + 32);
    for (std::size_t i = 0; i < 4; ++i) bytes[6 + i] = static_cast<std::uint8_t>(node >> (8 * i));
    return PeerId::from_bytes(bytes).value();
}

Multiaddr VirtualPeers::address(Node node) {
    auto const text = "/ip4/" + std::to_string(11 + node / 250) + "." + std::to_string(node % 250) + ".1.1/tcp/4001";
    return Multiaddr::parse(text).value();
}

VirtualPeers::Node VirtualPeers::add(Protocol& protocol, std::uint64_t bytes_per_second) {
    State state;
    state.protocol = &protocol;
    state.bytes_per_second = bytes_per_second;
    nodes_.push_back(std::move(state));
    return static_cast<Node>(nodes_.size() - 1);
}

void VirtualPeers::pump(Node node) {
    auto& state = nodes_[node];
    while (auto output = state.protocol->poll_output()) take(node, std::move(*output));
    auto const wanted = state.protocol->next_deadline();
    if (!wanted || (state.timer && *state.timer <= *wanted && *state.timer >= now_)) return;
    state.timer = wanted;
    at(*wanted, [this, node] {
        auto& owner = nodes_[node];
        auto const due = owner.protocol->next_deadline();
        if (owner.timer && *owner.timer <= now_) owner.timer.reset();
        if (due && *due <= now_) owner.protocol->on_deadline(now_);
        pump(node);
    });
}

void VirtualPeers::run_until(TimePoint end) {
    while (!events_.empty() && events_.top().at <= end) {
        auto event = events_.top();
        events_.pop();
        now_ = event.at;
        event.act();
    }
    now_ = end;
}

bool VirtualPeers::run_while_not(std::function<bool()> const& is_reached, std::chrono::nanoseconds limit) {
    auto const end = now_ + limit;
    while (!is_reached()) {
        if (events_.empty() || events_.top().at > end) return false;
        run_until(events_.top().at);
    }
    return true;
}

void VirtualPeers::open(Node node, OpenStream const& request) {
    Node other = 0;
    while (other < nodes_.size() && peer(other) != request.peer) ++other;
    auto stream = std::make_shared<Stream>();
    stream->ends[0] = {node, request.stream, false, {}};
    nodes_[node].streams[request.stream] = {stream, 0};
    if (other == nodes_.size() || nodes_[other].is_silent) {
        at(now_ + std::chrono::seconds{10}, [this, node, key = request.stream] {
            if (nodes_[node].streams.erase(key) == 0) return;
            nodes_[node].protocol->on_stream_refused(key, Error{Errc::unavailable, "nobody there"}, now_);
            pump(node);
        });
        return;
    }
    auto& links = nodes_[node].links;
    bool const is_new = !links.contains(other);
    if (is_new) {
        links[other] = now_ + 4 * k_one_way;
        nodes_[other].links[node] = now_;
        nodes_[node].protocol->on_peer_connected({request.peer, address(other), Direction::outbound}, now_);
        nodes_[other].protocol->on_peer_connected({peer(node), address(node), Direction::inbound}, now_);
    }
    auto const ready = std::max(now_, links[other]);
    auto const key = nodes_[other].next_inbound;
    nodes_[other].next_inbound += 2;
    stream->ends[1] = {other, key, false, {}};
    nodes_[other].streams[key] = {stream, 1};
    at(ready + k_one_way, [this, stream, other, key, from = peer(node)] {
        if (stream->is_gone) return;
        nodes_[other].protocol->on_inbound_stream(key, from, std::string{k_exchange_protocol}, now_);
        pump(other);
    });
    at(ready + 2 * k_one_way, [this, stream, node, key = request.stream] {
        if (stream->is_gone) return;
        nodes_[node].protocol->on_stream_opened(key, std::string{k_exchange_protocol}, now_);
        pump(node);
    });
}

void VirtualPeers::carry(Node node, StreamKey key, std::size_t bytes, std::function<void(Protocol&, StreamKey)> act) {
    auto const found = nodes_[node].streams.find(key);
    if (found == nodes_[node].streams.end()) return;
    auto const [stream, end] = found->second;
    auto& state = nodes_[node];
    auto const other = stream->ends[1 - end].node;
    auto const link = state.links.find(other);
    auto start = std::max(now_, state.free_at);
    if (link != state.links.end()) start = std::max(start, link->second);
    if (state.bytes_per_second != 0) {
        auto const micros = bytes * 1'000'000 / state.bytes_per_second;
        start += std::chrono::microseconds{micros};
        state.free_at = start;
    }
    state.sent += bytes;
    at(start + k_one_way, [this, stream = stream, to = 1 - end, act = std::move(act)] { deliver(stream, to, act); });
    if (bytes == 0) return;
    at(start, [this, stream = stream, node, key, bytes] {
        if (stream->is_gone || !nodes_[node].streams.contains(key)) return;
        nodes_[node].protocol->on_stream_sent(key, bytes, now_);
        pump(node);
    });
}

void VirtualPeers::deliver(std::shared_ptr<Stream> const& stream, int end,
                           std::function<void(Protocol&, StreamKey)> const& act) {
    auto& to = stream->ends[end];
    if (stream->is_gone || nodes_[to.node].is_silent || !nodes_[to.node].streams.contains(to.key)) return;
    if (to.is_paused) {
        to.held.emplace_back([this, stream, end, act] { deliver(stream, end, act); });
        return;
    }
    act(*nodes_[to.node].protocol, to.key);
    pump(to.node);
}

void VirtualPeers::forget(std::shared_ptr<Stream> const& stream) {
    stream->is_gone = true;
    for (auto const& end : stream->ends) nodes_[end.node].streams.erase(end.key);
}

void VirtualPeers::take(Node node, ProtocolOutput output) {
    if (auto const* const request = std::get_if<OpenStream>(&output)) {
        open(node, *request);
    } else if (auto const* const write = std::get_if<WriteStream>(&output)) {
        carry(node, write->stream, write->bytes->size(), [this, bytes = write->bytes](Protocol& core, StreamKey key) {
            core.on_stream_bytes(key, *bytes, now_);
        });
    } else if (auto const* const end = std::get_if<FinishStream>(&output)) {
        carry(node, end->stream, 0, [this](Protocol& core, StreamKey key) { core.on_stream_finished(key, now_); });
    } else if (auto const* const reset = std::get_if<ResetStream>(&output)) {
        auto const found = nodes_[node].streams.find(reset->stream);
        if (found == nodes_[node].streams.end()) return;
        auto const [stream, side] = found->second;
        auto const other = stream->ends[1 - side];
        forget(stream);
        if (other.key == 0) return;
        at(now_ + k_one_way, [this, other] {
            nodes_[other.node].protocol->on_stream_reset(other.key, now_);
            pump(other.node);
        });
    } else if (auto const* const pause = std::get_if<PauseStream>(&output)) {
        auto const found = nodes_[node].streams.find(pause->stream);
        if (found == nodes_[node].streams.end()) return;
        auto& own = found->second.first->ends[found->second.second];
        own.is_paused = pause->is_paused;
        if (own.is_paused) return;
        for (auto& act : std::exchange(own.held, {})) at(now_, std::move(act));
    } else if (auto const* const report = std::get_if<ReportPeer>(&output)) {
        for (Node i = 0; i < nodes_.size(); ++i) {
            if (peer(i) == report->peer) ++reports_[i][report->conduct];
        }
    } else if (auto const* const gone = std::get_if<DisconnectPeer>(&output)) {
        for (Node i = 0; i < nodes_.size(); ++i) {
            if (peer(i) == gone->peer) at(now_, [this, node, i] { disconnect(node, i); });
        }
    }
}

void VirtualPeers::disconnect(Node a, Node b) {
    if (nodes_[a].links.erase(b) == 0) return;
    nodes_[b].links.erase(a);
    std::vector<std::shared_ptr<Stream>> gone;
    for (auto const& [key, row] : nodes_[a].streams) {
        if (row.first->ends[1 - row.second].node == b) gone.push_back(row.first);
    }
    for (auto const& stream : gone) {
        auto const ends = {stream->ends[0], stream->ends[1]};
        forget(stream);
        for (auto const& end : ends) nodes_[end.node].protocol->on_stream_reset(end.key, now_);
    }
    nodes_[a].protocol->on_peer_disconnected(peer(b), now_);
    nodes_[b].protocol->on_peer_disconnected(peer(a), now_);
    pump(a);
    pump(b);
}

}  // namespace ggen::p2p::testing
