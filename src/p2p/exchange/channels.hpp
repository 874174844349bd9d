#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "p2p/exchange/limits.hpp"
#include "p2p/exchange/message.hpp"
#include "p2p/protocol/outbox.hpp"
#include "p2p/exchange/requests.hpp"

namespace ggen::p2p {

/// What a request was for; handed back with its outcome.
struct FetchTag {
    enum class Purpose : std::uint8_t { object, question, list, have, chunk };
    std::uint64_t fetch = 0;
    Purpose purpose = Purpose::object;
    std::uint64_t chunk = 0;
    friend bool operator==(FetchTag const&, FetchTag const&) = default;
};

/// What a peer answered: `bytes` are as many as it said, at most as many as were asked for.
struct ChannelAnswer {
    ExchangeStatus status = ExchangeStatus::ok;
    std::uint64_t total = 0;
    Bytes bytes;
};
struct ChannelOutcome {
    FetchTag tag;
    PeerId peer;
    Result<ChannelAnswer> result;
    std::chrono::nanoseconds took{0};
};

/// Texts of timed_out.
inline constexpr char const* k_stalled = "no answer in time";
inline constexpr char const* k_too_slow = "an answer that came too slowly";

/// How a peer does at the moment.
struct ChannelView {
    std::size_t requests = 0;
    TimePoint heard_at{};          ///< the last byte; before the first, when the first request was made
    bool is_answering = false;     ///< bytes of the first request have come
    std::uint64_t received = 0;    ///< bytes of content since the stream opened
};

/// The asking half: one stream a peer, opened with the first request and kept while it is used; requests on it are
/// answered in order. A peer that sends what was not asked for, or nothing for k_exchange_stall_timeout, loses the
/// stream
/// and with it all its requests. Memory: what was asked for. Outcomes are queued: poll until empty after every call.
class Channels {
public:
    explicit Channels(Outbox& outbox) : outbox_(outbox) {}

    /// Answered by one outcome, unless it is cancelled. Errors in it: those of OpenStream, timed_out (stalled, or for a
    /// whole window slower than `floor_bytes_per_second`), invalid (malformed), unavailable (cut off), too_large
    /// (k_exchange_requests_per_peer_max wait for this peer).
    void send(ContentHolder const& provider, ExchangeRequest const& request, FetchTag tag,
              std::uint64_t floor_bytes_per_second, TimePoint now);
    /// How long the head of an answer may reasonably take, dial included.
    [[nodiscard]] std::chrono::nanoseconds patience() const;
    [[nodiscard]] std::optional<ChannelOutcome> poll_outcome();
    /// Takes requests back. The stream goes when it was for nothing else, and what still comes is dropped if not.
    void cancel(PeerId const& peer, FetchTag const& tag, TimePoint now);
    /// All requests of one fetch.
    void cancel_fetch(std::uint64_t fetch, TimePoint now);
    [[nodiscard]] ChannelView view(PeerId const& peer) const;

    // Events of streams with odd keys; those of unknown ones are passed over.
    void on_opened(StreamKey stream, TimePoint now);
    void on_refused(StreamKey stream, Error const& error, TimePoint now);
    /// True when there is an outcome to poll.
    bool on_bytes(StreamKey stream, BytesView bytes, TimePoint now);
    void on_finished(StreamKey stream, TimePoint now);
    void on_reset(StreamKey stream, TimePoint now);

    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);

    [[nodiscard]] std::size_t stream_count() const { return channels_.size(); }
    [[nodiscard]] std::size_t request_count() const;
    [[nodiscard]] std::uint64_t received_bytes() const { return received_; }
    /// Of content that came for nobody: cancelled, cut off.
    [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_; }

private:
    struct Request {
        FetchTag tag;
        std::uint64_t length = 0;
        std::uint64_t floor_bytes_per_second = 0;
        bool is_first = false;  ///< nothing was under way to this peer
        bool is_cancelled = false;
        TimePoint sent_at;
    };
    struct Channel {
        explicit Channel(PeerId of) : peer(std::move(of)) {}
        PeerId peer;
        std::deque<Request> requests;
        Bytes head;                          // of the answer that is coming in, until it is whole
        std::optional<ChannelAnswer> answer; // its head is whole
        std::uint64_t left = 0;              // of its bytes
        TimePoint deadline;                  // of the next thing that has to happen
        TimePoint heard_at;
        TimePoint window_at;                 // where the window of the floor began
        std::uint64_t window_bytes = 0;
        std::uint64_t received = 0;
        bool is_open = false;
    };
    using At = std::map<StreamKey, Channel>::iterator;

    /// Takes one step in what arrived. False when the channel is gone.
    bool take_head(At at, BytesView& bytes, TimePoint now);
    void take_body(At at, BytesView& bytes, TimePoint now);
    void finish_answer(At at, TimePoint now);
    void expect_answer(Channel& channel, TimePoint now);
    void fail(At at, Error const& error, std::optional<Conduct> conduct, bool is_to_reset);
    void forget_if_idle(At at, TimePoint now);

    Outbox& outbox_;
    std::map<StreamKey, Channel> channels_;
    std::map<PeerId, StreamKey> by_peer_;
    std::deque<ChannelOutcome> outcomes_;
    double head_mean_s_ = 0;  // as TCP estimates round trips (RFC 6298)
    double head_deviation_s_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace ggen::p2p
