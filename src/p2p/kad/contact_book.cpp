#include "p2p/kad/contact_book.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "codec/ed25519_peer_id.hpp"

namespace ggen::p2p {
namespace {

static_assert(std::has_single_bit(k_kad_book_slots));
constexpr unsigned k_slot_bits = std::bit_width(k_kad_book_slots) - 1;

std::size_t slot_of(KadKey const& key) {
    return static_cast<std::size_t>(key.words[0] >> (64U - k_slot_bits));
}

/// What stands before the id and the addresses of a peer in a slot, k_head_bytes of it.
struct Head {
    std::uint16_t mark = 0;           ///< bits of its key after those of the slot: most others have other ones
    std::uint64_t group = 0;          ///< 48 bits
    std::uint32_t round_trip_us = 0;  ///< 24 bits: 16 s and more are all the same
    std::uint16_t address_bytes = 0;
    std::uint8_t id_bytes = 0;  ///< as they lie there
    bool has_answered = false;
    bool is_short = false;  ///< the id of an Ed25519 key without its head, which is always the same
};
constexpr std::size_t k_head_bytes = 15;
constexpr std::uint32_t k_round_trip_max = 0xffffff;
constexpr std::uint8_t k_answered_bit = 1;
constexpr std::uint8_t k_short_bit = 2;
static_assert(k_kad_addresses_accept_max * (k_kad_address_bytes_max + 2) <= std::numeric_limits<std::uint16_t>::max());

std::uint16_t mark_of(KadKey const& key) {
    return static_cast<std::uint16_t>(key.words[0] >> (64U - k_slot_bits - 16U));
}

void append_number(Bytes& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t take_number(BytesView& from, unsigned bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{from[i]} << (8 * i);
    from = from.subspan(bytes);
    return value;
}

/// An entry where it lies.
struct Place {
    Head head;
    std::size_t at = 0;
    [[nodiscard]] std::size_t end() const { return at + k_head_bytes + head.id_bytes + head.address_bytes; }
};

Place place_at(BytesView slot, std::size_t at) {
    auto rest = slot.subspan(at, k_head_bytes);
    Place place;
    place.at = at;
    place.head.mark = static_cast<std::uint16_t>(take_number(rest, 2));
    place.head.group = take_number(rest, 6);
    place.head.round_trip_us = static_cast<std::uint32_t>(take_number(rest, 3));
    place.head.address_bytes = static_cast<std::uint16_t>(take_number(rest, 2));
    place.head.id_bytes = static_cast<std::uint8_t>(take_number(rest, 1));
    auto const bits = take_number(rest, 1);
    place.head.has_answered = (bits & k_answered_bit) != 0;
    place.head.is_short = (bits & k_short_bit) != 0;
    return place;
}

/// The bytes of the id, whole.
Bytes id_at(BytesView slot, Place const& place) {
    auto const lying = slot.subspan(place.at + k_head_bytes, place.head.id_bytes);
    Bytes out;
    out.reserve(k_ed25519_peer_id_bytes);
    if (place.head.is_short) out.assign(k_ed25519_peer_id_head.begin(), k_ed25519_peer_id_head.end());
    out.insert(out.end(), lying.begin(), lying.end());
    return out;
}

BytesView addresses_at(BytesView slot, Place const& place) {
    return slot.subspan(place.at + k_head_bytes + place.head.id_bytes, place.head.address_bytes);
}

/// Calls `visit` with each place until it says true; whether it did.
template <class Visit>
bool visit_places(BytesView slot, Visit const& visit) {
    for (std::size_t at = 0; at < slot.size();) {
        auto const place = place_at(slot, at);
        if (visit(place)) return true;
        at = place.end();
    }
    return false;
}

std::optional<Place> place_of(BytesView slot, KadKey const& key) {
    std::optional<Place> out;
    visit_places(slot, [&](Place const& place) {
        if (place.head.mark != mark_of(key) || kad_key_of(id_at(slot, place)) != key) return false;
        out = place;
        return true;
    });
    return out;
}

Bytes pack(KadContact const& contact, BookNote const& note) {
    auto id = contact.id.bytes();
    bool const is_short = id.size() == k_ed25519_peer_id_bytes &&
                          std::equal(k_ed25519_peer_id_head.begin(), k_ed25519_peer_id_head.end(), id.begin());
    if (is_short) id = id.subspan(k_ed25519_peer_id_head.size());
    auto const addresses = contact.addresses.packed();
    Bytes out;
    out.reserve(k_head_bytes + id.size() + addresses.size());
    append_number(out, mark_of(contact.key), 2);
    append_number(out, note.group, 6);
    auto const round_trip = std::clamp<std::int64_t>(note.round_trip.count(), 0, k_round_trip_max);
    append_number(out, static_cast<std::uint64_t>(round_trip), 3);
    append_number(out, addresses.size(), 2);
    append_number(out, id.size(), 1);
    append_number(out, (note.has_answered ? k_answered_bit : 0U) | (is_short ? k_short_bit : 0U), 1);
    out.insert(out.end(), id.begin(), id.end());
    out.insert(out.end(), addresses.begin(), addresses.end());
    return out;
}

BookNote note_of(Head const& head) {
    return {head.group, std::chrono::microseconds{head.round_trip_us}, head.has_answered};
}

/// Puts `entry` in the place of the bytes from `from` to `to`; the block is as large as what is in it.
void replace(Bytes& slot, std::size_t from, std::size_t to, BytesView entry) {
    Bytes out;
    out.reserve(slot.size() - (to - from) + entry.size());
    out.insert(out.end(), slot.begin(), slot.begin() + static_cast<std::ptrdiff_t>(from));
    out.insert(out.end(), entry.begin(), entry.end());
    out.insert(out.end(), slot.begin() + static_cast<std::ptrdiff_t>(to), slot.end());
    slot = std::move(out);
}

bool is_kept(KadContact const& contact) {
    return !contact.addresses.is_empty() &&
           contact.addresses.packed().size() <= std::numeric_limits<std::uint16_t>::max();
}

}  // namespace

ContactBook::ContactBook(std::size_t slot_peers) : slots_(k_kad_book_slots), slot_peers_(slot_peers) {}

std::optional<BookNote> ContactBook::find(KadKey const& key) const {
    auto const place = place_of(slots_[slot_of(key)], key);
    if (!place) return std::nullopt;
    return note_of(place->head);
}

void ContactBook::insert(KadContact const& contact, BookNote const& note) {
    auto& slot = slots_[slot_of(contact.key)];
    std::size_t peers = 0;
    std::optional<Place> unmet;
    visit_places(slot, [&](Place const& place) {
        ++peers;
        if (!unmet && !place.head.has_answered) unmet = place;
        return false;
    });
    auto const entry = pack(contact, note);
    if (slot_peers_ == 0) return;
    if (peers >= slot_peers_) {
        if (!unmet && !note.has_answered) return;  // hearsay does not drive out what was seen
        auto const leaving = unmet.value_or(place_at(slot, 0));
        replace(slot, leaving.at, leaving.end(), {});
        --size_;
    }
    replace(slot, slot.size(), slot.size(), entry);
    ++size_;
}

void ContactBook::hear(KadContact const& contact, std::uint64_t group) {
    if (!is_kept(contact) || find(contact.key)) return;
    insert(contact, {group, std::chrono::microseconds{0}, false});
}

void ContactBook::on_answer(KadContact const& contact, std::uint64_t group, std::chrono::microseconds round_trip) {
    auto& slot = slots_[slot_of(contact.key)];
    auto const known = place_of(slot, contact.key);
    if (!known) {
        if (is_kept(contact)) insert(contact, {group, round_trip, true});
        return;
    }
    auto note = note_of(known->head);
    note.has_answered = true;
    note.group = group;
    if (round_trip.count() != 0)
        note.round_trip = note.round_trip.count() == 0 ? round_trip : std::min(note.round_trip, round_trip);
    auto const addresses =
        is_kept(contact) ? contact.addresses : AddressList::from_packed(addresses_at(slot, *known));
    replace(slot, known->at, known->end(), pack({contact.key, contact.id, addresses}, note));
}

void ContactBook::forget(KadKey const& key) {
    auto& slot = slots_[slot_of(key)];
    auto const known = place_of(slot, key);
    if (!known) return;
    replace(slot, known->at, known->end(), {});
    --size_;
}

std::vector<KadContact> ContactBook::closest(KadKey const& target, std::size_t count) const {
    std::vector<KadContact> out;
    out.reserve(count);
    std::vector<std::uint64_t> groups;
    groups.reserve(count);
    std::vector<std::pair<KadKey, Place>> block;  // by distance
    for (std::size_t step = 0; step < slots_.size() && out.size() < count; ++step) {
        BytesView const slot = slots_[slot_of(target) ^ step];
        block.clear();
        visit_places(slot, [&](Place const& place) {
            block.emplace_back(kad_distance(kad_key_of(id_at(slot, place)), target), place);
            return false;
        });
        std::sort(block.begin(), block.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
        for (auto const& [distance, place] : block) {
            auto const group = place.head.group;
            auto const neighbours = group == 0 ? 0 : std::count(groups.begin(), groups.end(), group);
            if (out.size() == count || static_cast<std::size_t>(neighbours) >= k_kad_bucket_peers_per_group_max)
                continue;
            auto id = PeerId::from_bytes(id_at(slot, place));
            if (!id) continue;  // cannot be: it was one when it was packed
            out.push_back(kad_contact(std::move(*id), AddressList::from_packed(addresses_at(slot, place))));
            groups.push_back(group);
        }
    }
    return out;
}

}  // namespace ggen::p2p
