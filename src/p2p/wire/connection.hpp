#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/wire/limits.hpp"
#include "p2p/wire/multistream.hpp"
#include "p2p/wire/noise.hpp"
#include "p2p/wire/window_budget.hpp"
#include "p2p/wire/yamux.hpp"

namespace ggen::p2p {

/// What one end brings to a connection. Fresh keys are the caller's randomness; the static key may serve many
/// connections of one process.
struct ConnectionConfig {
    Yamux::Role role = Yamux::Role::dialer;
    Ed25519PrivateKey identity;
    X25519PrivateKey static_key;
    X25519PrivateKey ephemeral_key;
    std::optional<PeerId> expected_peer;  ///< a dialer knows whom it dials
    ProtocolNames protocols;              ///< what streams of the peer may ask for; not null
    bool has_early_muxer = true;          ///< names the muxer inside the handshake; off in tests of peers that do not
    std::optional<Ed25519Signature> static_key_signature = std::nullopt;  ///< nullopt = made for this connection
};

// What happened, in order. Those of yamux that are not here are handled inside; `StreamOpened` and `StreamData` of
// yamux become these once the protocol of a stream is agreed.
struct Established { PeerId peer; };                                     ///< first; streams may be opened now
struct StreamNegotiated { StreamId stream; std::string protocol; };      ///< of `open_stream`
struct StreamRefused { StreamId stream; Error error; };                  ///< of `open_stream`; the stream is gone
struct StreamRequested { StreamId stream; std::string protocol; };       ///< opened by the peer, and agreed
struct StreamBytes { StreamId stream; Bytes bytes; };                    ///< never empty; `consume` when used
using ConnectionEvent = std::variant<Established, StreamNegotiated, StreamRefused, StreamRequested, StreamBytes,
                                     StreamFinished, StreamReset, StreamWritable, StreamSent, GoneAway>;

/// One end of a libp2p connection over an ordered, reliable channel (libp2p/specs connections/README.md):
/// multistream-select, Noise, yamux and the negotiation of every stream, as one pure state machine. All layers
/// put their bytes into one output, so that a dialer has the first answered byte after two round trips of its
/// own (three with TCP's). docs/protocols/p2p-wire.md "Connection".
///
/// Order: `on_bytes` or another call; `poll_event` until empty; `take_output`; `poll_event` again, since sending
/// makes events. After an error, send the remaining output and close: every stream is gone.
class Connection {
public:
    /// `budget` must outlive the connection.
    Connection(ConnectionConfig config, WindowBudget& budget, TimePoint now);

    /// Takes all of `bytes`; memory is bounded by what is fed, the windows and their budget.
    /// Errors: those of the layers: invalid, corrupt, too_large, refused (identity, or a layer not spoken).
    [[nodiscard]] Result<void> on_bytes(BytesView bytes, TimePoint now);
    [[nodiscard]] std::optional<ConnectionEvent> poll_event();
    /// At most about `bytes_max` bytes (a frame is never cut). Empty when there is nothing to say.
    [[nodiscard]] Bytes take_output(std::size_t bytes_max);

    /// When `on_deadline` wants to be called. Always a time: an open connection pings.
    [[nodiscard]] TimePoint next_deadline() const;
    /// Errors: timed_out (10 s for the upgrade, 30 s for the answer to a ping).
    [[nodiscard]] Result<void> on_deadline(TimePoint now);

