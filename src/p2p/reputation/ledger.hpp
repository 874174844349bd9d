#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

// Constants of the ledger; docs/protocols/p2p-reputation.md has the reasons.
inline constexpr std::size_t k_ledger_peers_max = 8192;
inline constexpr std::size_t k_ledger_networks_max = 4096;
inline constexpr std::chrono::hours k_ledger_half_life{24};
inline constexpr std::chrono::hours k_ledger_ban{24};
inline constexpr std::chrono::hours k_ledger_retention{24 * 30};  ///< after the last thing that was heard
inline constexpr double k_ledger_useful_bytes_per_point = 1024.0 * 1024;
inline constexpr double k_ledger_points_max = 100;  ///< what good conduct can earn
/// What timeouts and overload alone can cost: a slow peer comes last, and is never refused for it.
inline constexpr double k_ledger_soft_faults_max = 50;
/// At and below these, nobody deals with the peer, with strangers of the network, with the network at all.
inline constexpr double k_ledger_refused_score = -100;
inline constexpr double k_ledger_refused_strangers_score = -100;
inline constexpr double k_ledger_refused_network_score = -500;
inline constexpr std::size_t k_ledger_image_bytes_max = 4 * k_mib;

/// What one peer is worth to us.
struct Standing {
    double score = 0;        ///< 0 = unknown; from -1000 to 100
    bool is_banned = false;  ///< a provable lie, less than 24 h ago
    bool is_stranger = true; ///< nothing useful yet: served from the strangers' share
};

/// Local reputation (trust.md 6): what peers did for us and against us, decaying with a half-life of a day. It orders
/// whom to ask and serve first, never what to believe, and is never told to anybody. A peer that comes back under a
/// new name is a stranger, so a bad name is worth leaving but never worth more than none.
///
/// At most 8,192 peers and 4,096 networks; the least telling ones are forgotten first. Times are of the monotonic
/// clock; across runs the owner says how long the ledger lay on disk. Not thread-safe.
class Ledger {
public:
    /// Where the peer was seen: its conduct counts for that network too. Peers without an IP have none.
    void on_connected(PeerId const& peer, Multiaddr const& address, TimePoint now);
    /// `weight` is the count of acts; of verified data, use `on_useful_bytes`.
    void on_conduct(PeerId const& peer, Conduct conduct, double weight, TimePoint now);
    /// Bytes that were asked for, arrived and verified, and how long they took (the first byte's wait included).
    void on_useful_bytes(PeerId const& peer, std::uint64_t bytes, std::chrono::nanoseconds took, TimePoint now);
    /// A chunk, tile, signature or record that cannot be true: bans the peer for 24 h.
    void on_lie(PeerId const& peer, TimePoint now);

    [[nodiscard]] Standing standing(PeerId const& peer, TimePoint now) const;
    /// Verified bytes that it served, decayed as all that is known of it.
    [[nodiscard]] std::uint64_t useful_bytes(PeerId const& peer, TimePoint now) const;
    [[nodiscard]] bool is_banned(PeerId const& peer, TimePoint now) const;
    /// Banned, or so deep in faults that dealing with it is a waste until they have decayed: neither dialed nor let in.
    [[nodiscard]] bool is_refused(PeerId const& peer, TimePoint now) const;
    /// What all peers of the address's network did, from -1000 to 0. A new peer from a bad one starts there.
    [[nodiscard]] double network_score(Multiaddr const& address, TimePoint now) const;
    /// For gossip's P5: the score, scaled to [-100, 10].
    [[nodiscard]] double gossip_score(PeerId const& peer, TimePoint now) const;

    /// Forgets what is past its retention.
    void expire(TimePoint now);
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
    [[nodiscard]] std::size_t network_count() const { return networks_.size(); }

    /// docs/protocols/p2p-reputation.md "On disk".
    [[nodiscard]] Bytes encode(TimePoint now) const;
    /// A ledger that was written `age` ago. Errors: invalid, too_large (bytes, or entries).
    [[nodiscard]] static Result<Ledger> decode(BytesView image, std::chrono::seconds age, TimePoint now);

private:
    struct Account {
        double useful = 0;    // points
        double faults = 0;    // points
        double seconds = 0;   // spent on the useful bytes
        double megabytes = 0;
        TimePoint as_of{};    // what the numbers above are decayed to
        TimePoint heard{};
        std::optional<TimePoint> banned_until;
        std::string network;
    };
    struct Network {
        double faults = 0;
        TimePoint as_of{};
    };

    [[nodiscard]] Account& account(PeerId const& peer, TimePoint now);
    [[nodiscard]] Result<void> decode_peer(BytesView entry, std::uint64_t slept, TimePoint now);
    [[nodiscard]] Result<void> decode_network(BytesView entry, std::uint64_t slept, TimePoint now);
    void add_fault(Account& account, double points, TimePoint now);
    void add_soft_fault(Account& account, double points, TimePoint now);
    void forget_one_peer(TimePoint now);
    [[nodiscard]] static double score_of(Account const& account, TimePoint now);
    static void decay(Account& account, TimePoint now);

    std::map<PeerId, Account> peers_;
    std::map<std::string, Network> networks_;
};

/// "/24" or "/48" of an address as bytes; empty without an IP and for loopback.
[[nodiscard]] std::string network_of(Multiaddr const& address);

}  // namespace ggen::p2p
