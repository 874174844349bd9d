#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"

// The seam between the protocols of the network (identify, ping, kad, gossip …) and what carries them: a host
// with real connections, or the simulator. A protocol is a pure state machine that is told what happened and
// says what it wants; it has no socket, clock, thread or randomness of its own (docs/protocols/p2p-host.md).
namespace ggen::p2p {

/// Names a stream between one protocol and its host. As in yamux, the opener numbers: the protocol takes odd
/// keys for streams that it asks for, the host even ones for streams that the peer opened. Never used twice.
using StreamKey = std::uint64_t;

/// Bytes that a protocol may have written to one stream and not yet seen in `on_stream_sent`. A host may reset
/// a stream that goes over it.
inline constexpr std::size_t k_stream_unsent_bytes_max = 256 * k_kib;

/// Immutable bytes that many streams may send at once: a broadcast exists once.
using Block = std::shared_ptr<Bytes const>;

enum class Direction : std::uint8_t { outbound, inbound };

/// A peer that has at least one usable connection.
struct PeerInfo {
    PeerId peer;
    Multiaddr address;  ///< of the first connection, without /p2p
    Direction direction = Direction::outbound;
};

/// What this host is to others.
struct HostInfo {
    PeerId self;
    std::vector<std::string> protocols;  ///< all that inbound streams may ask for
    std::vector<Multiaddr> addresses;    ///< what it announces: listening and confirmed, without /p2p
};

// What a protocol asks of its host, in order.

/// A new stream, negotiated from `protocols` (best first). Without a connection the host dials first: the
/// `addresses` given here and those it knows. Answered by `on_stream_opened` or `on_stream_refused`. Bytes may
/// be written at once: they travel with the negotiation when the peer is known to speak the first protocol.
struct OpenStream {
    StreamKey stream = 0;
    PeerId peer;
    std::vector<std::string> protocols;
    std::vector<Multiaddr> addresses;
    bool may_dial = true;
};
/// Answered by `on_stream_sent` as the bytes leave. Nothing happens when the stream is gone.
struct WriteStream {
    StreamKey stream = 0;
    Block bytes;
};
/// No more writes; what was written still goes out.
struct FinishStream { StreamKey stream = 0; };
/// Both ways, at once; drops what waits.
struct ResetStream { StreamKey stream = 0; };
/// Stops or resumes the delivery of a stream's bytes: the peer is held back by flow control.
struct PauseStream {
    StreamKey stream = 0;
    bool is_paused = true;
};
/// A connection without a stream. Answered by `on_peer_connected`, or `on_dial_failed`.
struct ConnectPeer {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};
struct DisconnectPeer { PeerId peer; };
/// How much this protocol wants the peer's connection to stay; 0 = not at all. The host trims from below.
struct ValuePeer {
    PeerId peer;
    std::uint32_t value = 0;
};
/// What was learned about where a peer listens. The host bounds and stores it. `is_certified` when a signed
/// peer record said so.
struct LearnAddresses {
    PeerId peer;
    std::vector<Multiaddr> addresses;
    bool is_certified = false;
};
/// Conduct of a peer, for the reputation ledger (trust.md 6.2): local, and about scheduling only.
enum class Conduct : std::uint8_t {
    useful,          ///< an answer, message or piece that was needed and right
    invalid_data,    ///< bytes that failed verification
    protocol_error,  ///< malformed or out of turn
    timeout,         ///< promised or was asked, and did not answer
    overload         ///< went over a limit
};
struct ReportPeer {
    PeerId peer;
    Conduct conduct = Conduct::useful;
    double weight = 1;
};
/// `Protocol::protocols` answers differently now: identify pushes it.
struct ProtocolsChanged {};
/// What a peer said of itself; put out by identify alone. The host keeps `protocols` for lazy proposals and tells
/// them to every protocol by `on_peer_protocols`.
struct PeerIdentified {
    PeerId peer;
    std::vector<std::string> protocols;  ///< the whole list, at most 256
    std::string agent;                   ///< printable, at most 128 bytes
    Bytes signed_record;                 ///< its envelope, verified and newer than the last; empty without one
};
/// Distinct peers reached this host at `address` and say so; put out by identify alone. The host announces it.
struct ConfirmAddress { Multiaddr address; };

using ProtocolOutput = std::variant<OpenStream, WriteStream, FinishStream, ResetStream, PauseStream, ConnectPeer,
                                    DisconnectPeer, ValuePeer, LearnAddresses, ReportPeer, ProtocolsChanged,
                                    PeerIdentified, ConfirmAddress>;

/// One protocol core. After any call the host polls outputs until there are none and re-reads `next_deadline`.
/// Calls never re-enter: outputs are queued. Not thread-safe: one network thread owns it. `now` never runs back.
class Protocol {
public:
    Protocol() = default;
    virtual ~Protocol() = default;
    Protocol(Protocol const&) = delete;
    Protocol& operator=(Protocol const&) = delete;

