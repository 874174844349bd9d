#include <algorithm>

#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {

void Swarm::Core::tell_host_info() {
    HostInfo info{self_, *names_, {}};
    for (auto const& [key, listener] : listeners_) {
        info.addresses.insert(info.addresses.end(), listener.actual.begin(), listener.actual.end());
    }
    for (auto const& address : confirmed_) {
        if (std::find(info.addresses.begin(), info.addresses.end(), address) == info.addresses.end()) {
            info.addresses.push_back(address);
        }
    }
    for (auto const& carried : carried_) carried.protocol->on_host_changed(info, now_);
}

void Swarm::Core::refresh_names() {
    by_name_.clear();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < carried_.size(); ++i) {
        for (auto& name : carried_[i].protocol->protocols()) {
            if (by_name_.emplace(name, i).second) names.push_back(std::move(name));
        }
    }
    names_ = std::make_shared<std::vector<std::string> const>(std::move(names));
    for (auto const& [key, link] : links_) {
        if (link->connection) link->connection->set_protocols(names_);
    }
    is_host_info_due_ = true;
}

/// Whether there was anything.
bool Swarm::Core::drain_protocols() {
    bool is_any = false;
    for (std::size_t i = 0; i < carried_.size(); ++i) {
        while (auto output = carried_[i].protocol->poll_output()) {
            apply(i, std::move(*output));
            is_any = true;
        }
    }
    return is_any;
}

void Swarm::Core::apply(std::size_t protocol, ProtocolOutput output) {
    if (auto* open_stream = std::get_if<OpenStream>(&output)) {
        open(protocol, std::move(*open_stream), now_);
    } else if (auto* write_stream = std::get_if<WriteStream>(&output)) {
        write({protocol, write_stream->stream}, std::move(write_stream->bytes));
    } else if (auto const* finish_stream = std::get_if<FinishStream>(&output)) {
        finish({protocol, finish_stream->stream});
    } else if (auto const* reset_stream = std::get_if<ResetStream>(&output)) {
        reset({protocol, reset_stream->stream});
    } else if (auto const* pause_stream = std::get_if<PauseStream>(&output)) {
        pause({protocol, pause_stream->stream}, pause_stream->is_paused);
    } else if (auto const* connect = std::get_if<ConnectPeer>(&output)) {
        Peer& peer = peer_of(connect->peer);
        if (link_for_streams(peer) != nullptr) return;
        peer.askers.insert(protocol);
        want_connection(peer, connect->addresses, now_);
    } else if (auto const* disconnect = std::get_if<DisconnectPeer>(&output)) {
        auto* const peer = find_peer(disconnect->peer);
        if (peer == nullptr) return;
        for (auto* const link : std::vector{peer->links}) {
            close(*link, Ending::orderly, Error{Errc::cancelled, "swarm: disconnected"});
        }
    } else if (auto const* value = std::get_if<ValuePeer>(&output)) {
        auto* const peer = find_peer(value->peer);
        if (peer == nullptr) return;
        if (value->value == 0) {
            peer->values.erase(protocol);
        } else {
            peer->values[protocol] = value->value;
        }
    } else if (auto const* learned = std::get_if<LearnAddresses>(&output)) {
        on_learned(*learned);
    } else if (auto const* report = std::get_if<ReportPeer>(&output)) {
        on_conduct(*report);
    } else if (std::holds_alternative<ProtocolsChanged>(output)) {
        refresh_names();
    } else if (auto* identified = std::get_if<PeerIdentified>(&output)) {
        on_identified(std::move(*identified));
    } else if (auto* confirmed = std::get_if<ConfirmAddress>(&output)) {
        bool const is_known = std::find(confirmed_.begin(), confirmed_.end(), confirmed->address) != confirmed_.end();
        if (is_known || confirmed_.size() == k_confirmed_addresses_max) return;
        confirmed_.push_back(std::move(confirmed->address));
        is_host_info_due_ = true;
    }
}

/// Only of peers that are connected: what is said of others cannot be put down to anybody's address.
void Swarm::Core::on_conduct(ReportPeer const& report) {
    auto const* const peer = find_peer(report.peer);
    if (peer == nullptr || peer->links.empty()) return;
    gate_.on_conduct(report, peer->links.front()->address, now_);
    if (gate_.may_stay(peer->id, now_)) return;
    for (auto* const link : std::vector{peer->links}) {
        close(*link, Ending::orderly, Error{Errc::refused, "swarm: the peer misbehaves"});
    }
}

void Swarm::Core::on_learned(LearnAddresses const& learned) {
    if (learned.peer == self_) return;
    book_.learn(learned.peer, learned.addresses, learned.is_certified);
    auto const* const peer = find_peer(learned.peer);
    if (peer == nullptr || peer->links.empty()) return;
    for (auto const& carried : carried_) {
        carried.protocol->on_peer_addresses(learned.peer, learned.addresses, learned.is_certified, now_);
    }
}

void Swarm::Core::on_identified(PeerIdentified identified) {
    auto* const peer = find_peer(identified.peer);
    if (peer == nullptr || peer->links.empty()) return;
    if (identified.protocols.size() > k_known_protocols_max) identified.protocols.resize(k_known_protocols_max);
    peer->known = std::move(identified.protocols);
    for (auto const& carried : carried_) {
        if (!identified.signed_record.empty()) {
            carried.protocol->on_peer_record(peer->id, identified.signed_record, now_);
        }
        carried.protocol->on_peer_protocols(peer->id, peer->known, now_);
    }
}

}  // namespace ggen::p2p
