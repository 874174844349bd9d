#include "p2p/kad/routing_table.hpp"

#include <algorithm>
#include <array>

namespace ggen::p2p {
namespace {

constexpr std::uint8_t k_failures_max = 3;  // the third one ends the membership
/// Only a clearly quicker peer takes a place beside a bucket: no flapping between equals.
constexpr int k_quicker_by_percent = 80;

}  // namespace

KadContact kad_contact(PeerId id, AddressList addresses) {
    auto const key = kad_key_of(id.bytes());
    return {key, std::move(id), std::move(addresses)};
}

std::size_t RoutingTable::index_of(KadKey const& key) const {
    auto const at = std::find_if(entries_.begin(), entries_.end(),
                                 [&](TableEntry const& entry) { return entry.contact.key == key; });
    return static_cast<std::size_t>(at - entries_.begin());
}

TableEntry const* RoutingTable::find(KadKey const& key) const {
    auto const at = index_of(key);
    return at == entries_.size() ? nullptr : &entries_[at];
}

std::size_t RoutingTable::bucket_size(unsigned bucket) const {
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [&](TableEntry const& entry) {
        return entry.bucket == bucket && !entry.is_near;
    }));
}

unsigned RoutingTable::bucket_count() const {
    unsigned count = 0;
    for (auto const& entry : entries_) count = std::max<unsigned>(count, entry.bucket + 1U);
    return count;
}

bool RoutingTable::is_diverse(unsigned bucket, std::uint64_t group, TableEntry const* leaving) const {
    if (group == 0) return true;
    std::size_t in_table = 0;
    std::size_t in_bucket = 0;
    for (auto const& entry : entries_) {
        if (entry.group != group || &entry == leaving) continue;
        ++in_table;
        if (entry.bucket == bucket) ++in_bucket;
    }
    return in_table < k_kad_table_peers_per_group_max && in_bucket < k_kad_bucket_peers_per_group_max;
}

std::optional<std::size_t> RoutingTable::place_in_bucket(unsigned bucket, std::uint64_t group) const {
    std::size_t members = 0;
    TableEntry const* suspect = nullptr;
    for (auto const& entry : entries_) {
        if (entry.bucket != bucket || entry.is_near) continue;
        ++members;
        if (entry.is_suspect() && (suspect == nullptr || entry.failures > suspect->failures)) suspect = &entry;
    }
    if (members < k_kad_bucket_peers) {
        return is_diverse(bucket, group, nullptr) ? std::optional(entries_.size()) : std::nullopt;
    }
    if (suspect == nullptr || !is_diverse(bucket, group, suspect)) return std::nullopt;
    return static_cast<std::size_t>(suspect - entries_.data());
}

std::optional<std::size_t> RoutingTable::place_beside(unsigned bucket, std::uint64_t group,
                                                      std::chrono::microseconds round_trip) const {
    std::size_t members = 0;
    TableEntry const* worst = nullptr;
    auto const cost = [](TableEntry const& entry) {
        return entry.is_suspect() || entry.round_trip.count() == 0 ? std::chrono::microseconds::max()
                                                                   : entry.round_trip;
    };
    for (auto const& entry : entries_) {
        if (entry.bucket != bucket || !entry.is_near) continue;
        ++members;
        if (worst == nullptr || cost(entry) > cost(*worst)) worst = &entry;
    }
    if (members < k_kad_near_peers_per_bucket_max) {
        return is_diverse(bucket, group, nullptr) ? std::optional(entries_.size()) : std::nullopt;
    }
    if (round_trip.count() == 0 || !is_diverse(bucket, group, worst)) return std::nullopt;
    auto const is_unmeasured = cost(*worst) == std::chrono::microseconds::max();
    if (!is_unmeasured && round_trip.count() * 100 >= worst->round_trip.count() * k_quicker_by_percent)
        return std::nullopt;
    return static_cast<std::size_t>(worst - entries_.data());
}

bool RoutingTable::has_room(KadKey const& key, std::uint64_t group) const {
    auto const bucket = kad_common_bits(self_, key);
    if (bucket == k_kad_key_bits || find(key) != nullptr) return false;
    return place_in_bucket(bucket, group).has_value();
}

void RoutingTable::put_at(std::size_t at, TableEntry entry) {
    if (at < entries_.size()) {
        entries_[at] = std::move(entry);
        return;
    }
    if (entries_.size() == entries_.capacity())
        entries_.reserve(entries_.size() + 16);  // ten thousand tables in one process
    entries_.push_back(std::move(entry));
}

