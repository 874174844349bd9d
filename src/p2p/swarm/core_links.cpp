#include <algorithm>

#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {

Swarm::Core::Link* Swarm::Core::link_of(SocketKey key) {
    auto const at = links_.find(key);
    return at == links_.end() || at->second->state == Link::State::gone ? nullptr : at->second.get();
}

/// The link has something to hear and something to say.
void Swarm::Core::mark(Link& link) {
    if (!link.is_pump_due) pumps_.push_back(link.key);
    if (!link.is_flush_due) flushes_.push_back(link.key);
    link.is_pump_due = true;
    link.is_flush_due = true;
}

/// Keeps the books of what the limits look at; called on every change of state, first with the old one.
void Swarm::Core::count(Link const& link, bool is_added) {
    auto const change = [&](std::size_t& number) { number = is_added ? number + 1 : number - 1; };
    bool const is_inbound = link.direction == Direction::inbound;
    bool const is_handshake = is_inbound && link.state == Link::State::upgrading;
    if (link.state == Link::State::open) change(open_);
    if (link.state == Link::State::connecting) change(dials_);
    if (is_handshake && is_added) handshakes_.insert(link.key);
    if (is_handshake && !is_added) handshakes_.erase(link.key);
    if (!link.network || link.state == Link::State::gone) return;
    auto& network = networks_[*link.network];
    if (is_inbound) change(network.inbound);
    if (is_handshake) change(network.handshakes);
    if (link.state == Link::State::connecting) change(network.dials);
    if (network.inbound == 0 && network.dials == 0) networks_.erase(*link.network);
}

Swarm::Core::Link& Swarm::Core::add_link(Direction direction, Multiaddr address, TimePoint now) {
    auto const endpoint = IpEndpoint::of(address);
    SocketKey const key = next_number_++;
    auto& link = links_
                     .emplace(key, std::make_unique<Link>(Link{key, Link::State::connecting, direction,
                                                               std::move(address)}))
                     .first->second;
    if (endpoint && endpoint->scope() != IpScope::loopback) link->network = IpNetwork::of(*endpoint);
    if (direction == Direction::inbound) {
        start_upgrade(*link, now);
    } else {
        link->limit = now + k_dial_timeout;
        count(*link, true);
        touched_.push_back(key);
    }
    return *link;
}

std::optional<SocketKey> Swarm::Core::accept(Multiaddr const& remote, TimePoint now) {
    now_ = now;
    auto const endpoint = IpEndpoint::of(remote);
    if (!endpoint || !gate_.may_accept(remote, now)) return std::nullopt;
    auto const network = IpNetwork::of(*endpoint);
    if (banned_networks_.contains(network, now)) return std::nullopt;
    if (auto const at = networks_.find(network); at != networks_.end()) {
        if (at->second.inbound >= k_inbound_per_network_max) return std::nullopt;
        if (at->second.handshakes >= k_handshakes_per_network_max) return std::nullopt;
    }
    // A flood of sockets that say nothing must not keep out who comes after them.
    if (handshakes_.size() >= k_handshakes_max) {
        close(*link_of(*handshakes_.begin()), Ending::abrupt,
              Error{Errc::refused, "swarm: more than 64 handshakes (k_handshakes_max)"});
    }
    // Room is made for peers that have shown who they are; here it is only asked whether that is possible.
    if (open_ >= options_.connections_max && least_worth(now) == nullptr) return std::nullopt;
    return add_link(Direction::inbound, remote, now).key;
}

void Swarm::Core::start_upgrade(Link& link, TimePoint now) {
    now_ = now;
    bool const is_dialer = link.direction == Direction::outbound;
    if (is_dialer) {
        count(link, false);
        auto* const peer = find_peer(*link.dialed);
        if (peer != nullptr && peer->dial) peer->dial->patience = now + k_dial_handshake_patience;
    }
    link.state = Link::State::upgrading;
    link.limit.reset();
    count(link, true);
    if (!static_key_signature_) {
        static_key_signature_ = sign_static_key(options_.identity, static_key_.public_key());
    }
    link.budget = std::make_unique<WindowBudget>(k_yamux_connection_window_bytes_max, &budget_);
    link.connection = std::make_unique<Connection>(
        ConnectionConfig{is_dialer ? Yamux::Role::dialer : Yamux::Role::listener, options_.identity, static_key_,
                         X25519PrivateKey::generate(random_), link.dialed, names_, options_.has_early_muxer,
                         static_key_signature_},
        *link.budget, now);
    mark(link);
}

void Swarm::Core::on_bytes(Link& link, BytesView bytes, TimePoint now) {
    now_ = now;
    if (auto done = link.connection->on_bytes(bytes, now); !done) link.failed = std::move(done).error();
    mark(link);
}

