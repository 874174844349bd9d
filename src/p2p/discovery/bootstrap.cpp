#include "p2p/discovery/bootstrap.hpp"

#include <algorithm>
#include <utility>

namespace ggen::p2p {
namespace {

/// What of a rest is drawn by lot on top of it.
constexpr double k_rest_jitter = 0.2;

}  // namespace

Result<KnownPeer> parse_known_peer(std::string_view address) {
    ASSIGN_OR_RETURN(auto parsed, Multiaddr::parse(address));
    auto const peer = parsed.peer_id();
    if (!peer) return Error{Errc::invalid, std::string{address} + ": the address must end in /p2p/PEER"};
    return KnownPeer{*peer, {std::move(parsed)}};
}

Bootstrap::Bootstrap(BootstrapOptions options) : options_(std::move(options)), random_(options_.seed) {}

Result<void> Bootstrap::add(KnownPeer peer, TimePoint now) {
    if (peer.peer == options_.self) return Error{Errc::invalid, "bootstrap: this node does not dial itself"};
    if (peer.addresses.empty()) return Error{Errc::invalid, "bootstrap: a peer without an address"};
    auto at = candidates_.find(peer.peer);
    if (at == candidates_.end()) {
        if (candidates_.size() == k_bootstrap_peers_max) {
            return Error{Errc::too_large, "bootstrap: more than 1,024 peers (k_bootstrap_peers_max)"};
        }
        at = candidates_.emplace(std::move(peer.peer), Candidate{{}, 0, now, std::nullopt}).first;
    }
    for (auto& address : peer.addresses) {
        auto& known = at->second.addresses;
        if (std::find(known.begin(), known.end(), address) == known.end()) known.push_back(std::move(address));
    }
    wake_at_ = now;
    return ok();
}

void Bootstrap::on_peer_connected(PeerInfo const& info, TimePoint now) {
    connected_.insert(info.peer);
    auto const at = candidates_.find(info.peer);
    if (at != candidates_.end()) {
        at->second.gives_up_at.reset();
        at->second.failures = 0;
        at->second.try_at = now;
    }
}

void Bootstrap::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    connected_.erase(peer);
    auto const at = candidates_.find(peer);
    // Who sent us away is not asked again at once.
    if (at != candidates_.end()) on_failed(at->second, now);
    wake_at_ = now;
}

void Bootstrap::on_dial_failed(PeerId const& peer, Error const& /*error*/, TimePoint now) {
    auto const at = candidates_.find(peer);
    if (at == candidates_.end() || connected_.contains(peer)) return;
    on_failed(at->second, now);
    wake_at_ = now;
}

void Bootstrap::on_failed(Candidate& candidate, TimePoint now) {
    candidate.gives_up_at.reset();
    constexpr std::uint32_t k_doublings_max = 16;  // far over the longest rest
    std::chrono::nanoseconds rest = k_bootstrap_backoff;
    rest = std::min<std::chrono::nanoseconds>(rest * (1LL << candidate.failures), k_bootstrap_backoff_max);
    candidate.failures = std::min(candidate.failures + 1, k_doublings_max);
    auto const jitter = random_.below(static_cast<std::uint64_t>(static_cast<double>(rest.count()) * k_rest_jitter));
    candidate.try_at = now + rest + std::chrono::nanoseconds{jitter};
}

void Bootstrap::on_deadline(TimePoint now) {
    wake_at_.reset();
    for (auto& [peer, candidate] : candidates_) {
        if (candidate.gives_up_at && *candidate.gives_up_at <= now) on_failed(candidate, now);
    }
    dial_more(now);
}

void Bootstrap::dial_more(TimePoint now) {
    std::vector<PeerId> due;
    std::size_t dialing = 0;
    auto const wake = [&](TimePoint at) { wake_at_ = wake_at_ ? std::min(*wake_at_, at) : at; };
    for (auto const& [peer, candidate] : candidates_) {
        if (candidate.gives_up_at) {
            ++dialing;
            wake(*candidate.gives_up_at);
        } else if (connected_.contains(peer)) {
            continue;
        } else if (candidate.try_at <= now) {
            due.push_back(peer);
        } else if (connected_.size() < options_.low_water) {
            wake(candidate.try_at);
        }
    }
    random_.shuffle(due);
    for (auto const& peer : due) {
        if (dialing >= k_bootstrap_dials_at_once || connected_.size() + dialing >= options_.low_water) return;
        auto& candidate = candidates_.at(peer);
        candidate.gives_up_at = now + k_bootstrap_dial_limit;
        wake(*candidate.gives_up_at);
        ++dialing;
        put(ConnectPeer{peer, candidate.addresses});
    }
}

}  // namespace ggen::p2p
