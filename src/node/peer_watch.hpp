#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "p2p/discovery/quiet_protocol.hpp"

namespace ggen::p2p {

/// A connected peer, as far as it told of itself.
struct WatchedPeer {
    PeerId peer;
    Multiaddr address;  ///< of the first connection
    Direction direction = Direction::outbound;
    TimePoint since{};
    std::vector<std::string> protocols;
    std::vector<Multiaddr> addresses;  ///< where it says that it listens
};

/// A peer that connected to this node: the only proof that others can reach it.
struct InboundSeen {
    PeerId peer;
    Multiaddr address;
    TimePoint at{};
};

/// What the commands of a node want to know of its peers, and connections on demand. A protocol without streams.
class PeerWatch final : public QuietProtocol {
public:
    static constexpr std::size_t k_waiters_max = 256;
    using Done = std::function<void(Result<void>)>;

    /// `done` is called once: connected, or why not. Errors: those of dials, too_large (256 wait).
    void connect(PeerId const& peer, std::vector<Multiaddr> addresses, Done done);
    void disconnect(PeerId const& peer) { put(DisconnectPeer{peer}); }

    [[nodiscard]] std::map<PeerId, WatchedPeer> const& peers() const { return peers_; }
    /// Listening and confirmed addresses, without /p2p.
    [[nodiscard]] std::vector<Multiaddr> const& own_addresses() const { return own_; }
    /// Of a peer that is not on this machine (loopback proves nothing), and of any.
    [[nodiscard]] std::optional<InboundSeen> const& last_distant_inbound() const { return distant_; }
    [[nodiscard]] std::uint64_t inbound_count() const { return inbound_count_; }

    void on_host_changed(HostInfo const& info, TimePoint now) override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override;
    void on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                           TimePoint now) override;
    void on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint now) override;

private:
    void answer(PeerId const& peer, Result<void> const& outcome);

    std::map<PeerId, WatchedPeer> peers_;
    std::multimap<PeerId, Done> waiters_;
    std::vector<Multiaddr> own_;
    std::optional<InboundSeen> distant_;
    std::uint64_t inbound_count_ = 0;
};

}  // namespace ggen::p2p
