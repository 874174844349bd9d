#include "p2p/kad/testing/network.hpp"

#include <algorithm>

namespace ggen::p2p::testing {

Network::NodeIndex Network::add(PeerId id, Multiaddr address, std::unique_ptr<Protocol> protocol) {
    auto const index = static_cast<NodeIndex>(nodes_.size());
    by_id_.emplace(id, index);
    Node node{std::move(id), std::move(address), std::move(protocol), true, {}, {}, 2, 0, std::nullopt};
    nodes_.push_back(std::move(node));
    with(index, [&](Protocol& core, TimePoint now) {
        core.on_host_changed({nodes_[index].id, core.protocols(), {nodes_[index].address}}, now);
    });
    return index;
}

std::optional<Network::NodeIndex> Network::find(PeerId const& id) const {
    auto const at = by_id_.find(id);
    return at == by_id_.end() ? std::nullopt : std::optional(at->second);
}

void Network::schedule(TimePoint at, std::function<void()> act) {
    events_.push({std::max(at, now_), sequence_++, std::move(act)});
}

void Network::with(NodeIndex node, std::function<void(Protocol&, TimePoint)> const& act) {
    if (!nodes_[node].is_alive) return;
    act(*nodes_[node].protocol, now_);
    carry(node);
}

void Network::carry(NodeIndex index) {
    auto& protocol = *nodes_[index].protocol;
    while (auto output = protocol.poll_output()) take(index, std::move(*output));
    auto& node = nodes_[index];
    auto const wanted = protocol.next_deadline();
    if (wanted == node.timer_at) return;
    node.timer_at = wanted;
    auto const generation = ++node.timer;
    if (!wanted) return;
    schedule(*wanted, [this, index, generation] {
        auto& owner = nodes_[index];
        if (!owner.is_alive || owner.timer != generation) return;
        owner.timer_at.reset();
        with(index, [](Protocol& core, TimePoint now) { core.on_deadline(now); });
    });
}

void Network::run_until(TimePoint end) {
    while (!events_.empty() && events_.top().at <= end) {
        auto event = events_.top();
        events_.pop();
        now_ = event.at;
        ++event_count_;
        digest_ =
            (digest_ ^ static_cast<std::uint64_t>(now_.time_since_epoch().count()) ^ event.sequence) * 0x100000001b3U;
        event.act();
    }
    now_ = end;
}

bool Network::run_while_not(std::function<bool()> const& is_reached, std::chrono::nanoseconds limit) {
    auto const end = now_ + limit;
    while (!is_reached()) {
        if (events_.empty() || events_.top().at > end) {
            now_ = end;
            return false;
        }
        run_until(events_.top().at);
    }
    return true;
}

void Network::dial(NodeIndex from, NodeIndex to) {
    ++dial_count_;
    auto const round_trip = latency_(from, to) * 2;
    auto const fail = [this, from, to] {
        auto const at = nodes_[from].links.find(to);
        if (at == nodes_[from].links.end() || at->second.is_up) return;
        auto waiting = std::move(at->second.waiting);
        nodes_[from].links.erase(at);
        for (auto const& act : waiting) act();  // they find no link and are refused
    };
    if (!nodes_[to].is_alive) {
        schedule(now_ + k_dial_timeout, fail);
        return;
    }
    schedule(now_ + round_trip * 2, [this, from, to, fail] {
        if (!nodes_[from].is_alive) return;
        if (!nodes_[to].is_alive) {
            fail();
            return;
        }
        connected(from, to);
    });
}

void Network::connected(NodeIndex dialer, NodeIndex listener) {
    auto& link = nodes_[dialer].links[listener];
    if (link.is_up) return;
    link.is_up = true;
    link.used_at = now_;
    auto const waiting = std::move(link.waiting);
    link.waiting.clear();
    with(dialer, [&](Protocol& core, TimePoint now) {
        core.on_peer_connected({nodes_[listener].id, nodes_[listener].address, Direction::outbound}, now);
    });
    auto const one_way = latency_(dialer, listener);
    schedule(now_ + one_way, [this, dialer, listener] {
        if (!nodes_[listener].is_alive || !nodes_[dialer].links.contains(listener)) return;
        auto& back = nodes_[listener].links[dialer];
        if (!back.is_up) {
            back.is_up = true;
            back.used_at = now_;
            auto const acts = std::move(back.waiting);
            with(listener, [&](Protocol& core, TimePoint now) {
                core.on_peer_connected({nodes_[dialer].id, nodes_[dialer].address, Direction::inbound}, now);
            });
            for (auto const& act : acts) act();
            trim(listener);
        }
    });
    schedule(now_ + one_way * 2, [this, dialer, listener] { introduce(dialer, listener); });
    schedule(now_ + one_way * 3, [this, dialer, listener] { introduce(listener, dialer); });
    for (auto const& act : waiting) act();
    trim(dialer);
}

void Network::introduce(NodeIndex node, NodeIndex peer) {
    auto const at = nodes_[node].links.find(peer);
    if (at == nodes_[node].links.end() || !at->second.is_up || !nodes_[peer].is_alive) return;
    with(node, [&](Protocol& core, TimePoint now) {
        core.on_peer_addresses(nodes_[peer].id, {&nodes_[peer].address, 1}, true, now);
        auto const protocols = nodes_[peer].protocol->protocols();
        core.on_peer_protocols(nodes_[peer].id, protocols, now);
    });
}

void Network::open(NodeIndex from, OpenStream const& output) {
    auto const to = find(output.peer);
    auto const key = output.stream;
    auto const refuse = [this, from, key](Errc code) {
        if (nodes_[from].streams.erase(key) == 0) return;
        with(from, [&](Protocol& core, TimePoint now) { core.on_stream_refused(key, Error{code, "no stream"}, now); });
    };
    nodes_[from].streams[key] = {to.value_or(0), 0, false, false, false, {}};
    if (!to || *to == from || (output.addresses.empty() && !nodes_[from].links.contains(*to))) {
        schedule(now_, [refuse] { refuse(Errc::not_found); });
        return;
    }
    auto const start = [this, from, to = *to, key, refuse, protocol = output.protocols.front()] {
        auto const link = nodes_[from].links.find(to);
        if (link == nodes_[from].links.end() || !link->second.is_up) {
            refuse(Errc::unavailable);
            return;
        }
        auto const mine = nodes_[from].streams.find(key);
        if (mine == nodes_[from].streams.end()) return;
        ++link->second.streams;
        link->second.used_at = now_;
        auto const peer_key = nodes_[to].next_inbound;
        nodes_[to].next_inbound += 2;
        mine->second.peer_key = peer_key;
        mine->second.is_open = true;
        schedule(now_ + latency_(from, to), [this, from, to, key, peer_key, protocol, refuse] {
            auto const names = nodes_[to].protocol->protocols();
            auto const back = nodes_[to].links.find(from);
            auto const is_up = nodes_[to].is_alive && back != nodes_[to].links.end() && back->second.is_up;
            if (!is_up || std::find(names.begin(), names.end(), protocol) == names.end()) {
                auto const code = is_up ? Errc::refused : Errc::unavailable;
                schedule(now_ + latency_(from, to), [refuse, code] { refuse(code); });
                return;
            }
            ++back->second.streams;
            back->second.used_at = now_;
            nodes_[to].streams[peer_key] = {from, key, true, false, false, {}};
            with(to, [&](Protocol& core, TimePoint now) {
                core.on_inbound_stream(peer_key, nodes_[from].id, protocol, now);
            });
            schedule(now_ + latency_(from, to), [this, from, key, protocol] {
                if (!nodes_[from].streams.contains(key)) return;
                with(from, [&](Protocol& core, TimePoint now) { core.on_stream_opened(key, protocol, now); });
            });
        });
    };
    auto& link = nodes_[from].links[*to];
    if (link.is_up) {
        start();
        return;
    }
    auto const is_dialing = !link.waiting.empty();
    link.waiting.emplace_back(start);
    if (!is_dialing) dial(from, *to);
}

void Network::deliver(NodeIndex to, StreamKey key, std::function<void(Protocol&, Stream&)> const& act) {
    auto const at = nodes_[to].streams.find(key);
    if (!nodes_[to].is_alive || at == nodes_[to].streams.end()) return;
    if (at->second.is_paused) {
        at->second.held.emplace_back([this, to, key, act] { deliver(to, key, act); });
        return;
    }
    act(*nodes_[to].protocol, at->second);
    carry(to);
}

void Network::drop_stream(NodeIndex node, StreamKey key) {
    auto const at = nodes_[node].streams.find(key);
    if (at == nodes_[node].streams.end()) return;
    auto const link = nodes_[node].links.find(at->second.peer);
    if (link != nodes_[node].links.end() && link->second.streams > 0) --link->second.streams;
    nodes_[node].streams.erase(at);
}

void Network::take(NodeIndex node, ProtocolOutput output) {
    if (auto const* opened = std::get_if<OpenStream>(&output)) {
        open(node, *opened);
    } else if (auto const* write = std::get_if<WriteStream>(&output)) {
        auto const at = nodes_[node].streams.find(write->stream);
        if (at == nodes_[node].streams.end()) return;
        auto const send = [this, node, key = write->stream, bytes = write->bytes] {
            auto const stream = nodes_[node].streams.find(key);
            if (stream == nodes_[node].streams.end() || !stream->second.is_open) return;
            auto const to = stream->second.peer;
            auto const peer_key = stream->second.peer_key;
            if (auto const link = nodes_[node].links.find(to); link != nodes_[node].links.end())
                link->second.used_at = now_;
            schedule(now_ + latency_(node, to), [this, to, peer_key, bytes] {
                deliver(to, peer_key, [this, peer_key, bytes](Protocol& core, Stream&) {
                    core.on_stream_bytes(peer_key, *bytes, now_);
                });
            });
            schedule(now_, [this, node, key, size = bytes->size()] {
                if (!nodes_[node].streams.contains(key)) return;
                with(node, [&](Protocol& core, TimePoint now) { core.on_stream_sent(key, size, now); });
            });
        };
        auto const link = nodes_[node].links.find(at->second.peer);
        if (!at->second.is_open && link != nodes_[node].links.end()) {
            link->second.waiting.emplace_back(send);
        } else {
            send();
        }
    } else if (auto const* finished = std::get_if<FinishStream>(&output)) {
        auto const at = nodes_[node].streams.find(finished->stream);
        if (at == nodes_[node].streams.end()) return;
        auto const to = at->second.peer;
        auto const peer_key = at->second.peer_key;
        drop_stream(node, finished->stream);  // every core here forgets a stream that it finishes
        schedule(now_ + latency_(node, to), [this, to, peer_key] {
            deliver(to, peer_key,
                    [this, peer_key](Protocol& core, Stream&) { core.on_stream_finished(peer_key, now_); });
        });
    } else if (auto const* reset = std::get_if<ResetStream>(&output)) {
        auto const at = nodes_[node].streams.find(reset->stream);
        if (at == nodes_[node].streams.end()) return;
        auto const to = at->second.peer;
        auto const peer_key = at->second.peer_key;
        drop_stream(node, reset->stream);
        schedule(now_ + latency_(node, to), [this, to, peer_key] {
            if (!nodes_[to].streams.contains(peer_key)) return;
            drop_stream(to, peer_key);
            with(to, [&](Protocol& core, TimePoint now) { core.on_stream_reset(peer_key, now); });
        });
    } else if (auto const* pause = std::get_if<PauseStream>(&output)) {
        auto const at = nodes_[node].streams.find(pause->stream);
        if (at == nodes_[node].streams.end()) return;
        at->second.is_paused = pause->is_paused;
        if (pause->is_paused) return;
        auto const held = std::move(at->second.held);
        at->second.held.clear();
        for (auto const& act : held) schedule(now_, act);
    } else if (auto const* value = std::get_if<ValuePeer>(&output)) {
        auto const peer = find(value->peer);
        if (!peer) return;
        auto const link = nodes_[node].links.find(*peer);
        if (link != nodes_[node].links.end()) link->second.value = value->value;
    } else if (auto const* report = std::get_if<ReportPeer>(&output)) {
        ++reports_[report->peer][report->conduct];
    }
}

void Network::disconnect(NodeIndex a, NodeIndex b) {
    for (auto const& [node, peer] : {std::pair{a, b}, std::pair{b, a}}) {
        auto const link = nodes_[node].links.find(peer);
        if (link == nodes_[node].links.end() || !link->second.is_up) continue;
        std::vector<StreamKey> streams;
        for (auto const& [key, stream] : nodes_[node].streams) {
            if (stream.peer == peer && stream.is_open) streams.push_back(key);
        }
        nodes_[node].links.erase(link);
        for (auto const key : streams) {
            nodes_[node].streams.erase(key);
            with(node, [&](Protocol& core, TimePoint now) { core.on_stream_reset(key, now); });
        }
        with(node, [&](Protocol& core, TimePoint now) { core.on_peer_disconnected(nodes_[peer].id, now); });
    }
}

void Network::trim(NodeIndex node) {
    while (nodes_[node].links.size() > connections_max_) {
        auto const& links = nodes_[node].links;
        auto worst = links.end();
        for (auto at = links.begin(); at != links.end(); ++at) {
            if (!at->second.is_up || at->second.streams > 0) continue;
            auto const rank = [](Link const& link) { return std::pair(link.value, link.used_at); };
            if (worst == links.end() || rank(at->second) < rank(worst->second)) worst = at;
        }
        if (worst == links.end()) return;
        disconnect(node, worst->first);
    }
}

void Network::kill(NodeIndex node) {
    nodes_[node].is_alive = false;
    nodes_[node].streams.clear();
    auto const links = std::move(nodes_[node].links);
    nodes_[node].links.clear();
    for (auto const& [peer, link] : links) disconnect(peer, node);
}

}  // namespace ggen::p2p::testing