bool RoutingTable::add(KadContact const& contact, std::uint64_t group, std::chrono::microseconds round_trip,
                       TimePoint now) {
    if (auto const known = index_of(contact.key); known < entries_.size()) {
        if (!contact.addresses.is_empty()) entries_[known].contact.addresses = contact.addresses;
        on_answer(contact.key, round_trip, now);
        return true;
    }
    auto const bucket = kad_common_bits(self_, contact.key);
    if (bucket == k_kad_key_bits) return false;
    TableEntry entry{contact, now, round_trip, group, static_cast<std::uint16_t>(bucket), 0, false};
    auto place = place_in_bucket(bucket, group);
    if (!place) {
        place = place_beside(bucket, group, round_trip);
        entry.is_near = true;
    }
    if (!place) return false;
    put_at(*place, std::move(entry));
    return true;
}

void RoutingTable::on_answer(KadKey const& key, std::chrono::microseconds round_trip, TimePoint now) {
    auto const at = index_of(key);
    if (at == entries_.size()) return;
    auto& entry = entries_[at];
    entry.failures = 0;
    entry.answered_at = now;
    if (round_trip.count() == 0) return;
    // The smallest seen says how far it is; it is let grow slowly, should the path have changed.
    entry.round_trip = entry.round_trip.count() == 0 ? round_trip
                                                     : std::min(round_trip, entry.round_trip + entry.round_trip / 16);
}

bool RoutingTable::on_failure(KadKey const& key) {
    auto const at = index_of(key);
    if (at == entries_.size()) return false;
    if (++entries_[at].failures < k_failures_max) return false;
    take_out(at);
    return true;
}

bool RoutingTable::remove(KadKey const& key) {
    auto const at = index_of(key);
    if (at == entries_.size()) return false;
    take_out(at);
    return true;
}

void RoutingTable::take_out(std::size_t at) {
    auto const bucket = entries_[at].bucket;
    auto const was_near = entries_[at].is_near;
    if (at + 1 != entries_.size()) entries_[at] = std::move(entries_.back());
    entries_.pop_back();
    if (was_near) return;
    for (auto& entry : entries_) {  // the place goes to one that waited beside the bucket
        if (entry.bucket != bucket || !entry.is_near || entry.is_suspect()) continue;
        entry.is_near = false;
        return;
    }
}

void RoutingTable::set_addresses(KadKey const& key, AddressList addresses) {
    auto const at = index_of(key);
    if (at < entries_.size() && !addresses.is_empty()) entries_[at].contact.addresses = std::move(addresses);
}

bool RoutingTable::set_connected(KadKey const& key, bool is_connected) {
    auto const at = index_of(key);
    if (at == entries_.size()) return false;
    entries_[at].is_connected = is_connected;
    return true;
}

std::vector<TableEntry const*> RoutingTable::closest(KadKey const& target, std::size_t count,
                                                     bool with_suspects) const {
    struct Ranked {
        std::uint64_t head;  // of the distance: decides almost always
        std::uint32_t index;
        bool is_suspect;
    };
    std::vector<Ranked> ranked;
    ranked.reserve(entries_.size());
    for (auto const& entry : entries_) {
        if (entry.is_suspect() && !with_suspects) continue;
        auto const index = static_cast<std::uint32_t>(&entry - entries_.data());
        ranked.push_back({entry.contact.key.words[0] ^ target.words[0], index, entry.is_suspect()});
    }
    auto const end = ranked.begin() + static_cast<std::ptrdiff_t>(std::min(count, ranked.size()));
    auto const is_nearer = [&](Ranked const& a, Ranked const& b) {
        if (a.is_suspect != b.is_suspect) return b.is_suspect;
        if (a.head != b.head) return a.head < b.head;
        return kad_distance(entries_[a.index].contact.key, target) <
               kad_distance(entries_[b.index].contact.key, target);
    };
    if (end != ranked.end()) std::nth_element(ranked.begin(), end, ranked.end(), is_nearer);
    std::sort(ranked.begin(), end, is_nearer);
    std::vector<TableEntry const*> out;
    out.reserve(static_cast<std::size_t>(end - ranked.begin()));
    for (auto at = ranked.begin(); at != end; ++at) out.push_back(&entries_[at->index]);
    return out;
}

}  // namespace ggen::p2p
