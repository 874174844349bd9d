#include "p2p/exchange/provider_set.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

/// Stands for an address that is not known: of no network.
Multiaddr const& nowhere() {
    static Multiaddr const address = Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value();
    return address;
}

}  // namespace

std::optional<std::size_t> ProviderSet::add(ContentHolder const& provider, Multiaddr const* connected_at) {
    if (entries_.size() >= k_exchange_providers_max || by_peer_.contains(provider.peer)) return std::nullopt;
    auto const index = entries_.size();
    by_peer_.emplace(provider.peer, index);
    auto const& where = connected_at != nullptr         ? *connected_at
                        : !provider.addresses.empty() ? provider.addresses.front()
                                                      : nowhere();
    entries_.push_back({provider, Candidate{provider.peer, where}});
    ++counts_[static_cast<std::size_t>(State::idle)];
    return index;
}

std::optional<std::size_t> ProviderSet::find(PeerId const& peer) const {
    auto const at = by_peer_.find(peer);
    return at == by_peer_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<std::size_t> ProviderSet::pick(Ledger const& ledger, std::vector<std::size_t> const& asked,
                                             std::size_t slots, SeededRandom& random, TimePoint now) {
    if (count(State::idle) == 0) return std::nullopt;
    std::vector<Candidate> busy;
    busy.reserve(asked.size());
    for (auto const index : asked) busy.push_back(entries_[index].candidate);
    std::vector<Candidate> idle;
    std::vector<std::size_t> indices;
    idle.reserve(entries_.size());
    indices.reserve(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].state != State::idle) continue;
        idle.push_back(entries_[i].candidate);
        indices.push_back(i);
    }
    auto const chosen = pick_peer(ledger, busy, idle, slots, random, now);
    return chosen ? std::optional(indices[*chosen]) : std::nullopt;
}

bool ProviderSet::has_known(Ledger const& ledger, TimePoint now) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](Entry const& entry) {
        auto const standing = ledger.standing(entry.provider.peer, now);
        return !standing.is_banned && standing.score > 0;
    });
}

void ProviderSet::set(std::size_t index, State state) {
    --counts_[static_cast<std::size_t>(entries_[index].state)];
    ++counts_[static_cast<std::size_t>(state)];
    entries_[index].state = state;
}

void ProviderSet::mark_asked(std::size_t index) {
    set(index, State::asked);
    ++entries_[index].times_asked;
    entries_[index].is_gone = false;
}

void ProviderSet::release(std::size_t index) { set(index, State::idle); }

void ProviderSet::put_to_rest(std::size_t index, bool has_nothing, TimePoint now) {
    auto& entry = entries_[index];
    set(index, State::resting);
    // Who has nothing yet may be fetching it: that is soon another answer, and a cheap question.
    if (has_nothing && !entry.has_nothing) entry.rest = k_exchange_retry_nothing;
    entry.has_nothing = has_nothing;
    entry.rests_until = now + entry.rest;
    entry.rest = std::min<std::chrono::nanoseconds>(entry.rest * 2, k_exchange_retry_max);
}

void ProviderSet::let_nap(std::size_t index, TimePoint since) {
    auto& entry = entries_[index];
    set(index, State::resting);
    entry.has_nothing = false;
    entry.rests_until = since + entry.nap;
    entry.nap = std::min<std::chrono::nanoseconds>(entry.nap * 2, k_exchange_have_nap_max);
}

void ProviderSet::exclude(std::size_t index) { set(index, State::out); }

void ProviderSet::set_aside(std::size_t index) {
    set(index, State::resting);
    entries_[index].rests_until = TimePoint::max();
}

void ProviderSet::recall() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].state == State::resting && entries_[i].rests_until == TimePoint::max()) set(i, State::idle);
    }
}

void ProviderSet::praise(std::size_t index) {
    entries_[index].rest = k_exchange_retry_first;
    entries_[index].nap = k_exchange_have_nap;
}

void ProviderSet::wake(TimePoint now) {
    if (count(State::resting) == 0) return;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].state == State::resting && entries_[i].rests_until <= now) set(i, State::idle);
    }
}

std::optional<TimePoint> ProviderSet::next_wake() const {
    std::optional<TimePoint> next;
    if (count(State::resting) == 0) return next;
    for (auto const& entry : entries_) {
        if (entry.state != State::resting || entry.rests_until == TimePoint::max()) continue;
        if (!next || entry.rests_until < *next) next = entry.rests_until;
    }
    return next;
}

bool ProviderSet::has_hope() const {
    return std::any_of(entries_.begin(), entries_.end(), [](Entry const& entry) {
        return entry.state != State::out && !entry.has_nothing && !entry.is_gone;
    });
}

bool ProviderSet::have_all_nothing() const {
    return std::all_of(entries_.begin(), entries_.end(),
                       [](Entry const& entry) { return entry.state == State::out || entry.has_nothing; });
}

}  // namespace ggen::p2p
