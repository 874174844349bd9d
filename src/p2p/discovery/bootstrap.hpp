#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "p2p/discovery/limits.hpp"
#include "p2p/discovery/quiet_protocol.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {

/// A peer that is worth a try.
struct KnownPeer {
    PeerId peer;
    std::vector<Multiaddr> addresses;  ///< without /p2p, or ending in that of the peer; names are looked up
};

struct BootstrapOptions {
    PeerId self;
    std::uint64_t seed = 0;  ///< of all dice
    std::size_t low_water = k_bootstrap_low_water;  ///< with fewer connected peers it dials
};

/// The way into the network and back: while fewer than `low_water` peers are connected it dials those of a list, in a
/// random order, at most four at a time. Who does not answer rests for 5 s, twice as long each time, 10 min at most,
/// each time up to a fifth longer, so that a fleet that lost its bootstrap peer does not come back as one. Remembered
/// peers (from the peerstore) are tried as the listed ones are, so that a network lives without its list.
class Bootstrap final : public QuietProtocol {
public:
    explicit Bootstrap(BootstrapOptions options);

    /// Adds a peer, or addresses of one that is known. Errors: too_large (1,024 peers), invalid (no address, or this
    /// node itself).
    [[nodiscard]] Result<void> add(KnownPeer peer, TimePoint now);

    [[nodiscard]] std::size_t candidate_count() const { return candidates_.size(); }
    [[nodiscard]] std::size_t connected_count() const { return connected_.size(); }

    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override { return wake_at_; }
    void on_deadline(TimePoint now) override;

private:
    struct Candidate {
        std::vector<Multiaddr> addresses;
        std::uint32_t failures = 0;
        TimePoint try_at{};
        std::optional<TimePoint> gives_up_at;  // while it is dialed
    };

    void dial_more(TimePoint now);
    void on_failed(Candidate& candidate, TimePoint now);

    BootstrapOptions options_;
    SeededRandom random_;
    std::map<PeerId, Candidate> candidates_;
    std::set<PeerId> connected_;
    std::optional<TimePoint> wake_at_;
};

/// "/dns4/host/tcp/4001/p2p/<peer>" as a peer to try. Errors: invalid (no address, or it names no peer at its end).
[[nodiscard]] Result<KnownPeer> parse_known_peer(std::string_view address);

}  // namespace ggen::p2p
