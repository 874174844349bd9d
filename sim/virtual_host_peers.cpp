// Connections, dials, and what identify tells.
#include <algorithm>
#include <utility>

#include "sim/virtual_host.hpp"
#include "sim/virtual_host_state.hpp"

namespace ggen::sim {

namespace {
std::uint32_t subnet_of(Endpoint endpoint) { return (endpoint.ip >> 8U) + 1; }
}  // namespace

VirtualHost::Peer* VirtualHost::find_peer(NodeId peer) {
    auto const* const index = peer_index_.find(std::uint64_t{peer} + 1);
    return index == nullptr ? nullptr : &peers_[*index];
}

std::vector<NodeId> VirtualHost::connected_peers() const {
    std::vector<NodeId> found;
    for (auto const& peer : peers_) {
        if (peer.id != k_no_node) found.push_back(peer.id);
    }
    return found;
}

void VirtualHost::learn(NodeId peer, Endpoint endpoint) {
    if (endpoint.port == 0 || peer == self_) return;
    auto const first = (std::uint64_t{peer} + 1) * k_book_addresses_max;
    for (std::size_t i = 0; i < k_book_addresses_max; ++i) {
        auto const* const known = book_.find(first + i);
        if (known != nullptr && *known == endpoint.key()) return;
        if (known != nullptr) continue;
        book_[first + i] = endpoint.key();
        if (i > 0) return;
        book_order_.push_back(peer);
        if (book_order_.size() <= k_book_peers_max) return;
        auto const oldest = (std::uint64_t{book_order_.front()} + 1) * k_book_addresses_max;
        book_order_.pop_front();
        for (std::size_t j = 0; j < k_book_addresses_max; ++j) book_.erase(oldest + j);
        return;
    }
}

void VirtualHost::connect(std::uint8_t index, p2p::ConnectPeer const& request) {
    auto const peer = fabric_.intern(request.peer);
    if (peer == self_ || is_connected(peer)) return;
    dial(peer, request.addresses).askers |= 1U << index;
}

VirtualHost::PendingDial& VirtualHost::dial(NodeId peer, std::vector<Multiaddr> const& addresses) {
    auto const found = std::find_if(dials_.begin(), dials_.end(), [&](auto const& dial) { return dial->peer == peer; });
    auto const at = static_cast<std::size_t>(found - dials_.begin());
    if (at == dials_.size()) dials_.push_back(std::make_unique<PendingDial>());
    auto& dial = *dials_[at];
    dial.peer = peer;
    auto const add = [&](Endpoint endpoint) {
        bool const is_known = std::any_of(dial.endpoints.begin(), dial.endpoints.end(),
                                          [&](Endpoint other) { return other.key() == endpoint.key(); });
        if (endpoint.port != 0 && !is_known && dial.endpoints.size() < k_dial_addresses_max) {
            dial.endpoints.push_back(endpoint);
        }
    };
    for (auto const& address : addresses) add(Fabric::endpoint_of(address));
    for (std::size_t i = 0; i < k_book_addresses_max; ++i) {
        auto const* const known = book_.find((std::uint64_t{peer} + 1) * k_book_addresses_max + i);
        if (known != nullptr) add({static_cast<std::uint32_t>((*known - 1) >> 16U),
            static_cast<std::uint16_t>(*known - 1)});
    }
    if (dial.attempts.empty()) dial.next_step = fabric_.now();
    return dial;
}

void VirtualHost::step_dials() {
    auto const now = fabric_.now();
    for (std::size_t i = 0; i < dials_.size();) {
        auto& dial = *dials_[i];
        if (dial.attempts.empty() && dial.tried < dial.endpoints.size() && !has_room()) {
            dial.tried = dial.endpoints.size();
            dial.failure = DialFailure::host_full;
        }
        if (dial.tried < dial.endpoints.size() && dial.next_step <= now) {
            dial.attempts.push_back(fabric_.network().dial(self_, dial.endpoints[dial.tried++],
                options_.dial_round_trips));
            dial.next_step = now + options_.dial_step;
        }
        if (dial.tried == dial.endpoints.size() && dial.attempts.empty()) {
            fail_dial(i);
        } else {
            ++i;
        }
    }
}

void VirtualHost::fail_dial(std::size_t at) {
    auto const dial = std::move(dials_[at]);
    dials_.erase(dials_.begin() + static_cast<std::ptrdiff_t>(at));
    bool const has_address = !dial->endpoints.empty();
    auto const code = !has_address ? Errc::not_found
                      : dial->failure == DialFailure::timed_out ? Errc::timed_out
                      : dial->failure == DialFailure::host_full ? Errc::too_large : Errc::unavailable;
    for (auto const id : dial->streams) refuse(id, code, "dial failed");
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        if ((dial->askers >> index & 1U) == 0) continue;
        deferred_.push_back({.what = Deferred::What::dial_failed, .index = static_cast<std::uint8_t>(index),
                             .peer = dial->peer, .code = code, .why = "no address answered"});
    }
}

