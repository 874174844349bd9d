#include <algorithm>

#include "p2p/identity/identity.hpp"
#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {
namespace {

Gate& gate_or_open(Gate* gate) {
    static Gate open;
    return gate != nullptr ? *gate : open;
}

}  // namespace

Swarm::Core::Core(SwarmOptions options, Random& random, Gate* gate)
    : options_(std::move(options)),
      random_(random),
      gate_(gate_or_open(gate)),
      self_(peer_id_of(options_.identity.public_key())),
      static_key_(X25519PrivateKey::generate(random)),
      budget_(options_.window_bytes_max) {}

/// Events first, then what protocols make of them, and only when both are quiet the bytes of all layers and streams
/// leave in one write for each socket. Sending makes events, so around again.
void Swarm::Core::settle(TimePoint now) {
    now_ = now;
    for (bool is_busy = true; is_busy;) {
        is_busy = false;
        while (!pumps_.empty()) {
            auto const due = std::exchange(pumps_, {});
            for (auto const key : due) {
                if (auto* const link = link_of(key)) pump(*link);
            }
            is_busy = true;
        }
        if (std::exchange(is_host_info_due_, false)) tell_host_info();
        is_busy = drain_protocols() || is_busy;
        is_busy = deliver_resumed() || is_busy;
        if (is_busy || !pumps_.empty()) {
            is_busy = true;
            continue;
        }
        auto const due = std::exchange(flushes_, {});
        for (auto const key : due) {
            auto* const link = link_of(key);
            if (link != nullptr && flush(*link)) is_busy = true;
        }
    }
    for (auto const key : std::exchange(touched_, {})) {
        if (auto* const link = link_of(key)) reschedule(*link);
    }
    for (auto const key : std::exchange(gone_, {})) links_.erase(key);
}

std::optional<TimePoint> Swarm::Core::next_deadline() const {
    std::optional<TimePoint> next;
    auto const consider = [&](TimePoint at) {
        if (!next || at < *next) next = at;
    };
    if (!link_deadlines_.empty()) consider(link_deadlines_.begin()->first);
    if (!dial_deadlines_.empty()) consider(dial_deadlines_.begin()->first.first);
    for (auto const& carried : carried_) {
        if (auto const at = carried.protocol->next_deadline()) consider(*at);
    }
    return next;
}

void Swarm::Core::on_deadline(TimePoint now) {
    now_ = now;
    std::vector<SocketKey> links;
    for (auto const& [at, key] : link_deadlines_) {
        if (at > now) break;
        links.push_back(key);
    }
    for (auto const key : links) {
        if (auto* const link = link_of(key)) on_link_due(*link, now);
    }
    std::vector<PeerId> dials;
    for (auto const& [at, peer] : dial_deadlines_) {
        if (at.first > now) break;
        dials.push_back(peer);
    }
    for (auto const& id : dials) {
        auto* const peer = find_peer(id);
        if (peer != nullptr && peer->dial) run_dial(*peer, now);
    }
    for (auto const& carried : carried_) {
        auto const at = carried.protocol->next_deadline();
        if (at && *at <= now) carried.protocol->on_deadline(now);
    }
}

SwarmUsage Swarm::Core::usage() const {
    SwarmUsage usage;
    usage.connections = open_;
    usage.dials = dials_;
    usage.window_bytes = budget_.taken_bytes();
    for (auto const& [key, link] : links_) usage.handshakes += link->state == Link::State::upgrading ? 1U : 0U;
    for (auto const& carried : carried_) usage.streams += carried.streams.size();
    for (auto const& [id, peer] : peers_) {
        usage.peers += peer->links.empty() ? 0U : 1U;
        usage.waiting_streams += peer->waiting.size();
    }
    return usage;
}

std::vector<PeerUsage> Swarm::Core::peers() const {
    std::vector<PeerUsage> out;
    for (auto const& [id, peer] : peers_) {
        if (peer->links.empty()) continue;
        Link const& first = *peer->links.front();
        PeerUsage usage{id, first.address, first.direction, peer->links.size(), 0, 0, peer->value(),
                        first.connection->round_trip()};
        for (auto const* const link : peer->links) {
            usage.streams += link->streams.size();
            usage.held_bytes += link->connection->held_bytes();
        }
        out.push_back(std::move(usage));
    }
    return out;
}

}  // namespace ggen::p2p
