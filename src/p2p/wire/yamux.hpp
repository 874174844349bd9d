#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "p2p/wire/byte_sink.hpp"
#include "p2p/wire/limits.hpp"
#include "p2p/wire/window_budget.hpp"
#include "p2p/wire/yamux_frame.hpp"
#include "p2p/wire/yamux_queue.hpp"

namespace ggen::p2p {

using StreamId = std::uint32_t;

// What happened, in order. Poll until empty after every `on_bytes`.
struct StreamOpened { StreamId stream; };                     ///< by the peer; `accept` or `reset` it
struct StreamData { StreamId stream; Bytes bytes; };          ///< never empty; `consume` it when it was used
struct StreamFinished { StreamId stream; };                   ///< the peer sends no more
struct StreamReset { StreamId stream; std::uint32_t code; };  ///< gone, both ways
struct StreamWritable { StreamId stream; };                   ///< a `write` that was cut short may go on
struct StreamSent { StreamId stream; std::size_t bytes; };    ///< left `take_output`; poll after it too
struct Ponged { std::chrono::nanoseconds round_trip; };
struct GoneAway { std::uint32_t code; };                      ///< the peer takes no new streams
using YamuxEvent =
    std::variant<StreamOpened, StreamData, StreamFinished, StreamReset, StreamWritable, StreamSent, Ponged, GoneAway>;

/// One end of a yamux session (libp2p/specs yamux/README.md, `/yamux/1.0.0`): a pure state machine over an
/// ordered, reliable channel. Reading never waits for writing: replies are queued within limits, and a peer
/// that makes them overflow ends the session, so two saturated ends cannot lock each other.
///
/// Output is pulled: `take_output` builds frames when there is room for them, window updates and replies
/// first, then the streams in turn, one frame each.
class Yamux {
public:
    enum class Role : std::uint8_t { dialer, listener };

    /// `budget` must outlive the session.
    Yamux(Role role, WindowBudget& budget);
    ~Yamux();
    Yamux(Yamux const&) = delete;
    Yamux& operator=(Yamux const&) = delete;

    /// Takes all of `bytes`. After an error, send the remaining output (it holds a GoAway) and close.
    /// Errors: invalid (grammar, ids, an unexpected pong), too_large (frame or credit over its limit,
    /// replies or resets faster than they may come).
    [[nodiscard]] Result<void> on_bytes(BytesView bytes, TimePoint now);
    [[nodiscard]] std::optional<YamuxEvent> poll_event();
    /// At most about `bytes_max` bytes of frames (one frame is never cut). Empty when there is nothing to say.
    [[nodiscard]] Bytes take_output(std::size_t bytes_max);
    /// The same, piece by piece.
    void append_output(std::size_t bytes_max, ByteSink& sink);
    /// About how many bytes that will be, `bytes_max` at most.
    [[nodiscard]] std::size_t sendable_bytes(std::size_t bytes_max) const;

