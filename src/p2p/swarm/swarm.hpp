#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/swarm/gate.hpp"
#include "p2p/swarm/limits.hpp"
#include "p2p/swarm/transport.hpp"
#include "p2p/wire/limits.hpp"

namespace ggen::p2p {

struct SwarmOptions {
    Ed25519PrivateKey identity;
    std::size_t connections_max = k_connections_max;
    std::uint64_t window_bytes_max = k_host_window_bytes_max;
    /// Off on servers: addresses of private networks and loopback are not dialed unless a protocol names them.
    bool dials_site_addresses = true;
    /// Names the muxer inside the Noise handshake; off only to try the other way.
    bool has_early_muxer = true;
};

/// What a peer costs, as it stands.
struct PeerUsage {
    PeerId peer;
    Multiaddr address;  ///< of the first connection
    Direction direction = Direction::outbound;
    std::size_t connections = 0;
    std::size_t streams = 0;
    std::uint64_t held_bytes = 0;  ///< received and not used, written and not sent, promised by grown windows
    std::uint64_t value = 0;       ///< sum of what the protocols said
    std::optional<std::chrono::nanoseconds> round_trip;
};

struct SwarmUsage {
    std::size_t peers = 0;
    std::size_t connections = 0;  ///< open
    std::size_t handshakes = 0;   ///< both directions
    std::size_t dials = 0;        ///< sockets that connect
    std::size_t streams = 0;
    std::size_t waiting_streams = 0;  ///< for a connection
    std::uint64_t window_bytes = 0;   ///< of the budget that all connections share
};

/// Carries protocols over connections: keeps peers, dials, limits and bans (docs/protocols/p2p-swarm.md). A pure
/// state machine between two seams: `Protocol` above, `TransportEvents` below. After any call, take all
/// `poll_command`s and re-read `next_deadline`. Not thread-safe: one network thread owns it.
class Swarm final : public TransportEvents {
public:
    /// `random` makes the keys of every handshake: it must be fit for keys where peers are real. It must outlive
    /// the swarm, as must `gate` (null = everybody is welcome) and all protocols.
    Swarm(SwarmOptions options, Random& random, Gate* gate = nullptr);
    ~Swarm() override;

    /// Names that two protocols have go to the first. Precondition: nothing is connected yet.
    void add_protocol(Protocol& protocol, TimePoint now);
    /// To be called after something other than the swarm called a protocol: takes its outputs.
    void on_protocols_called(TimePoint now);
    /// Answered through the driver; `listen_addresses` has the outcome.
    ListenerKey listen(Multiaddr const& address, TimePoint now);
    void stop_listening(ListenerKey listener, TimePoint now);
    /// Closes all connections to the peer in order.
    void disconnect(PeerId const& peer, TimePoint now);
    /// Disconnects the peer and refuses it, in both directions.
    void ban_peer(PeerId const& peer, TimePoint until, TimePoint now);
    void unban_peer(PeerId const& peer);
    /// The same for the /24 or /56 of `address`. Errors: invalid (not `/ip4|ip6/…/tcp/…`).
    [[nodiscard]] Result<void> ban_network(Multiaddr const& address, TimePoint until, TimePoint now);
    /// Remembers where a peer listens: bootstrap lists, a peerstore on disk.
    void learn_addresses(PeerId const& peer, std::vector<Multiaddr> const& addresses, bool is_certified);
    /// Stops listening and says farewell to all.
    void shut_down(TimePoint now);

    [[nodiscard]] PeerId const& self() const;
    [[nodiscard]] std::vector<Multiaddr> listen_addresses() const;
    /// Listeners whose outcome is not known yet, and why the last one failed.
    [[nodiscard]] std::size_t pending_listeners() const;
    [[nodiscard]] std::optional<Error> const& listen_failure() const;
    [[nodiscard]] std::vector<Multiaddr> known_addresses(PeerId const& peer) const;
    [[nodiscard]] bool is_connected(PeerId const& peer) const;
    [[nodiscard]] SwarmUsage usage() const;
    [[nodiscard]] std::vector<PeerUsage> peers() const;

    void on_listening(ListenerKey listener, Multiaddr const& address, TimePoint now) override;
    void on_listen_failed(ListenerKey listener, Error const& error, TimePoint now) override;
    void on_resolved(ResolveKey key, Result<std::vector<Multiaddr>> const& addresses, TimePoint now) override;
    void on_socket_connected(SocketKey socket, Multiaddr const& local, TimePoint now) override;
    void on_socket_failed(SocketKey socket, Error const& error, TimePoint now) override;
    [[nodiscard]] std::optional<SocketKey> on_socket_accepted(ListenerKey listener, Multiaddr const& local,
                                                              Multiaddr const& remote, TimePoint now) override;
    void on_socket_bytes(SocketKey socket, BytesView bytes, TimePoint now) override;
    void on_socket_written(SocketKey socket, TimePoint now) override;
    void on_socket_closed(SocketKey socket, TimePoint now) override;
    [[nodiscard]] std::optional<SwarmCommand> poll_command() override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace ggen::p2p
