#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/multiaddr.hpp"

// The seam between the swarm and what has sockets: the Asio driver in src/net, or the simulator. The swarm
// says what it wants (`SwarmCommand`), the driver does it and tells what happened (`TransportEvents`).
namespace ggen::p2p {

/// Names a connection of the transport, from the command or the acceptance that made it. The swarm counts;
/// never used twice.
using SocketKey = std::uint64_t;
using ListenerKey = std::uint64_t;
using ResolveKey = std::uint64_t;

/// Listen on `/ip4|ip6/…/tcp/…`; port 0 = any. Answered by `on_listening` or `on_listen_failed`.
struct ListenOn {
    ListenerKey listener = 0;
    Multiaddr address;
};
struct StopListening { ListenerKey listener = 0; };
/// Look up an address that holds dns, dns4, dns6 or dnsaddr; always answered by `on_resolved`.
struct ResolveAddress {
    ResolveKey key = 0;
    Multiaddr address;
};
/// Connect to `/ip4|ip6/…/tcp/…`. Answered by `on_socket_connected` or `on_socket_failed`; the swarm holds the
/// time limit and takes its interest back with CloseSocket.
struct ConnectSocket {
    SocketKey socket = 0;
    Multiaddr address;
};
/// Write all of `bytes` (at most k_socket_write_bytes_max), then call `on_socket_written`. Never a second one
/// for the same socket before that: the driver needs no queue.
struct WriteSocket {
    SocketKey socket = 0;
    Bytes bytes;
};
/// The last word about a socket, in any state: no call about it is expected or does anything from here on.
/// When orderly, what a WriteSocket before it holds still goes out, then the end; else drop everything.
struct CloseSocket {
    SocketKey socket = 0;
    bool is_orderly = true;
};

using SwarmCommand =
    std::variant<ListenOn, StopListening, ResolveAddress, ConnectSocket, WriteSocket, CloseSocket>;

/// What the driver tells. Calls about keys that are gone do nothing, so that races need no care. After any
/// call take all `poll_command`s, then re-read `next_deadline`. Nothing re-enters. `now` never runs back.
class TransportEvents {
public:
    TransportEvents() = default;
    virtual ~TransportEvents() = default;
    TransportEvents(TransportEvents const&) = delete;
    TransportEvents& operator=(TransportEvents const&) = delete;

    /// `address` has the real port; called once for each address when the listener has several.
    virtual void on_listening(ListenerKey listener, Multiaddr const& address, TimePoint now) = 0;
    /// Also when a listener dies later.
    virtual void on_listen_failed(ListenerKey listener, Error const& error, TimePoint now) = 0;
    /// Addresses found, at most 32 are taken; those that are dnsaddr or dns themselves are looked up again.
    virtual void on_resolved(ResolveKey key, Result<std::vector<Multiaddr>> const& addresses, TimePoint now) = 0;

    /// `local` is our own end of the socket, for protocols that tell peers how they see each other.
    virtual void on_socket_connected(SocketKey socket, Multiaddr const& local, TimePoint now) = 0;
    virtual void on_socket_failed(SocketKey socket, Error const& error, TimePoint now) = 0;
    /// The key of a socket that a listener accepted from `remote` (`/ip4|ip6/…/tcp/…`). nullopt = over a
    /// limit or not welcome: drop it without reading or writing a byte.
    [[nodiscard]] virtual std::optional<SocketKey> on_socket_accepted(ListenerKey listener, Multiaddr const& local,
                                                                      Multiaddr const& remote, TimePoint now) = 0;
    /// Reads of up to 64 KiB keep the costs per byte low; any cut is right.
    virtual void on_socket_bytes(SocketKey socket, BytesView bytes, TimePoint now) = 0;
    /// The WriteSocket is done: the bytes are with the system.
    virtual void on_socket_written(SocketKey socket, TimePoint now) = 0;
    /// The end of the other side, or an error: the socket is gone.
    virtual void on_socket_closed(SocketKey socket, TimePoint now) = 0;

    [[nodiscard]] virtual std::optional<SwarmCommand> poll_command() = 0;
    [[nodiscard]] virtual std::optional<TimePoint> next_deadline() const = 0;
    virtual void on_deadline(TimePoint now) = 0;
};

}  // namespace ggen::p2p
