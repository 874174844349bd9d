#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "p2p/swarm/limits.hpp"

namespace ggen::p2p {

/// Where peers were said to listen, and which of it failed lately. Bounded: 4,096 peers with 16 addresses each; the
/// peer that was heard of longest ago gives way, one without a signed record first. Addresses stand without /p2p.
class AddressBook {
public:
    /// Adds `addresses` of `peer`, at most as many as it keeps. A signed list replaces what was there; what is not
    /// signed never takes the place of what is. Addresses that name another peer are left out.
    void learn(PeerId const& peer, std::vector<Multiaddr> const& addresses, bool is_certified);
    /// Those that may be tried now, signed and most recent ones first.
    [[nodiscard]] std::vector<Multiaddr> addresses(PeerId const& peer, TimePoint now) const;
    /// All of them, also those that failed.
    [[nodiscard]] std::vector<Multiaddr> all_addresses(PeerId const& peer) const;
    /// Whether `address` failed so lately that it is not tried yet.
    [[nodiscard]] bool is_backing_off(PeerId const& peer, Multiaddr const& address, TimePoint now) const;
    /// A dial failed: the address rests for 5 s, twice as long each time, at most 5 min. Remembers it as well.
    void on_failed(PeerId const& peer, Multiaddr const& address, TimePoint now);
    /// A dial succeeded.
    void on_connected(PeerId const& peer, Multiaddr const& address);
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }

private:
    struct Known {
        Multiaddr address;
        bool is_certified = false;
        std::uint32_t failures = 0;
        TimePoint retry_at{};
    };
    struct Entry {
        std::vector<Known> known;  // the best first
        std::uint64_t heard = 0;
        bool is_certified = false;
    };

    Entry& touch(PeerId const& peer);
    void make_room();
    [[nodiscard]] static Known* find(Entry& entry, Multiaddr const& address);
    Known& put_front(Entry& entry, Multiaddr const& address, bool is_certified);

    std::map<PeerId, Entry> peers_;
    std::map<std::pair<bool, std::uint64_t>, PeerId> by_age_;  // (is signed, heard): the first gives way
    std::uint64_t clock_ = 0;
};

/// `address` without its last /p2p part; nullopt when that names another peer than `peer`, or nothing is left.
[[nodiscard]] std::optional<Multiaddr> without_peer(Multiaddr const& address, PeerId const& peer);

}  // namespace ggen::p2p
