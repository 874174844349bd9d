#include "node/peer_watch.hpp"

#include <utility>

#include "p2p/kad/address_list.hpp"

namespace ggen::p2p {

void PeerWatch::connect(PeerId const& peer, std::vector<Multiaddr> addresses, Done done) {
    if (peers_.contains(peer)) {
        done(ok());
        return;
    }
    if (waiters_.size() == k_waiters_max) {
        done(Error{Errc::too_large, "the node waits for too many connections already"});
        return;
    }
    waiters_.emplace(peer, std::move(done));
    put(ConnectPeer{peer, std::move(addresses)});
}

void PeerWatch::on_host_changed(HostInfo const& info, TimePoint /*now*/) { own_ = info.addresses; }

void PeerWatch::on_peer_connected(PeerInfo const& info, TimePoint now) {
    WatchedPeer watched{info.peer, info.address, info.direction, now, {}, {}};
    peers_.insert_or_assign(info.peer, std::move(watched));
    if (info.direction == Direction::inbound) {
        ++inbound_count_;
        bool const is_distant = address_reach(info.address.encode()) != AddressReach::loopback;
        if (is_distant) distant_ = InboundSeen{info.peer, info.address, now};
    }
    answer(info.peer, ok());
}

void PeerWatch::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) { peers_.erase(peer); }

void PeerWatch::on_dial_failed(PeerId const& peer, Error const& error, TimePoint /*now*/) { answer(peer, error); }

void PeerWatch::on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool /*is_certified*/,
                                  TimePoint /*now*/) {
    auto const at = peers_.find(peer);
    if (at != peers_.end()) at->second.addresses.assign(addresses.begin(), addresses.end());
}

void PeerWatch::on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint /*now*/) {
    auto const at = peers_.find(peer);
    if (at != peers_.end()) at->second.protocols.assign(protocols.begin(), protocols.end());
}

void PeerWatch::answer(PeerId const& peer, Result<void> const& outcome) {
    auto const [begin, end] = waiters_.equal_range(peer);
    std::vector<Done> done;
    for (auto at = begin; at != end; ++at) done.push_back(std::move(at->second));
    waiters_.erase(begin, end);
    for (auto const& one : done) one(outcome);
}

}  // namespace ggen::p2p
