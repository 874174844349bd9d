#include <algorithm>

#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {
namespace {

/// How soon a dial looks again when the limits of sockets held it back.
constexpr std::chrono::milliseconds k_dial_retry{50};

bool is_name(Multiaddr const& address) {
    return address.has(MultiaddrCode::dns) || address.has(MultiaddrCode::dns4) || address.has(MultiaddrCode::dns6) ||
           address.has(MultiaddrCode::dnsaddr);
}

}  // namespace

Swarm::Core::Peer* Swarm::Core::find_peer(PeerId const& id) {
    auto const at = peers_.find(id);
    return at == peers_.end() ? nullptr : at->second.get();
}

Swarm::Core::Peer& Swarm::Core::peer_of(PeerId const& id) {
    auto& peer = peers_[id];
    if (!peer) peer = std::make_unique<Peer>(Peer{id});
    return *peer;
}

void Swarm::Core::forget_if_unused(Peer& peer) {
    if (!peer.is_used()) peers_.erase(PeerId{peer.id});
}

/// Starts a dial, or gives the one that runs more addresses. When there is no way to the peer, everybody who waits
/// for it is told.
void Swarm::Core::want_connection(Peer& peer, std::vector<Multiaddr> const& addresses, TimePoint now) {
    auto const refused = [](char const* why) { return Error{Errc::refused, std::string{"swarm: "} + why}; };
    if (peer.id == self_) return fail_dial(peer, refused("this host does not dial itself"));
    if (banned_peers_.contains(peer.id, now)) return fail_dial(peer, refused("the peer is banned"));
    if (!peer.dial) {
        if (dialing_peers_ >= k_peers_dialed_max) {
            return fail_dial(peer, Error{Errc::too_large, "swarm: too many peers are dialed (k_peers_dialed_max)"});
        }
        if (open_ >= options_.connections_max && least_worth(now) == nullptr) {
            return fail_dial(
                peer, Error{Errc::too_large, "swarm: the limit of connections is reached (connections_max)"});
        }
        ++dialing_peers_;
        peer.dial = std::make_unique<detail::Dial>();
        peer.dial->number = next_number_++;
    }
    auto const named = plan(peer, addresses, 1, true, now);
    auto const known = plan(peer, book_.addresses(peer.id, now), 1, false, now);
    if (!peer.dial->error) peer.dial->error = named ? named : known;
    run_dial(peer, now);
}

/// Adds steps and lookups for `addresses`. Why nothing came of one of them; nullopt when all is well.
std::optional<Error> Swarm::Core::plan(Peer& peer, std::vector<Multiaddr> const& addresses, std::size_t depth,
                                       bool is_named, TimePoint now) {
    std::optional<Error> why;
    detail::Dial& dial = *peer.dial;
    std::vector<Multiaddr> direct;
    for (auto const& given : addresses) {
        auto const address = without_peer(given, peer.id);
        if (!address) continue;
        if (is_name(*address)) {
            if (depth > k_dial_resolve_depth_max || dial.resolves_started == k_dial_resolves_max) continue;
            ++dial.resolves_started;
            dial.resolve_limit = now + k_resolve_timeout;
            ResolveKey const key = next_number_++;
            lookups_.emplace(key, Lookup{peer.id, depth});
            dial.resolves.insert(key);
            // The /p2p of a dnsaddr chooses among its answers, so the whole address goes out.
            commands_.emplace_back(ResolveAddress{key, given});
        } else if (book_.is_backing_off(peer.id, *address, now)) {
            why = Error{Errc::unavailable, "swarm: the addresses of the peer failed lately"};
        } else if (may_dial(peer, *address, is_named, now)) {
            direct.push_back(*address);
        } else {
            why = Error{Errc::refused, "swarm: an address that may not be dialed: " + address->text()};
        }
    }
    for (auto& step : plan_dial(direct)) {
        bool const is_planned = std::any_of(dial.steps.begin(), dial.steps.end(),
                                            [&](auto const& other) { return other.address == step.address; });
        bool const is_tried = std::any_of(dial.attempts.begin(), dial.attempts.end(), [&](SocketKey key) {
            return links_.at(key)->address == step.address;
        });
        if (is_planned || is_tried || dial.addresses_planned == k_dial_addresses_max) continue;
        ++dial.addresses_planned;
        dial.steps.push_back({std::move(step.address), now + step.delay});
    }
    std::stable_sort(dial.steps.begin(), dial.steps.end(), [](auto const& a, auto const& b) { return a.at < b.at; });
    return why;
}

bool Swarm::Core::may_dial(Peer const& peer, Multiaddr const& address, bool is_named, TimePoint now) {
    auto const endpoint = IpEndpoint::of(address);
    if (!endpoint || endpoint->scope() == IpScope::none) return false;
    if (endpoint->scope() != IpScope::global && !is_named && !options_.dials_site_addresses) return false;
    if (banned_networks_.contains(IpNetwork::of(*endpoint), now)) return false;
    for (auto const& [key, listener] : listeners_) {
        auto const& own = listener.actual;
        if (std::find(own.begin(), own.end(), address) != own.end()) return false;
    }
    return gate_.may_dial(peer.id, address, now);
}