void VirtualHost::on_dial_failed(std::uint32_t attempt, DialFailure failure) {
    for (std::size_t i = 0; i < dials_.size(); ++i) {
        auto& dial = *dials_[i];
        if (std::erase(dial.attempts, attempt) == 0) continue;
        dial.failure = failure;
        dial.next_step = fabric_.now();  // The next address need not wait for its step.
        break;
    }
    finish_event();
}

void VirtualHost::on_dialed(std::uint32_t attempt, Wire wire) {
    bool const is_room = has_room();  // Before anything is looked up: making room calls protocols, and they dial.
    auto const found = std::find_if(dials_.begin(), dials_.end(), [&](auto const& dial) {
        return std::find(dial->attempts.begin(), dial->attempts.end(), attempt) != dial->attempts.end();
    });
    auto& network = fabric_.network();
    if (found == dials_.end()) return network.close(wire);
    auto& dial = **found;
    std::erase(dial.attempts, attempt);
    if (network.peer_of(wire) != dial.peer) {
        // Somebody else answers there: Noise refuses it.
        network.close(wire);
        dial.failure = DialFailure::refused;
        dial.next_step = fabric_.now();
    } else if (!is_room) {
        network.close(wire);
        dial.tried = dial.endpoints.size();
        dial.failure = DialFailure::host_full;
    } else {
        auto const done = std::move(*found);
        dials_.erase(found);
        for (auto const other : done->attempts) network.cancel_dial(other);
        add_connection(wire, done->peer, true);
        auto const* const peer = find_peer(done->peer);
        for (auto const id : done->streams) {
            if (peer != nullptr && fabric_.stream(id) != nullptr) attach(id, peer->connections.front());
        }
    }
    finish_event();
}

/// As the swarm: what is worth nothing and not young goes for a newcomer, in both directions.
bool VirtualHost::has_room() {
    if (connection_count_ >= options_.connections_max) trim();
    return connection_count_ < options_.connections_max;
}

bool VirtualHost::on_accepted(Wire wire, NodeId peer) {
    if (!has_room()) return false;
    auto const subnet = subnet_of(fabric_.network().endpoint(peer));
    if (options_.inbound_per_subnet_max != 0) {
        auto const* const count = inbound_subnets_.find(subnet);
        if (count != nullptr && *count >= options_.inbound_per_subnet_max) return false;
    }
    add_connection(wire, peer, false);
    finish_event();
    return true;
}

void VirtualHost::add_connection(Wire wire, NodeId id, bool is_outbound) {
    std::uint32_t at = 0;
    if (free_connections_.empty()) {
        at = static_cast<std::uint32_t>(connections_.size());
        connections_.emplace_back();
    } else {
        at = free_connections_.back();
        free_connections_.pop_back();
    }
    auto const endpoint = fabric_.network().endpoint(id);
    auto const subnet = is_outbound ? 0 : subnet_of(endpoint);
    if (subnet != 0) ++inbound_subnets_[subnet];
    connections_[at] = {.wire = wire, .peer = id, .is_used = true, .is_outbound = is_outbound, .subnet = subnet,
                        .inbound_streams = 0, .used_at = fabric_.now(), .streams = {}};
    fabric_.network().set_tag(wire, at);
    ++connection_count_;
    auto& index = peer_index_[std::uint64_t{id} + 1];
    bool const is_first = index >= peers_.size() || peers_[index].id != id;
    if (is_first) {
        if (free_peers_.empty()) {
            index = static_cast<std::uint32_t>(peers_.size());
            peers_.emplace_back();
        } else {
            index = free_peers_.back();
            free_peers_.pop_back();
        }
        peers_[index] = {.id = id, .connections = {}, .protocols = {}, .values = {}};
    }
    peers_[index].connections.push_back(at);
    if (options_.has_identify && !is_outbound) send_identify(wire, true);
    if (!is_first) return;
    // Whoever dials does so from a port that nobody listens on.
    auto const seen = Endpoint{endpoint.ip, is_outbound ? endpoint.port :
        static_cast<std::uint16_t>(49'152 + id % 16'384)};
    p2p::PeerInfo const info{.peer = fabric_.peer(id), .address = Fabric::make_address(seen),
                             .direction = is_outbound ? p2p::Direction::outbound : p2p::Direction::inbound};
    auto const now = to_time_point(fabric_.now());
    call_each([&](p2p::Protocol& protocol) { protocol.on_peer_connected(info, now); });
}