    /// Errors: refused (GoAway was sent or received, or ids are used up), unavailable (256 streams open or
    /// 128 not acknowledged: retry later).
    [[nodiscard]] Result<StreamId> open_stream();
    /// Acknowledges an inbound stream. Nothing happens when it is gone already.
    void accept(StreamId stream);
    /// Queues a prefix of `bytes` and returns its size; less than all when 1 MiB waits already.
    /// Errors: not_found (reset or unknown), refused (finished by us).
    [[nodiscard]] Result<std::size_t> write(StreamId stream, BytesView bytes);
    /// The same; a large block that fits is shared, not copied.
    [[nodiscard]] Result<std::size_t> write(StreamId stream, std::shared_ptr<Bytes const> const& block);
    /// No more writes; what is queued still goes out. Nothing happens when the stream is gone.
    void finish(StreamId stream);
    /// Ends the stream both ways and drops what is queued; no event tells of it. Nothing happens when it is gone.
    void reset(StreamId stream);
    /// The application used `bytes` of a stream's data: credit goes back to the peer, more of it when the
    /// window was too small for the path. Nothing happens when the stream is gone.
    void consume(StreamId stream, std::size_t bytes, TimePoint now);
    /// Measures the round trip; nothing happens while a ping is on its way.
    void ping(TimePoint now);
    /// Takes no new streams; open ones go on.
    void go_away();

    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }
    /// Bytes received and not consumed, or promised by windows that grew.
    [[nodiscard]] std::uint64_t receive_bytes() const { return reserved_; }
    /// Bytes written and not taken by `take_output`.
    [[nodiscard]] std::size_t unsent_bytes() const { return unsent_; }
    /// Receive window of a stream, bytes. Precondition: the stream exists.
    [[nodiscard]] std::uint32_t window_bytes(StreamId stream) const { return streams_.at(stream).window; }

private:
    struct Stream {
        std::uint32_t window = k_yamux_window_bytes_min;         // what we let the peer have on its way and here
        std::uint32_t receive_credit = k_yamux_window_bytes_min; // what it may still send
        std::uint32_t credit_to_send = 0;                        // granted above, not yet in a frame
        std::uint64_t buffered = 0;                              // received, not consumed
        std::uint64_t reserved = 0;                              // of the budgets
        TimePoint last_update{};
        std::uint64_t send_credit = k_yamux_window_bytes_min;
        YamuxQueue queue;
        std::uint16_t pending_flags = 0;  // SYN or ACK that the next frame carries
        bool is_accepted = false;
        bool is_acked = false;
        bool is_cut_short = false;  // a write was refused for room
        bool is_finishing = false;
        bool is_finished = false;         // our FIN is out
        bool is_remote_finished = false;
        bool is_ready = false;            // stands in ready_
    };
    using Streams = std::map<StreamId, Stream>;

    [[nodiscard]] Result<void> take_bytes(BytesView bytes, TimePoint now);
    [[nodiscard]] Result<void> on_header(YamuxHeader const& header, TimePoint now);
    [[nodiscard]] Result<void> on_stream_header(YamuxHeader const& header, TimePoint now);
    [[nodiscard]] Result<bool> on_syn(YamuxHeader const& header);
    [[nodiscard]] Result<void> on_reset(YamuxHeader const& header, TimePoint now);
    [[nodiscard]] Result<void> on_ping(YamuxHeader const& header, TimePoint now);
    void on_body(BytesView bytes);
    void on_body_end();
    [[nodiscard]] Result<void> queue_reply(YamuxHeader const& header);
    void make_ready(StreamId id, Stream& stream);
    [[nodiscard]] std::size_t append_frames(StreamId id, Stream& stream, ByteSink& sink);
    [[nodiscard]] Result<Stream*> writable(StreamId id);
    enum class Claim : std::uint8_t { arrived, promised };
    [[nodiscard]] bool reserve(Stream& stream, std::uint64_t bytes, Claim claim);
    void widen(Stream& stream);
    void drop(Streams::iterator at);
    void drop_if_done(StreamId id);
    void abandon(StreamId id);
    void on_framed(StreamId id, Stream& stream, std::size_t size);
    [[nodiscard]] bool is_ours(StreamId id) const { return (id % 2 == 1) == (role_ == Role::dialer); }
    [[nodiscard]] std::size_t count(bool ours) const { return ours ? outbound_ : streams_.size() - outbound_; }

    Role role_;
    WindowBudget& budget_;
    std::uint64_t reserved_ = 0;
    std::size_t unsent_ = 0;
    Streams streams_;
    std::size_t outbound_ = 0;
    std::size_t unacked_ = 0;      // ours, not acknowledged by the peer
    std::size_t unaccepted_ = 0;   // the peer's, not accepted by the application
    StreamId next_id_;
    std::array<std::uint8_t, k_yamux_header_bytes> header_{};
    std::size_t header_size_ = 0;
    YamuxHeader body_;             // the frame whose body is arriving
    std::size_t body_left_ = 0;
    Bytes replies_;                // whole pong, reset, ping and GoAway frames
    std::size_t reply_count_ = 0;  // pongs and resets among them
    std::size_t abandoned_ = 0;    // resets of ours in replies_ beside those
    std::deque<StreamId> ready_;
    std::deque<YamuxEvent> events_;
    std::optional<TimePoint> ping_sent_;
    std::uint32_t ping_nonce_ = 0;
    std::optional<std::chrono::nanoseconds> round_trip_;
    TimePoint resets_since_{};
    std::size_t resets_ = 0;
    bool is_going_away_ = false;
    bool is_remote_going_away_ = false;
    std::optional<Error> failed_;
};

}  // namespace ggen::p2p