void Swarm::Core::pump(Link& link) {
    link.is_pump_due = false;
    touched_.push_back(link.key);
    if (!link.connection) return;
    while (link.state != Link::State::gone) {
        auto event = link.connection->poll_event();
        if (!event) break;
        if (auto const* established = std::get_if<Established>(&*event)) {
            on_established(link, established->peer);
        } else {
            on_event(link, std::move(*event));
        }
        // At once, so that a protocol which pauses a stream gets no more of what came with the same read.
        (void)drain_protocols();
    }
    if (link.state == Link::State::open && link.peer->links.size() > 1) settle_crossing(*link.peer, now_);
    if (link.failed && link.state != Link::State::gone) close(link, Ending::orderly, *link.failed);
}

/// Whether something was sent, or the link ended.
bool Swarm::Core::flush(Link& link) {
    link.is_flush_due = false;
    if (!link.connection) return false;
    for (auto const& [stream, bytes] : std::exchange(link.used, {})) link.connection->consume(stream, bytes, now_);
    if (link.is_writing) return false;
    Bytes out = link.connection->take_output(k_socket_write_bytes_max);
    if (!out.empty()) {
        link.is_writing = true;
        commands_.emplace_back(WriteSocket{link.key, std::move(out)});
        if (!link.is_pump_due) pumps_.push_back(link.key);
        link.is_pump_due = true;
        return true;
    }
    if (!link.is_retiring || link.connection->stream_count() > 0) return false;
    close(link, Ending::orderly, Error{Errc::cancelled, "swarm: the connection has no streams left"});
    return true;
}

/// Why an authenticated peer does not get this connection; nullopt when it does.
std::optional<Error> Swarm::Core::refusal_of(Link const& link, PeerId const& id, TimePoint now) {
    auto const refused = [](char const* why) { return Error{Errc::refused, std::string{"swarm: "} + why}; };
    if (id == self_) return refused("this host has connected to itself");
    if (banned_peers_.contains(id, now)) return refused("the peer is banned");
    if (!gate_.may_connect(id, link.address, now)) return refused("the peer is not welcome");
    auto* const peer = find_peer(id);
    if (peer != nullptr && peer->links.size() >= k_connections_per_peer_max) {
        auto const retiring = std::find_if(peer->links.begin(), peer->links.end(),
                                           [](auto const* other) { return other->is_retiring; });
        if (retiring == peer->links.end()) return refused("a third connection (k_connections_per_peer_max)");
        close(**retiring, Ending::orderly, Error{Errc::cancelled, "swarm: a newer connection takes its place"});
    }
    if (open_ >= options_.connections_max && !make_room(now)) {
        return Error{Errc::too_large, "swarm: the limit of connections is reached (connections_max)"};
    }
    return std::nullopt;
}

void Swarm::Core::on_established(Link& link, PeerId const& id) {
    if (auto const refusal = refusal_of(link, id, now_)) {
        close(link, Ending::orderly, *refusal);
        return;
    }
    Peer& peer = peer_of(id);
    count(link, false);
    link.state = Link::State::open;
    count(link, true);
    link.opened_at = now_;
    link.peer = &peer;
    peer.links.push_back(&link);
    if (!peer.budget) peer.budget = std::make_unique<WindowBudget>(k_peer_window_bytes_min, &budget_);
    set_allowance(peer, now_);
    link.budget->move_into(*peer.budget);
    if (link.direction == Direction::outbound) book_.on_connected(id, link.address);
    // Our own attempts that are not established here cannot be established there either (we speak last in the
    // handshake), so the peer cannot be giving up this connection for one of them.
    if (peer.dial) end_dial(peer);
    link.dialed.reset();
    peer.askers.clear();
    if (peer.links.size() == 1) {
        PeerInfo const info{id, link.address, link.direction};
        for (auto const& carried : carried_) carried.protocol->on_peer_connected(info, now_);
    }
    open_waiting(peer, link, now_);
}

/// Looked at again with each ping, since it changes with what the peer does.
void Swarm::Core::set_allowance(Peer& peer, TimePoint now) {
    peer.budget->set_bytes_max(
        std::clamp(gate_.receive_bytes_max(peer.id, now), k_peer_window_bytes_min, k_peer_window_bytes_max));
}

/// Of two connections that were dialed both ways, the one dialed by the smaller id goes, once both ends are known to
/// have both; so never both go, and both ends choose alike.
void Swarm::Core::settle_crossing(Peer& peer, TimePoint now) {
    auto const winner = self_ < peer.id ? Direction::inbound : Direction::outbound;
    auto const is_usable = [](auto const* link) { return link->connection->is_confirmed() && !link->is_retiring; };
    bool const has_winner = std::any_of(peer.links.begin(), peer.links.end(), [&](auto const* link) {
        return is_usable(link) && link->direction == winner;
    });
    if (!has_winner) return;
    for (auto* const link : peer.links) {
        if (is_usable(link) && link->direction != winner) retire(*link, now);
    }
}