void VirtualHost::drop_connection(std::uint32_t at) {
    auto const peer_id = connections_[at].peer;
    auto const now = to_time_point(fabric_.now());
    while (!connections_[at].streams.empty()) {
        auto const id = connections_[at].streams.back();
        auto* const stream = fabric_.stream(id);
        std::uint8_t const side = stream->wire.side == connections_[at].wire.side ? 0 : 1;
        auto const end = stream->end[side];
        close_end(id, side);
        auto& protocol = *slots_[end.protocol].protocol;
        if (side == 0 && !end.is_answered) {
            protocol.on_stream_refused(end.key, Error{Errc::unavailable, "the connection was lost"}, now);
        } else {
            protocol.on_stream_reset(end.key, now);
        }
        drain(end.protocol);
    }
    auto& connection = connections_[at];
    if (connection.subnet != 0 && --inbound_subnets_[connection.subnet] == 0) inbound_subnets_.erase(connection.subnet);
    connection.is_used = false;
    free_connections_.push_back(at);
    --connection_count_;
    auto const index = *peer_index_.find(std::uint64_t{peer_id} + 1);
    std::erase(peers_[index].connections, at);
    if (!peers_[index].connections.empty()) return;
    peers_[index] = Peer{};
    free_peers_.push_back(index);
    peer_index_.erase(std::uint64_t{peer_id} + 1);
    call_each([&](p2p::Protocol& protocol) { protocol.on_peer_disconnected(fabric_.peer(peer_id), now); });
}

void VirtualHost::on_closed(Wire wire) {
    drop_connection(fabric_.network().tag(wire));
    finish_event();
}

void VirtualHost::disconnect(NodeId id) {
    while (auto* const peer = find_peer(id)) {
        auto const at = peer->connections.front();
        fabric_.network().close(connections_[at].wire);
        drop_connection(at);
    }
}

void VirtualHost::trim() {
    auto const now = fabric_.now();
    struct Candidate {
        std::uint64_t value;
        Nanos used_at;
        std::uint32_t at;
    };
    std::vector<Candidate> candidates;
    for (std::size_t at = 0; at < connections_.size(); ++at) {
        auto const& connection = connections_[at];
        if (!connection.is_used) continue;
        std::uint64_t value = 0;
        for (auto const one : find_peer(connection.peer)->values) value += one;
        if (value > 0) continue;
        candidates.push_back({connection.streams.size(), connection.used_at, static_cast<std::uint32_t>(at)});
    }
    std::sort(candidates.begin(), candidates.end(), [](Candidate const& a, Candidate const& b) {
        return std::tie(a.value, a.used_at, a.at) < std::tie(b.value, b.used_at, b.at);
    });
    for (auto const& candidate : candidates) {
        bool const is_idle = candidate.value == 0 && now - candidate.used_at >= options_.idle_timeout;
        bool const is_over = connection_count_ >= options_.connections_max &&
            now - candidate.used_at >= k_trim_interval;
        if (!is_idle && !is_over) continue;
        if (!connections_[candidate.at].is_used) continue;
        fabric_.network().close(connections_[candidate.at].wire);
        drop_connection(candidate.at);
    }
    next_trim_ = now + k_trim_interval;
}

void VirtualHost::send_identify(Wire wire, bool wants_answer) {
    // The payload is read at the other end from this host: both live in one process.
    Frame frame;
    frame.kind = static_cast<std::uint8_t>(HostFrame::identify);
    frame.number = wants_answer ? 1 : 0;
    frame.size_bytes = k_identify_bytes;
    (void)fabric_.network().send(wire, std::move(frame));
}

void VirtualHost::on_identify(Wire wire, Frame const& frame) {
    auto const& connection = connections_[fabric_.network().tag(wire)];
    auto const id = connection.peer;
    auto* const peer = find_peer(id);
    auto const* const other = dynamic_cast<VirtualHost*>(fabric_.network().program(id));
    if (peer == nullptr || other == nullptr) return;
    if (frame.number == 1) send_identify(wire, false);
    peer->protocols.clear();
    for (auto const& slot : other->slots_) peer->protocols.insert(peer->protocols.end(), slot.names.begin(),
        slot.names.end());
    learn(id, fabric_.network().endpoint(id));
    tell_protocols(id);
}

void VirtualHost::tell_protocols(NodeId id) {
    auto const* const peer = find_peer(id);
    if (peer == nullptr) return;
    std::vector<std::string> names;
    names.reserve(peer->protocols.size());
    for (auto const name : peer->protocols) names.push_back(fabric_.protocol_name(name));
    auto const now = to_time_point(fabric_.now());
    // A real identify inside tells of addresses itself, by LearnAddresses.
    if (options_.has_identify) {
        std::vector<Multiaddr> const addresses{Fabric::make_address(fabric_.network().endpoint(id))};
        call_each([&](p2p::Protocol& protocol) { protocol.on_peer_addresses(fabric_.peer(id), addresses, true, now); });
    }
    call_each([&](p2p::Protocol& protocol) { protocol.on_peer_protocols(fabric_.peer(id), names, now); });
}

}  // namespace ggen::sim
