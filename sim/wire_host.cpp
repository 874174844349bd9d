#include "sim/wire_host.hpp"

#include <algorithm>
#include <utility>

namespace ggen::sim {

namespace {
/// A swarm that asks so often for a deadline that is over, at one instant, is in a loop.
constexpr std::uint32_t k_spins_max = 1'000;
/// A longer write travels in pieces, as in TCP: the first bytes need not wait for the last.
constexpr std::size_t k_piece_bytes = std::size_t{64} * 1024;
/// What a socket takes before it has left.
constexpr std::size_t k_socket_bytes = std::size_t{64} * 1024;
constexpr std::uint32_t k_round_trips_of_tcp = 1;
}  // namespace

void WireHost::Keys::fill(std::span<std::uint8_t> out) {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(dice_.next());
}

void WireHost::Reports::on_conduct(p2p::ReportPeer const& report, Multiaddr const& /*address*/, TimePoint /*now*/) {
    if (fabric_.on_report) fabric_.on_report(self_, fabric_.intern(report.peer), report);
}

WireHost::WireHost(Fabric& fabric, NodeId self, HostOptions const& options, Ed25519PrivateKey const& key,
                   std::uint64_t dice)
    : fabric_(fabric), self_(self), keys_(dice), reports_(fabric, self),
      identify_(key, p2p::IdentifyOptions{.record_seq = static_cast<std::uint64_t>(fabric.now()) + 1}),
      has_identify_(options.has_identify),
      swarm_(p2p::SwarmOptions{.identity = key, .connections_max = options.connections_max}, keys_, &reports_) {
    if (has_identify_) swarm_.add_protocol(identify_, now());
}

WireHost::~WireHost() = default;

void WireHost::add(std::unique_ptr<p2p::Protocol> protocol) {
    protocols_.push_back(std::move(protocol));
    swarm_.add_protocol(*protocols_.back(), now());
}

Multiaddr WireHost::address() const { return Fabric::make_address(fabric_.network().endpoint(self_)); }

void WireHost::pump() {
    swarm_.on_protocols_called(now());
    settle();
}

std::vector<NodeId> WireHost::connected_peers() const {
    std::vector<NodeId> found;
    for (auto const& peer : swarm_.peers()) found.push_back(fabric_.intern(peer.peer));
    return found;
}

void WireHost::learn(NodeId peer, Endpoint endpoint) {
    if (endpoint.port == 0 || peer == self_) return;
    swarm_.learn_addresses(fabric_.peer(peer), {Fabric::make_address(endpoint)}, false);
}

void WireHost::on_start() {
    listener_ = swarm_.listen(address(), now());
    settle();
}

void WireHost::on_dialed(std::uint32_t dial, Wire wire) {
    auto const found = dials_.find(dial);
    if (found == dials_.end()) return fabric_.network().close(wire);
    auto const key = found->second;
    dials_.erase(found);
    sockets_[key] = {.wire = wire, .dial = 0, .is_connected = true};
    wires_[{wire.slot, wire.generation}] = key;
    swarm_.on_socket_connected(key, address(), now());
    settle();
}

void WireHost::on_dial_failed(std::uint32_t dial, DialFailure failure) {
    auto const found = dials_.find(dial);
    if (found == dials_.end()) return;
    auto const key = found->second;
    dials_.erase(found);
    sockets_.erase(key);
    auto const code = failure == DialFailure::timed_out ? Errc::timed_out : Errc::unavailable;
    swarm_.on_socket_failed(key, Error{code, "no answer"}, now());
    settle();
}

bool WireHost::on_accepted(Wire wire, NodeId peer) {
    // Whoever dials does so from a port that nobody listens on.
    auto const from = Endpoint{fabric_.network().endpoint(peer).ip, static_cast<std::uint16_t>(49'152 + peer % 16'384)};
    auto const key = swarm_.on_socket_accepted(listener_, address(), Fabric::make_address(from), now());
    if (key) {
        sockets_[*key] = {.wire = wire, .dial = 0, .is_connected = true};
        wires_[{wire.slot, wire.generation}] = *key;
    }
    settle();
    return key.has_value();
}

void WireHost::on_frame(Wire wire, Frame const& frame) {
    auto const found = wires_.find({wire.slot, wire.generation});
    if (found == wires_.end()) return;
    swarm_.on_socket_bytes(found->second, *frame.block, now());
    settle();
}

void WireHost::on_closed(Wire wire) {
    auto const found = wires_.find({wire.slot, wire.generation});
    if (found == wires_.end()) return;
    auto const key = found->second;
    wires_.erase(found);
    sockets_.erase(key);
    swarm_.on_socket_closed(key, now());
    settle();
}

void WireHost::on_timer() {
    auto const at = fabric_.now();
    while (!written_.empty() && written_.top().at <= at) {
        auto const key = written_.top().socket;
        written_.pop();
        swarm_.on_socket_written(key, now());
    }
    auto const deadline = swarm_.next_deadline();
    if (deadline && from_time_point(*deadline) <= at) {
        spins_ = spun_at_ == at ? spins_ + 1 : 0;
        spun_at_ = at;
        if (spins_ > k_spins_max) {
            fabric_.violate(self_, "the swarm asks again and again for a deadline that is over");
            return;
        }
        swarm_.on_deadline(now());
    }
    settle();
}

/// Takes what the swarm and the application want, until they want nothing more.
void WireHost::settle() {
    for (bool has_news = true; has_news;) {
        while (auto command = swarm_.poll_command()) obey(std::move(*command));
        has_news = false;
        for (std::size_t i = 0; application_ != nullptr && i < protocols_.size(); ++i) {
            has_news = application_->on_called(*this, i) || has_news;
        }
        if (has_news) swarm_.on_protocols_called(now());
        while (!written_.empty() && written_.top().at <= fabric_.now()) {
            auto const key = written_.top().socket;
            written_.pop();
            swarm_.on_socket_written(key, now());
            has_news = true;
        }
    }
    auto wake = written_.empty() ? k_never : written_.top().at;
    if (auto const deadline = swarm_.next_deadline()) wake = std::min(wake, from_time_point(*deadline));
    fabric_.network().wake_at(self_, wake == k_never ? wake : std::max(wake, fabric_.now()));
}

void WireHost::obey(p2p::SwarmCommand command) {
    auto& network = fabric_.network();
    if (auto const* const listen = std::get_if<p2p::ListenOn>(&command)) {
        swarm_.on_listening(listen->listener, listen->address, now());
    } else if (auto const* const resolve = std::get_if<p2p::ResolveAddress>(&command)) {
        swarm_.on_resolved(resolve->key, Error{Errc::not_found, "there are no names here"}, now());
    } else if (auto const* const connect = std::get_if<p2p::ConnectSocket>(&command)) {
        auto const dial = network.dial(self_, Fabric::endpoint_of(connect->address), k_round_trips_of_tcp);
        sockets_[connect->socket] = {.wire = {}, .dial = dial, .is_connected = false};
        dials_[dial] = connect->socket;
    } else if (auto const* const request = std::get_if<p2p::WriteSocket>(&command)) {
        write(*request);
    } else if (auto const* const close = std::get_if<p2p::CloseSocket>(&command)) {
        auto const found = sockets_.find(close->socket);
        if (found == sockets_.end()) return;
        auto const socket = found->second;
        sockets_.erase(found);
        if (socket.is_connected) {
            wires_.erase({socket.wire.slot, socket.wire.generation});
            network.close(socket.wire);
        } else {
            dials_.erase(socket.dial);
            network.cancel_dial(socket.dial);
        }
    }
}

void WireHost::write(p2p::WriteSocket const& request) {
    auto const found = sockets_.find(request.socket);
    if (found == sockets_.end() || !found->second.is_connected) return;
    auto& network = fabric_.network();
    auto left = fabric_.now();
    for (std::size_t at = 0; at < request.bytes.size(); at += k_piece_bytes) {
        auto const size = std::min(k_piece_bytes, request.bytes.size() - at);
        auto const piece = BytesView{request.bytes}.subspan(at, size);
        Frame frame;
        frame.block = std::make_shared<Bytes const>(piece.begin(), piece.end());
        frame.size_bytes = static_cast<std::uint32_t>(size);
        frame.hash = hash_bytes(piece);
        left = network.send(found->second.wire, std::move(frame));
    }
    written_.push({.at = request.bytes.size() <= k_socket_bytes ? fabric_.now() : left, .socket = request.socket});
}

}  // namespace ggen::sim