/// No new streams; those that are open have their time to end.
void Swarm::Core::retire(Link& link, TimePoint now) {
    if (link.is_retiring) return;
    link.is_retiring = true;
    link.limit = now + k_drain_timeout;
    link.connection->go_away();
    mark(link);
}

void Swarm::Core::close(Link& link, Ending ending, Error const& why) {
    if (link.state == Link::State::gone) return;
    auto const was = link.state;
    count(link, false);
    link.state = Link::State::gone;
    gone_.push_back(link.key);
    if (link.deadline) link_deadlines_.erase({*link.deadline, link.key});
    link.deadline.reset();
    lose_streams(link, why);
    if (ending == Ending::orderly && link.connection && !link.is_writing) {
        link.connection->go_away();
        Bytes out = link.connection->take_output(k_socket_write_bytes_max);
        if (!out.empty()) commands_.emplace_back(WriteSocket{link.key, std::move(out)});
    }
    bool const is_orderly = ending == Ending::orderly && was != Link::State::connecting;
    if (ending != Ending::socket_gone) commands_.emplace_back(CloseSocket{link.key, is_orderly});
    link.connection.reset();
    link.budget.reset();
    if (link.dialed) on_attempt_over(link, why, now_);
    if (link.peer == nullptr) return;
    Peer& peer = *link.peer;
    std::erase(peer.links, &link);
    if (!peer.links.empty()) return;
    peer.values.clear();
    peer.known.clear();
    for (auto const& carried : carried_) carried.protocol->on_peer_disconnected(peer.id, now_);
    forget_if_unused(peer);
}

/// The connection that is worth least, when one is worth nothing and not young: without streams first, then the one
/// that idles longest, then the oldest.
Swarm::Core::Link* Swarm::Core::least_worth(TimePoint now) {
    Link* victim = nullptr;
    auto const rank = [](Link const& link) {
        return std::tuple{link.connection->stream_count() > 0, link.idle_since.value_or(TimePoint::max()), link.key};
    };
    for (auto const& [key, link] : links_) {
        bool const may_go = link->state == Link::State::open && link->peer->value() == 0 &&
                            now - link->opened_at >= k_trim_grace;
        if (may_go && (victim == nullptr || rank(*link) < rank(*victim))) victim = link.get();
    }
    return victim;
}

bool Swarm::Core::make_room(TimePoint now) {
    Link* const victim = least_worth(now);
    if (victim == nullptr) return false;
    close(*victim, Ending::orderly, Error{Errc::cancelled, "swarm: a connection made room for another"});
    return true;
}

void Swarm::Core::on_link_due(Link& link, TimePoint now) {
    touched_.push_back(link.key);
    if (link.state == Link::State::connecting) {
        if (now < *link.limit) return;
        return close(link, Ending::abrupt, Error{Errc::timed_out, "swarm: no connection within 10 s"});
    }
    if (link.connection->next_deadline() <= now) {
        if (auto done = link.connection->on_deadline(now); !done) link.failed = std::move(done).error();
        if (link.peer != nullptr) set_allowance(*link.peer, now);
        mark(link);
    }
    if (link.state != Link::State::open || link.failed) return;
    if (link.limit && now >= *link.limit) {
        return close(link, Ending::orderly, Error{Errc::cancelled, "swarm: the connection was drained"});
    }
    if (!link.idle_since || now - *link.idle_since < k_idle_timeout) return;
    if (link.peer->value() > 0) {
        link.idle_since = now;
        return;
    }
    close(link, Ending::orderly, Error{Errc::cancelled, "swarm: the connection was idle"});
}

/// Puts the link into the set of deadlines at the first thing that is due.
void Swarm::Core::reschedule(Link& link) {
    std::optional<TimePoint> next = link.limit;
    auto const consider = [&](TimePoint at) {
        if (!next || at < *next) next = at;
    };
    if (link.connection) consider(link.connection->next_deadline());
    if (link.state == Link::State::open) {
        if (link.connection->stream_count() > 0) {
            link.idle_since.reset();
        } else {
            if (!link.idle_since) link.idle_since = now_;
            consider(*link.idle_since + k_idle_timeout);
        }
    }
    if (next == link.deadline) return;
    if (link.deadline) link_deadlines_.erase({*link.deadline, link.key});
    if (next) link_deadlines_.emplace(*next, link.key);
    link.deadline = next;
}

}  // namespace ggen::p2p