void Swarm::Core::on_resolved(ResolveKey key, Result<std::vector<Multiaddr>> const& addresses, TimePoint now) {
    now_ = now;
    auto const at = lookups_.find(key);
    if (at == lookups_.end()) return;
    Lookup const lookup = std::move(at->second);
    lookups_.erase(at);
    auto* const peer = find_peer(lookup.peer);
    if (peer == nullptr || !peer->dial || peer->dial->resolves.erase(key) == 0) return;
    if (addresses) {
        std::vector<Multiaddr> taken = *addresses;
        if (taken.size() > k_dial_resolved_max) taken.resize(k_dial_resolved_max, taken.front());
        if (auto why = plan(*peer, taken, lookup.depth + 1, true, now)) peer->dial->error = std::move(why);
    } else {
        peer->dial->error = addresses.error();
    }
    run_dial(*peer, now);
}

/// Starts what is due and sees whether anything is left to hope for.
void Swarm::Core::run_dial(Peer& peer, TimePoint now) {
    detail::Dial& dial = *peer.dial;
    if (!dial.resolves.empty() && now >= dial.resolve_limit) {
        for (auto const key : std::exchange(dial.resolves, {})) lookups_.erase(key);
        dial.error = Error{Errc::timed_out, "swarm: no answer to a name within 10 s"};
    }
    // Nobody is left to wait for, so the next one need not wait either.
    if (dial.attempts.empty() && !dial.steps.empty()) dial.steps.front().at = std::min(dial.steps.front().at, now);
    std::optional<TimePoint> next;
    while (!dial.steps.empty()) {
        auto const due = dial.attempts.empty() ? dial.steps.front().at : std::max(dial.steps.front().at, dial.patience);
        next = due;
        if (due > now) break;
        auto const endpoint = IpEndpoint::of(dial.steps.front().address);
        auto const network = networks_.find(IpNetwork::of(*endpoint));
        bool const is_held = dials_ >= k_dials_max || (network != networks_.end() &&
                                                       network->second.dials >= k_dials_per_network_max);
        if (is_held) {
            next = now + k_dial_retry;
            break;
        }
        auto address = std::move(dial.steps.front().address);
        dial.steps.pop_front();
        next.reset();
        Link& link = add_link(Direction::outbound, std::move(address), now);
        link.dialed = peer.id;
        dial.attempts.insert(link.key);
        commands_.emplace_back(ConnectSocket{link.key, link.address});
    }
    if (!dial.resolves.empty() && (!next || dial.resolve_limit < *next)) next = dial.resolve_limit;
    schedule_dial(peer, next);
    if (!dial.attempts.empty() || !dial.steps.empty() || !dial.resolves.empty()) return;
    fail_dial(peer, dial.error ? Error{*dial.error} : Error{Errc::not_found, "swarm: no address of the peer is known"});
}

void Swarm::Core::on_attempt_over(Link& link, Error const& why, TimePoint now) {
    PeerId const id = *link.dialed;
    link.dialed.reset();
    auto* const peer = find_peer(id);
    if (peer == nullptr || !peer->dial || peer->dial->attempts.erase(link.key) == 0) return;
    book_.on_failed(id, link.address, now);
    peer->dial->error = why;
    run_dial(*peer, now);
}

void Swarm::Core::schedule_dial(Peer& peer, std::optional<TimePoint> at) {
    detail::Dial& dial = *peer.dial;
    if (dial.deadline) dial_deadlines_.erase({*dial.deadline, dial.number});
    dial.deadline = at;
    if (at) dial_deadlines_.emplace(std::pair{*at, dial.number}, peer.id);
}

/// Takes back all attempts that have not become a connection.
void Swarm::Core::end_dial(Peer& peer) {
    schedule_dial(peer, std::nullopt);
    auto const dial = std::move(peer.dial);
    --dialing_peers_;
    for (auto const key : dial->resolves) lookups_.erase(key);
    for (auto const key : dial->attempts) {
        auto* const link = link_of(key);
        if (link == nullptr || link->state == Link::State::open) continue;
        link->dialed.reset();
        close(*link, Ending::abrupt, Error{Errc::cancelled, "swarm: the peer is connected another way"});
    }
}

void Swarm::Core::fail_dial(Peer& peer, Error const& why) {
    PeerId const id = peer.id;
    if (peer.dial) end_dial(peer);
    auto const askers = std::exchange(peer.askers, {});
    auto const waiting = std::exchange(peer.waiting, {});
    for (auto const protocol : askers) carried_[protocol].protocol->on_dial_failed(id, why, now_);
    for (auto const ref : waiting) refuse(ref, why);
    if (auto* const left = find_peer(id)) forget_if_unused(*left);
}

}  // namespace ggen::p2p
