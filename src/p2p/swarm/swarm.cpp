#include "p2p/swarm/swarm.hpp"

#include <algorithm>

#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {

Swarm::Swarm(SwarmOptions options, Random& random, Gate* gate)
    : core_(std::make_unique<Core>(std::move(options), random, gate)) {}
Swarm::~Swarm() = default;

void Swarm::add_protocol(Protocol& protocol, TimePoint now) {
    GGEN_ASSERT(core_->links_.empty());
    core_->carried_.emplace_back().protocol = &protocol;
    core_->refresh_names();
    core_->settle(now);
}

void Swarm::on_protocols_called(TimePoint now) { core_->settle(now); }

ListenerKey Swarm::listen(Multiaddr const& address, TimePoint now) {
    ListenerKey const key = core_->next_number_++;
    core_->listeners_.emplace(key, Core::Listener{address});
    core_->commands_.emplace_back(ListenOn{key, address});
    core_->settle(now);
    return key;
}

void Swarm::stop_listening(ListenerKey listener, TimePoint now) {
    if (core_->listeners_.erase(listener) == 0) return;
    core_->commands_.emplace_back(StopListening{listener});
    core_->is_host_info_due_ = true;
    core_->settle(now);
}

void Swarm::disconnect(PeerId const& peer, TimePoint now) {
    auto* const found = core_->find_peer(peer);
    if (found == nullptr) return;
    for (auto* const link : std::vector{found->links}) {
        core_->close(*link, Core::Ending::orderly, Error{Errc::cancelled, "swarm: disconnected"});
    }
    core_->settle(now);
}

void Swarm::ban_peer(PeerId const& peer, TimePoint until, TimePoint now) {
    core_->banned_peers_.add(peer, until);
    disconnect(peer, now);
}

void Swarm::unban_peer(PeerId const& peer) { core_->banned_peers_.remove(peer); }

Result<void> Swarm::ban_network(Multiaddr const& address, TimePoint until, TimePoint now) {
    auto const endpoint = IpEndpoint::of(address);
    if (!endpoint) return Error{Errc::invalid, "swarm: a network is named by an address /ip4|ip6/…/tcp/…"};
    auto const network = IpNetwork::of(*endpoint);
    core_->banned_networks_.add(network, until);
    std::vector<Core::Link*> links;
    for (auto const& [key, link] : core_->links_) {
        auto const remote = IpEndpoint::of(link->address);
        if (remote && IpNetwork::of(*remote) == network) links.push_back(link.get());
    }
    for (auto* const link : links) {
        core_->close(*link, Core::Ending::orderly, Error{Errc::refused, "swarm: the network is banned"});
    }
    core_->settle(now);
    return ok();
}

void Swarm::learn_addresses(PeerId const& peer, std::vector<Multiaddr> const& addresses, bool is_certified) {
    core_->book_.learn(peer, addresses, is_certified);
}

void Swarm::shut_down(TimePoint now) {
    for (auto const& [key, listener] : core_->listeners_) core_->commands_.emplace_back(StopListening{key});
    core_->listeners_.clear();
    Error const why{Errc::cancelled, "swarm: shut down"};
    std::vector<PeerId> dialed;
    for (auto const& [id, peer] : core_->peers_) {
        if (peer->dial) dialed.push_back(id);
    }
    for (auto const& id : dialed) core_->fail_dial(core_->peer_of(id), why);
    std::vector<Core::Link*> links;
    links.reserve(core_->links_.size());
    for (auto const& [key, link] : core_->links_) links.push_back(link.get());
    for (auto* const link : links) core_->close(*link, Core::Ending::orderly, why);
    core_->settle(now);
}

PeerId const& Swarm::self() const { return core_->self_; }

std::vector<Multiaddr> Swarm::listen_addresses() const {
    std::vector<Multiaddr> out;
    for (auto const& [key, listener] : core_->listeners_) {
        out.insert(out.end(), listener.actual.begin(), listener.actual.end());
    }
    return out;
}

std::size_t Swarm::pending_listeners() const {
    auto const& all = core_->listeners_;
    auto const is_pending = [](auto const& at) { return at.second.actual.empty(); };
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_pending));
}

std::optional<Error> const& Swarm::listen_failure() const { return core_->listen_failure_; }

std::vector<Multiaddr> Swarm::known_addresses(PeerId const& peer) const { return core_->book_.all_addresses(peer); }

bool Swarm::is_connected(PeerId const& peer) const {
    auto const* const found = core_->find_peer(peer);
    return found != nullptr && !found->links.empty();
}

SwarmUsage Swarm::usage() const { return core_->usage(); }
std::vector<PeerUsage> Swarm::peers() const { return core_->peers(); }

void Swarm::on_listening(ListenerKey listener, Multiaddr const& address, TimePoint now) {
    auto const at = core_->listeners_.find(listener);
    if (at == core_->listeners_.end()) return;
    at->second.actual.push_back(address);
    core_->is_host_info_due_ = true;
    core_->settle(now);
}

void Swarm::on_listen_failed(ListenerKey listener, Error const& error, TimePoint now) {
    if (core_->listeners_.erase(listener) > 0) core_->is_host_info_due_ = true;
    core_->listen_failure_ = error;
    core_->settle(now);
}

void Swarm::on_resolved(ResolveKey key, Result<std::vector<Multiaddr>> const& addresses, TimePoint now) {
    core_->on_resolved(key, addresses, now);
    core_->settle(now);
}

void Swarm::on_socket_connected(SocketKey socket, Multiaddr const& /*local*/, TimePoint now) {
    auto* const link = core_->link_of(socket);
    if (link == nullptr || link->state != Core::Link::State::connecting) return;
    core_->start_upgrade(*link, now);
    core_->settle(now);
}

void Swarm::on_socket_failed(SocketKey socket, Error const& error, TimePoint now) {
    auto* const link = core_->link_of(socket);
    if (link != nullptr) core_->close(*link, Core::Ending::socket_gone, error);
    core_->settle(now);
}

std::optional<SocketKey> Swarm::on_socket_accepted(ListenerKey listener, Multiaddr const& /*local*/,
                                                   Multiaddr const& remote, TimePoint now) {
    if (!core_->listeners_.contains(listener)) return std::nullopt;
    auto const key = core_->accept(remote, now);
    core_->settle(now);
    return key;
}

void Swarm::on_socket_bytes(SocketKey socket, BytesView bytes, TimePoint now) {
    auto* const link = core_->link_of(socket);
    if (link == nullptr || !link->connection || link->failed) return;
    core_->on_bytes(*link, bytes, now);
    core_->settle(now);
}

void Swarm::on_socket_written(SocketKey socket, TimePoint now) {
    auto* const link = core_->link_of(socket);
    if (link == nullptr || !link->is_writing) return;
    link->is_writing = false;
    core_->mark(*link);
    core_->settle(now);
}

void Swarm::on_socket_closed(SocketKey socket, TimePoint now) {
    auto* const link = core_->link_of(socket);
    if (link == nullptr) return;
    core_->close(*link, Core::Ending::socket_gone, Error{Errc::unavailable, "swarm: the peer closed the connection"});
    core_->settle(now);
}

std::optional<SwarmCommand> Swarm::poll_command() {
    if (core_->commands_.empty()) return std::nullopt;
    auto command = std::move(core_->commands_.front());
    core_->commands_.pop_front();
    return command;
}

std::optional<TimePoint> Swarm::next_deadline() const { return core_->next_deadline(); }

void Swarm::on_deadline(TimePoint now) {
    core_->on_deadline(now);
    core_->settle(now);
}

}  // namespace ggen::p2p
