#include "p2p/swarm/address_book.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

TimePoint::duration backoff_after(std::uint32_t failures) {
    TimePoint::duration wait = k_dial_backoff;
    for (std::uint32_t i = 1; i < failures && wait < k_dial_backoff_max; ++i) wait *= 2;
    return std::min<TimePoint::duration>(wait, k_dial_backoff_max);
}

}  // namespace

std::optional<Multiaddr> without_peer(Multiaddr const& address, PeerId const& peer) {
    auto const named = address.peer_id();
    if (!named) return address;
    if (*named != peer || address.parts().size() < 2) return std::nullopt;
    auto parts = address.parts();
    parts.pop_back();
    auto out = Multiaddr::from_parts(std::move(parts));
    if (!out) return std::nullopt;
    return std::move(out).value();
}

AddressBook::Known* AddressBook::find(Entry& entry, Multiaddr const& address) {
    auto const at = std::find_if(entry.known.begin(), entry.known.end(),
                                 [&](auto const& known) { return known.address == address; });
    return at == entry.known.end() ? nullptr : &*at;
}

AddressBook::Entry& AddressBook::touch(PeerId const& peer) {
    auto const at = peers_.find(peer);
    if (at == peers_.end()) make_room();
    Entry& entry = at == peers_.end() ? peers_[peer] : at->second;
    by_age_.erase({entry.is_certified, entry.heard});
    entry.heard = ++clock_;
    by_age_.emplace(std::pair{entry.is_certified, entry.heard}, peer);
    return entry;
}

void AddressBook::make_room() {
    if (peers_.size() < k_book_peers_max) return;
    auto const oldest = by_age_.begin();
    peers_.erase(oldest->second);
    by_age_.erase(oldest);
}

/// Moves or adds the address to the front of its kind; the last one gives way.
AddressBook::Known& AddressBook::put_front(Entry& entry, Multiaddr const& address, bool is_certified) {
    Known known{address, is_certified};
    if (auto const* old = find(entry, address)) {
        known = *old;
        known.is_certified = known.is_certified || is_certified;
        entry.known.erase(entry.known.begin() + (old - entry.known.data()));
    }
    auto const place = known.is_certified
                           ? entry.known.begin()
                           : std::find_if(entry.known.begin(), entry.known.end(),
                                          [](auto const& other) { return !other.is_certified; });
    auto const at = entry.known.insert(place, std::move(known));
    auto const index = at - entry.known.begin();
    if (entry.known.size() > k_book_addresses_per_peer_max) entry.known.pop_back();
    return entry.known[static_cast<std::size_t>(
        std::min<std::ptrdiff_t>(index, static_cast<std::ptrdiff_t>(entry.known.size()) - 1))];
}

void AddressBook::learn(PeerId const& peer, std::vector<Multiaddr> const& addresses, bool is_certified) {
    std::vector<Multiaddr> good;
    for (auto const& address : addresses) {
        if (good.size() == k_book_addresses_per_peer_max) break;
        auto const plain = without_peer(address, peer);
        if (plain) good.push_back(*plain);
    }
    if (good.empty()) return;
    Entry& entry = touch(peer);
    if (is_certified) {
        by_age_.erase({entry.is_certified, entry.heard});
        entry.is_certified = true;
        by_age_.emplace(std::pair{true, entry.heard}, peer);
        std::vector<Known> kept;
        kept.reserve(good.size());
        for (auto const& address : good) {
            auto const* old = find(entry, address);
            kept.push_back(old != nullptr ? *old : Known{address});
            kept.back().is_certified = true;
        }
        entry.known = std::move(kept);
        return;
    }
    // The first of the list is the best, so it is put last.
    for (auto at = good.rbegin(); at != good.rend(); ++at) {
        bool const is_full_of_signed = entry.known.size() == k_book_addresses_per_peer_max &&
                                       entry.known.back().is_certified && find(entry, *at) == nullptr;
        if (!is_full_of_signed) put_front(entry, *at, false);
    }
}

std::vector<Multiaddr> AddressBook::addresses(PeerId const& peer, TimePoint now) const {
    std::vector<Multiaddr> out;
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return out;
    for (auto const& known : at->second.known) {
        if (known.failures == 0 || known.retry_at <= now) out.push_back(known.address);
    }
    return out;
}

std::vector<Multiaddr> AddressBook::all_addresses(PeerId const& peer) const {
    std::vector<Multiaddr> out;
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return out;
    out.reserve(at->second.known.size());
    for (auto const& known : at->second.known) out.push_back(known.address);
    return out;
}

bool AddressBook::is_backing_off(PeerId const& peer, Multiaddr const& address, TimePoint now) const {
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return false;
    return std::any_of(at->second.known.begin(), at->second.known.end(), [&](auto const& known) {
        return known.address == address && known.failures > 0 && known.retry_at > now;
    });
}

void AddressBook::on_failed(PeerId const& peer, Multiaddr const& address, TimePoint now) {
    Entry& entry = touch(peer);
    Known* known = find(entry, address);
    if (known == nullptr) {
        if (entry.known.size() == k_book_addresses_per_peer_max) return;
        entry.known.push_back({address});
        known = &entry.known.back();
    }
    ++known->failures;
    known->retry_at = now + backoff_after(known->failures);
}

void AddressBook::on_connected(PeerId const& peer, Multiaddr const& address) {
    Entry& entry = touch(peer);
    bool const is_full_of_signed = entry.known.size() == k_book_addresses_per_peer_max &&
                                   entry.known.back().is_certified && find(entry, address) == nullptr;
    if (!is_full_of_signed) put_front(entry, address, false).failures = 0;
}

}  // namespace ggen::p2p
