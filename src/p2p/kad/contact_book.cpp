#include "p2p/kad/contact_book.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace ggen::p2p {
namespace {

static_assert(std::has_single_bit(k_kad_book_slots));
constexpr unsigned k_slot_bits = std::bit_width(k_kad_book_slots) - 1;

std::size_t slot_of(KadKey const& key) {
    return static_cast<std::size_t>(key.words[0] >> (64U - k_slot_bits));
}

/// What stands before the id and the addresses of a peer in a slot.
struct Head {
    std::uint64_t first_word = 0;  ///< of its key: hardly ever is more needed to tell two peers apart
    std::uint64_t group = 0;
    std::uint32_t round_trip_us = 0;
    std::uint16_t address_bytes = 0;
    std::uint8_t id_bytes = 0;
    bool has_answered = false;
};
static_assert(sizeof(Head) == 24);
static_assert(k_kad_addresses_accept_max * (k_kad_address_bytes_max + 2) <= std::numeric_limits<std::uint16_t>::max());

/// An entry where it lies.
struct Place {
    Head head;
    std::size_t at = 0;
    [[nodiscard]] std::size_t end() const { return at + sizeof(Head) + head.id_bytes + head.address_bytes; }
};

Place place_at(BytesView slot, std::size_t at) {
    Place place;
    place.at = at;
    std::memcpy(&place.head, slot.data() + at, sizeof(Head));
    return place;
}

BytesView id_at(BytesView slot, Place const& place) {
    return slot.subspan(place.at + sizeof(Head), place.head.id_bytes);
}

BytesView addresses_at(BytesView slot, Place const& place) {
    return slot.subspan(place.at + sizeof(Head) + place.head.id_bytes, place.head.address_bytes);
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
        if (place.head.first_word != key.words[0] || kad_key_of(id_at(slot, place)) != key) return false;
        out = place;
        return true;
    });
    return out;
}

Bytes pack(KadContact const& contact, BookNote const& note) {
    auto const id = contact.id.bytes();
    auto const addresses = contact.addresses.packed();
    Head head;
    head.first_word = contact.key.words[0];
    head.group = note.group;
    head.round_trip_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(
        note.round_trip.count(), 0, std::numeric_limits<std::uint32_t>::max()));
    head.address_bytes = static_cast<std::uint16_t>(addresses.size());
    head.id_bytes = static_cast<std::uint8_t>(id.size());
    head.has_answered = note.has_answered;
    Bytes out(sizeof head + id.size() + addresses.size());
    std::memcpy(out.data(), &head, sizeof head);
    std::copy(id.begin(), id.end(), out.begin() + sizeof head);
    std::copy(addresses.begin(), addresses.end(), out.end() - static_cast<std::ptrdiff_t>(addresses.size()));
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

ContactBook::ContactBook() : slots_(k_kad_book_slots) {}

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
    if (peers >= k_kad_book_slot_peers) {
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
    std::vector<Place> block;
    for (std::size_t step = 0; step < slots_.size() && out.size() < count; ++step) {
        BytesView const slot = slots_[slot_of(target) ^ step];
        block.clear();
        visit_places(slot, [&](Place const& place) {
            block.push_back(place);
            return false;
        });
        std::sort(block.begin(), block.end(), [&](Place const& a, Place const& b) {
            if (a.head.first_word != b.head.first_word)
                return (a.head.first_word ^ target.words[0]) < (b.head.first_word ^ target.words[0]);
            return kad_distance(kad_key_of(id_at(slot, a)), target) < kad_distance(kad_key_of(id_at(slot, b)), target);
        });
        for (auto const& place : block) {
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