    /// Opens a stream and negotiates it: answered by StreamNegotiated or StreamRefused (refused, timed_out after
    /// 10 s, invalid). What is written meanwhile waits for the answer; at most 256 KiB of it.
    /// Errors: invalid (names), unavailable (too many streams: later), refused (not open, or going away).
    [[nodiscard]] Result<StreamId> open_stream(std::vector<std::string> protocols, TimePoint now);
    /// Opens a stream for the one protocol that the peer surely speaks: what is written travels with the
    /// proposal. When the peer declines all the same the stream is reset, since it may take what was written for
    /// proposals; StreamRefused tells, and its owner writes it again on another stream.
    [[nodiscard]] Result<StreamId> open_stream_lazily(std::string protocol, TimePoint now);
    /// Queues a prefix of `bytes` and returns its size. StreamWritable tells when the rest may follow.
    /// Errors: not_found (gone, or not agreed with the peer that opened it), refused (finished by us).
    [[nodiscard]] Result<std::size_t> write(StreamId stream, BytesView bytes);
    /// The same, without a copy of a large block.
    [[nodiscard]] Result<std::size_t> write(StreamId stream, std::shared_ptr<Bytes const> const& block);
    /// No more writes; what is queued still goes out. Nothing happens when the stream is gone; so for the next two.
    void finish(StreamId stream);
    /// Ends the stream both ways and drops what is queued; no event tells of it.
    void reset(StreamId stream);
    /// The application used `bytes` of a stream's data: credit goes back to the peer.
    void consume(StreamId stream, std::size_t bytes, TimePoint now);
    /// Names that streams of the peer may ask for from now on. Precondition: not null.
    void set_protocols(ProtocolNames protocols) { config_.protocols = std::move(protocols); }
    /// Takes no new streams; open ones go on. Close when `stream_count` is zero, or when patience ends.
    void go_away();

    [[nodiscard]] bool is_open() const { return phase_ == Phase::open; }
    /// Whether the peer has the connection too: it said something after the handshake, or spoke last in it.
    [[nodiscard]] bool is_confirmed() const { return is_confirmed_; }
    /// Precondition: is_open().
    [[nodiscard]] PeerId const& remote_peer() const { return noise_->remote_peer(); }
    [[nodiscard]] std::optional<std::chrono::nanoseconds> round_trip() const { return round_trip_; }
    [[nodiscard]] std::size_t stream_count() const { return yamux_ ? yamux_->stream_count() : 0; }
    /// Bytes that the connection holds for its peer beside its fixed size, both ways.
    [[nodiscard]] std::uint64_t held_bytes() const;

private:
    enum class Phase : std::uint8_t { security, handshake, muxer, open, failed };
    struct Negotiation {
        Multistream select;
        bool is_outbound = false;
        bool is_lazy = false;
        bool is_finishing = false;
        bool is_cut_short = false;
        Bytes held{};  // written before the answer
    };
    using Negotiations = std::map<StreamId, Negotiation>;

    [[nodiscard]] Result<void> take_bytes(BytesView bytes);
    [[nodiscard]] Result<BytesView> select_security(BytesView bytes);
    [[nodiscard]] Result<void> on_secured();
    [[nodiscard]] Result<BytesView> select_muxer(BytesView plain);
    void start_yamux();
    Error fail(Error error);
    [[nodiscard]] Result<StreamId> open(std::vector<std::string> protocols, bool is_lazy, TimePoint now);
    void translate(YamuxEvent event);
    void on_opened(StreamId stream);
    void on_data(StreamData data);
    void on_agreed(Negotiations::iterator at);
    void on_reset(StreamReset const& reset);
    void refuse(Negotiations::iterator at, Error error);
    void write_own(StreamId stream, BytesView bytes);
    void watch(StreamId stream);
    void forget_decided();

    ConnectionConfig config_;
    WindowBudget& budget_;
    Phase phase_ = Phase::security;
    TimePoint now_;
    TimePoint upgrade_deadline_;
    std::optional<Multistream> select_;  // of the security, then of the muxer
    std::optional<NoiseChannel> noise_;
    std::optional<Yamux> yamux_;
    Bytes output_;                        // before the channel is secure
    Bytes plain_output_;                  // of the negotiation of the muxer
    std::deque<ConnectionEvent> events_;
    Negotiations negotiations_;
    std::deque<std::pair<TimePoint, StreamId>> negotiation_deadlines_;  // in order, since all last as long
    std::map<StreamId, std::size_t> own_unsent_;  // bytes of negotiation that `StreamSent` must not count
    TimePoint next_ping_{};
    std::optional<TimePoint> ping_sent_;
    std::optional<std::chrono::nanoseconds> round_trip_;
    bool is_confirmed_ = false;
    std::optional<Error> failed_;
};

}  // namespace ggen::p2p
