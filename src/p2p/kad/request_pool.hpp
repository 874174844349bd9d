#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "p2p/kad/message.hpp"
#include "p2p/kad/routing_table.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/outbox.hpp"

namespace ggen::p2p {

/// What a request was for; handed back with its outcome.
struct RequestTag {
    enum class Purpose : std::uint8_t { lookup, store, repair, probe };
    std::uint64_t query = 0;  ///< 0 for a probe
    Purpose purpose = Purpose::lookup;
};

/// A request has left (when the protocol gives no answer to it).
struct RequestSent {};

struct RequestOutcome {
    RequestTag tag;
    KadContact peer;
    std::variant<KadMessage, RequestSent, Error> result;
    std::chrono::microseconds took{0};
    bool was_connected = false;  ///< `took` has no dial in it
};

/// How long requests of one kind take, as TCP estimates it (RFC 6298): mean and mean deviation.
class LatencyEstimate {
public:
    void add(std::chrono::microseconds took);
    /// The mean and `deviations` times its deviation; `unknown` before the first sample.
    [[nodiscard]] std::chrono::microseconds bound(double deviations, std::chrono::microseconds unknown) const;

private:
    double mean_us_ = 0;
    double deviation_us_ = 0;
    bool is_known_ = false;
};

/// All requests of this node. One stream a peer, opened with the first request and kept while it is used, several
/// requests on it at a time; answers come in order. A request that a peer's closing of an idle stream cut off is
/// sent once more. Outcomes are queued: poll until empty after every call.
class RequestPool {
public:
    explicit RequestPool(Outbox& outbox) : outbox_(outbox) {}

    /// `protocols`: for new streams, best first. Answered by one outcome with `tag`. Errors in the outcome: timed_out
    /// (k_kad_request_timeout), unavailable (not reachable), refused (it does not speak the protocol), invalid (its
    /// answer), not_found (no address), too_large (k_kad_requests_per_peer_max wait for it already).
    void send(KadContact const& peer, std::vector<std::string> const& protocols, KadMessage const& message,
              RequestTag tag, bool is_connected, TimePoint now);
    [[nodiscard]] std::optional<RequestOutcome> poll_outcome();

    // Events of streams with odd keys; those of unknown ones are passed over.
    void on_opened(StreamKey stream, TimePoint now);
    void on_refused(StreamKey stream, Error const& error, TimePoint now);
    void on_bytes(StreamKey stream, BytesView bytes, TimePoint now);
    void on_finished(StreamKey stream, TimePoint now);
    void on_reset(StreamKey stream, TimePoint now);
    void on_sent(StreamKey stream, std::size_t bytes, TimePoint now);

    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);

    /// How long a request to a peer usually takes at `deviations` above the mean.
    [[nodiscard]] std::chrono::microseconds patience(bool is_connected, double deviations) const;
    [[nodiscard]] std::size_t stream_count() const { return channels_.size(); }
    [[nodiscard]] std::size_t waiting_count() const { return waiting_; }

private:
    struct Request {
        KadMessageType type = KadMessageType::find_node;
        RequestTag tag;
        Block bytes;
        std::uint64_t end_offset = 0;  // of its last byte in the stream
        TimePoint sent_at;
        TimePoint deadline;
        bool was_connected = false;
        bool is_second_try = false;
    };
    struct Channel {
        KadContact peer;
        std::vector<std::string> protocols;
        std::vector<Request> requests;  // oldest first; hardly ever more than one
        MessageReader reader{k_kad_message_accept_bytes_max};
        std::uint64_t written = 0;
        std::uint64_t sent = 0;
        TimePoint used_at;
        bool is_open = false;
        bool was_answered = false;  // the peer serves this stream
    };
    using Channels = std::unordered_map<StreamKey, Channel>;

    Channel& channel_to(KadContact const& peer, std::vector<std::string> const& protocols, TimePoint now,
                        StreamKey& key);
    void write(StreamKey key, Channel& channel, Request request, TimePoint now);
    void settle(Channel const& channel, Request const& request, std::variant<KadMessage, RequestSent, Error> result,
                TimePoint now);
    void on_answer(StreamKey key, Channel& channel, KadMessage message, TimePoint now);
    /// Removes the channel; its requests fail, or go out again when the peer merely closed a used stream.
    void end(StreamKey key, Error const& error, bool may_retry, TimePoint now);

    Outbox& outbox_;
    Channels channels_;
    std::unordered_map<KadKey, StreamKey, KadKeyHash> by_peer_;
    std::deque<RequestOutcome> outcomes_;
    std::size_t waiting_ = 0;
    std::optional<TimePoint> sweep_at_;
    LatencyEstimate connected_latency_;
    LatencyEstimate dial_latency_;
};

}  // namespace ggen::p2p
