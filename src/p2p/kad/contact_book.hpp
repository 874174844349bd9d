#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "p2p/kad/routing_table.hpp"

namespace ggen::p2p {

/// What is remembered of a peer that may be in no bucket.
struct BookNote {
    std::uint64_t group = 0;                  ///< neighbourhood of its address; 0 = not counted
    std::chrono::microseconds round_trip{0};  ///< 0 = not measured
    bool has_answered = false;                ///< else somebody only spoke of it
};

/// Peers that this node was told of or that answered it, far more than a routing table has room for: at most
/// k_kad_book_slots * `slot_peers`, about 60 bytes each. A lookup that knows some of the true holders from
/// the start needs no way to them (the "full routing table" of go-libp2p-kad-dht's accelerated client, bounded).
///
/// It is hearsay: who is in it may be dead or invented. Therefore one path of a lookup starts from it and the others
/// do not (Lookup::add_hint), and others are never told of it.
///
/// Peers lie in slots by the first bits of their keys, so walking the slots `target ^ 0, 1, 2, …` meets them in order
/// of distance. A full slot gives up the one that was told of first, then the one that answered first. A slot is one
/// block of memory: ids and addresses lie in it as they go over the wire, and keys are computed again when needed.
class ContactBook {
public:
    explicit ContactBook(std::size_t slot_peers = k_kad_book_slot_peers);

    /// Somebody spoke of `contact`. Nothing happens when it is known.
    void hear(KadContact const& contact, std::uint64_t group);
    /// It answered. `round_trip` 0 = not measured; the smallest seen is kept.
    void on_answer(KadContact const& contact, std::uint64_t group, std::chrono::microseconds round_trip);
    /// It did not, or is not welcome: it is forgotten.
    void forget(KadKey const& key);

    /// At most `count`, nearest to `target` first, of one neighbourhood at most k_kad_bucket_peers_per_group_max.
    [[nodiscard]] std::vector<KadContact> closest(KadKey const& target, std::size_t count) const;
    /// nullopt when it is not known.
    [[nodiscard]] std::optional<BookNote> find(KadKey const& key) const;
    [[nodiscard]] bool has_met(KadKey const& key) const {
        auto const note = find(key);
        return note && note->has_answered;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    using Slot = Bytes;  ///< entries told of or answered longest ago first

    void insert(KadContact const& contact, BookNote const& note);

    std::vector<Slot> slots_;
    std::size_t slot_peers_;
    std::size_t size_ = 0;
};

}  // namespace ggen::p2p
