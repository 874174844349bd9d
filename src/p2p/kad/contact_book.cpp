#include "p2p/kad/contact_book.hpp"

#include <algorithm>
#include <bit>

namespace ggen::p2p {
namespace {

static_assert(std::has_single_bit(k_kad_book_slots));
constexpr unsigned k_slot_bits = std::bit_width(k_kad_book_slots) - 1;

std::size_t slot_of(KadKey const& key) {
    return static_cast<std::size_t>(key.words[0] >> (64U - k_slot_bits));
}

}  // namespace

ContactBook::ContactBook() : slots_(k_kad_book_slots) {}

BookEntry const* ContactBook::find(KadKey const& key) const {
    auto const& slot = slots_[slot_of(key)];
    auto const at =
        std::find_if(slot.begin(), slot.end(), [&](BookEntry const& entry) { return entry.contact.key == key; });
    return at == slot.end() ? nullptr : &*at;
}

BookEntry* ContactBook::entry_of(KadKey const& key) {
    return const_cast<BookEntry*>(find(key));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

void ContactBook::insert(BookEntry entry) {
    auto& slot = slots_[slot_of(entry.contact.key)];
    if (slot.size() >= k_kad_book_slot_peers) {
        auto leaving =
            std::find_if(slot.begin(), slot.end(), [](BookEntry const& known) { return !known.has_answered; });
        if (leaving == slot.end()) {
            if (!entry.has_answered) return;  // hearsay does not drive out what was seen
            leaving = slot.begin();
        }
        slot.erase(leaving);
        --size_;
    }
    slot.push_back(std::move(entry));
    ++size_;
}

void ContactBook::hear(KadContact const& contact, std::uint64_t group) {
    if (contact.addresses.is_empty() || find(contact.key) != nullptr) return;
    insert({contact, group, std::chrono::microseconds{0}, false});
}

void ContactBook::on_answer(KadContact const& contact, std::uint64_t group, std::chrono::microseconds round_trip) {
    auto* const known = entry_of(contact.key);
    if (known == nullptr) {
        if (!contact.addresses.is_empty()) insert({contact, group, round_trip, true});
        return;
    }
    known->has_answered = true;
    known->group = group;
    if (!contact.addresses.is_empty()) known->contact.addresses = contact.addresses;
    if (round_trip.count() == 0) return;
    known->round_trip = known->round_trip.count() == 0 ? round_trip : std::min(known->round_trip, round_trip);
}

void ContactBook::forget(KadKey const& key) {
    auto& slot = slots_[slot_of(key)];
    size_ -= std::erase_if(slot, [&](BookEntry const& entry) { return entry.contact.key == key; });
}

std::vector<BookEntry const*> ContactBook::closest(KadKey const& target, std::size_t count) const {
    std::vector<BookEntry const*> out;
    out.reserve(count);
    std::vector<BookEntry const*> block;
    for (std::size_t step = 0; step < slots_.size() && out.size() < count; ++step) {
        block.clear();
        for (auto const& entry : slots_[slot_of(target) ^ step]) block.push_back(&entry);
        std::sort(block.begin(), block.end(), [&](BookEntry const* a, BookEntry const* b) {
            return kad_distance(a->contact.key, target) < kad_distance(b->contact.key, target);
        });
        for (auto const* const entry : block) {
            auto const neighbours = std::count_if(out.begin(), out.end(), [&](BookEntry const* chosen) {
                return entry->group != 0 && chosen->group == entry->group;
            });
            if (out.size() < count && static_cast<std::size_t>(neighbours) < k_kad_bucket_peers_per_group_max)
                out.push_back(entry);
        }
    }
    return out;
}

}  // namespace ggen::p2p
