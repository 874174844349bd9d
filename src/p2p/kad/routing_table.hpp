#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/kad/address_list.hpp"
#include "p2p/kad/key.hpp"
#include "p2p/kad/limits.hpp"

namespace ggen::p2p {

/// A peer that a request can be sent to.
struct KadContact {
    KadKey key;  ///< of `id`
    PeerId id;
    AddressList addresses;
};
[[nodiscard]] KadContact kad_contact(PeerId id, AddressList addresses);

struct TableEntry {
    KadContact contact;
    TimePoint answered_at;
    std::chrono::microseconds round_trip{0};  ///< 0 = not measured
    std::uint64_t group = 0;                  ///< neighbourhood of its address (address_group); 0 = not counted
    std::uint16_t bucket = 0;                 ///< leading bits that its key shares with ours
    std::uint8_t failures = 0;                ///< requests that failed since it last answered
    bool is_near = false;                     ///< stands beside a full bucket for being quick
    bool is_connected = false;                ///< as the last set_connected said

    /// Others are told only of peers that answered last time.
    [[nodiscard]] bool is_suspect() const { return failures > 0; }
};

/// The peers of one node, k for each number of leading bits that their key shares with ours (ipfs/specs kad-dht
/// "Kademlia Routing Table"). Only peers that have answered a request come in. A peer that answers is never put out
/// for a new one; one that failed is, and leaves after the third failure. Beside a full bucket stand up to
/// k_kad_near_peers_per_bucket_max more, the quickest of those that were met; these may replace one another.
///
/// Of one neighbourhood of addresses at most k_kad_table_peers_per_group_max come into the table and
/// k_kad_bucket_peers_per_group_max into a bucket: whoever wants to fill it must own addresses in many places.
class RoutingTable {
public:
    explicit RoutingTable(KadKey const& self) : self_(self) {}

    /// Whether `add` would take a new peer now; false for one that is in already.
    [[nodiscard]] bool has_room(KadKey const& key, std::uint64_t group) const;
    /// Takes a peer that has just answered, or renews what is known of it. False when there is no room.
    bool add(KadContact const& contact, std::uint64_t group, std::chrono::microseconds round_trip, TimePoint now);
    /// A peer of the table answered. Nothing happens when it is not in it.
    void on_answer(KadKey const& key, std::chrono::microseconds round_trip, TimePoint now);
    /// A request to it failed. True when it left the table.
    bool on_failure(KadKey const& key);
    /// It does not speak the protocol any more. True when it was in the table.
    bool remove(KadKey const& key);
    void set_addresses(KadKey const& key, AddressList addresses);
    /// True when it is in the table.
    bool set_connected(KadKey const& key, bool is_connected);

    [[nodiscard]] TableEntry const* find(KadKey const& key) const;
    /// At most `count` entries, nearest to `target` first. Suspects only if asked for, and then last. The pointers
    /// are valid until the next change.
    [[nodiscard]] std::vector<TableEntry const*> closest(KadKey const& target, std::size_t count,
                                                         bool with_suspects) const;
    [[nodiscard]] std::vector<TableEntry> const& entries() const { return entries_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Members of a bucket proper, without those beside it.
    [[nodiscard]] std::size_t bucket_size(unsigned bucket) const;
    /// One more than the last bucket with a peer.
    [[nodiscard]] unsigned bucket_count() const;
    [[nodiscard]] KadKey const& self() const { return self_; }

private:
    [[nodiscard]] bool is_diverse(unsigned bucket, std::uint64_t group, TableEntry const* leaving) const;
    /// The entry that would make room in a bucket: nullopt = none, end index = there is a free place.
    [[nodiscard]] std::optional<std::size_t> place_in_bucket(unsigned bucket, std::uint64_t group) const;
    [[nodiscard]] std::optional<std::size_t> place_beside(unsigned bucket, std::uint64_t group,
                                                          std::chrono::microseconds round_trip) const;
    void put_at(std::size_t at, TableEntry entry);
    void take_out(std::size_t at);
    [[nodiscard]] std::size_t index_of(KadKey const& key) const;

    KadKey self_;
    std::vector<TableEntry> entries_;
};

}  // namespace ggen::p2p