    /// Names that inbound streams may ask for, best first. May change; then `ProtocolsChanged` is put out.
    [[nodiscard]] virtual std::vector<std::string> protocols() const = 0;

    /// Told at the start and after each change (a listener, `ProtocolsChanged`, `ConfirmAddress`).
    virtual void on_host_changed(HostInfo const& /*info*/, TimePoint /*now*/) {}
    /// The first connection to the peer is usable.
    virtual void on_peer_connected(PeerInfo const& /*info*/, TimePoint /*now*/) {}
    /// The last connection is gone. Its streams were reset before this.
    virtual void on_peer_disconnected(PeerId const& /*peer*/, TimePoint /*now*/) {}
    virtual void on_dial_failed(PeerId const& /*peer*/, Error const& /*error*/, TimePoint /*now*/) {}
    /// Identify told where a connected peer listens, without /p2p, at most 64; called before `on_peer_protocols`.
    /// `is_certified` when a signed peer record said so.
    virtual void on_peer_addresses(PeerId const& /*peer*/, std::span<Multiaddr const> /*addresses*/,
                                   bool /*is_certified*/, TimePoint /*now*/) {}
    /// Identify (or its push) told what the peer speaks: the whole list, at most 256 names.
    virtual void on_peer_protocols(PeerId const& /*peer*/, std::span<std::string const> /*protocols*/,
                                   TimePoint /*now*/) {}

    /// Identify brought the peer's signed record: a sealed envelope (RFC 0002/0003), verified to be this peer's own.
    virtual void on_peer_record(PeerId const& /*peer*/, BytesView /*sealed*/, TimePoint /*now*/) {}

    /// Answers to OpenStream. Errors: unavailable (no answer), refused (no protocol, unwelcome), too_large (our limit),
    /// timed_out, not_found (no address is known, or not connected and `may_dial` was false).
    virtual void on_stream_opened(StreamKey /*stream*/, std::string const& /*protocol*/, TimePoint /*now*/) {}
    virtual void on_stream_refused(StreamKey /*stream*/, Error const& /*error*/, TimePoint /*now*/) {}
    /// The peer opened a stream for one of `protocols()`.
    virtual void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol,
                                   TimePoint now) = 0;
    /// Never empty, any cut. Credit goes back to the peer when this returns, unless the stream is paused.
    virtual void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) = 0;
    /// The peer writes no more; ours may go on.
    virtual void on_stream_finished(StreamKey stream, TimePoint now) = 0;
    /// Gone both ways, by the peer, a limit or the connection. Not called for our own ResetStream.
    virtual void on_stream_reset(StreamKey stream, TimePoint now) = 0;
    /// `bytes` more of what was written went to the connection.
    virtual void on_stream_sent(StreamKey /*stream*/, std::size_t /*bytes*/, TimePoint /*now*/) {}

    /// When `on_deadline` wants to be called; nullopt = not at all.
    [[nodiscard]] virtual std::optional<TimePoint> next_deadline() const { return std::nullopt; }
    virtual void on_deadline(TimePoint /*now*/) {}

    [[nodiscard]] std::optional<ProtocolOutput> poll_output() {
        if (outputs_.empty()) return std::nullopt;
        auto output = std::move(outputs_.front());
        outputs_.pop_front();
        return output;
    }

protected:
    void put(ProtocolOutput output) { outputs_.push_back(std::move(output)); }
    /// The next key for an OpenStream.
    [[nodiscard]] StreamKey new_stream_key() { return std::exchange(next_key_, next_key_ + 2); }

private:
    std::deque<ProtocolOutput> outputs_;
    StreamKey next_key_ = 1;
};

}  // namespace ggen::p2p
