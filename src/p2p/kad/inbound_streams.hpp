#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "p2p/kad/message.hpp"
#include "p2p/kad/request_pool.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/token_bucket.hpp"

namespace ggen::p2p {

/// Answers one request.
class KadResponder {
public:
    virtual ~KadResponder() = default;
    /// nullopt = this kind has no answer. Errors: invalid, refused (both the peer's fault), unavailable; then the
    /// stream is reset without an answer.
    [[nodiscard]] virtual Result<std::optional<KadMessage>> respond(PeerId const& peer, KadMessage const& request,
                                                                    TimePoint now) = 0;
};

/// Streams that peers opened: several requests on each, answered in order. A peer that asks more than
/// k_kad_requests_per_second_max, or does not take its answers, is held back by flow control: nothing is lost and
/// nothing piles up here. Past the limits of streams or buffered bytes a stream is reset.
class InboundStreams {
public:
    InboundStreams(Outbox& outbox, KadResponder& responder) : outbox_(outbox), responder_(responder) {}

    void on_stream(StreamKey stream, PeerId const& peer, TimePoint now);
    // Events of streams with even keys; those of unknown ones are passed over.
    void on_bytes(StreamKey stream, BytesView bytes, TimePoint now);
    void on_finished(StreamKey stream, TimePoint now);
    void on_reset(StreamKey stream);
    void on_sent(StreamKey stream, std::size_t bytes, TimePoint now);
    void on_peer_disconnected(PeerId const& peer);

    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);
    /// Resets all: this node serves no more.
    void close_all();

    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
    [[nodiscard]] std::size_t buffered_bytes() const { return buffered_; }

private:
    struct Stream {
        PeerId peer;
        MessageReader reader{k_kad_message_accept_bytes_max};
        std::size_t unsent = 0;
        TimePoint used_at;
        bool is_paused = false;
        bool is_finished = false;  // the peer asks no more
    };
    struct Peer {
        TokenBucket requests;
        std::size_t streams = 0;
        TimePoint reported_at = TimePoint::min();
    };

    [[nodiscard]] bool take_token(PeerId const& peer, TimePoint now);
    /// Answers what waits in the stream until something holds it up. False when the stream is gone.
    bool serve(StreamKey key, TimePoint now);
    void set_paused(StreamKey key, Stream& stream, bool is_paused);
    void refuse(StreamKey key, Conduct conduct);
    void drop(StreamKey key);

    Outbox& outbox_;
    KadResponder& responder_;
    std::unordered_map<StreamKey, Stream> streams_;
    std::unordered_map<PeerId, Peer> peers_;  // those with streams, and those connected that asked before
    std::size_t buffered_ = 0;
    std::optional<TimePoint> sweep_at_;
};

}  // namespace ggen::p2p
