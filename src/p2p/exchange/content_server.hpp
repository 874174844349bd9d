#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "p2p/exchange/chunk_lists.hpp"
#include "p2p/exchange/chunk_spread.hpp"
#include "p2p/exchange/content.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/outbox.hpp"
#include "p2p/protocol/token_bucket.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

/// A blob that this node is still fetching: what is verified of it is served.
struct PartialBlob {
    std::uint64_t bytes = 0;
    std::shared_ptr<ChunkStore> store;
    std::shared_ptr<Bytes const> list;  ///< encoded, proven; nullptr before it is known
};
using FindPartial = std::function<std::optional<PartialBlob>(Digest const& blob)>;
/// Somebody asked for the blob.
using OnWanted = std::function<void(Digest const& blob, PeerId const& by)>;

/// The serving half of the exchange: several requests on each stream, answered in order, a piece at a time. While more
/// is wanted than may be under way, known peers get nine pieces in ten and strangers the tenth, each in turn. A peer
/// that
/// asks more than its share, or does not take its answers, is held back by flow control: nothing piles up here. Past
/// the limits of streams, and at a malformed request, a stream is reset.
class ContentServer {
public:
    ContentServer(Outbox& outbox, Ledger const& ledger, ContentProvider* content, FindPartial find_partial,
                  OnWanted on_wanted)
        : outbox_(outbox), ledger_(ledger), content_(content), find_partial_(std::move(find_partial)),
          on_wanted_(std::move(on_wanted)) {}

    void on_stream(StreamKey stream, PeerId const& peer, TimePoint now);
    // Events of streams with even keys; those of unknown ones are passed over.
    void on_bytes(StreamKey stream, BytesView bytes, TimePoint now);
    void on_finished(StreamKey stream, TimePoint now);
    void on_reset(StreamKey stream, TimePoint now);
    void on_sent(StreamKey stream, std::size_t bytes, TimePoint now);
    void on_peer_disconnected(PeerId const& peer);

    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);

    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }
    [[nodiscard]] std::size_t unsent_bytes() const { return unsent_; }
    [[nodiscard]] std::size_t list_bytes() const { return lists_.bytes(); }
    [[nodiscard]] std::uint64_t served_bytes() const { return served_; }

private:
    struct Answer {
        std::shared_ptr<Content> content;
        std::uint64_t offset = 0;
        std::uint64_t left = 0;
    };
    struct Stream {
        explicit Stream(PeerId of) : peer(std::move(of)) {}
        PeerId peer;
        MessageReader reader{k_exchange_request_bytes_max};
        std::deque<ExchangeRequest> requests;
        std::optional<Answer> answer;
        std::optional<Digest> awaited_list;  // its first request waits for this blob's list
        std::size_t unsent = 0;
        TimePoint used_at;
        bool is_ready = false;     // stands in a queue
        bool is_paused = false;
        bool is_finished = false;  // the peer asks no more
        bool is_out_of_tokens = false;
    };
    struct Peer {
        TokenBucket requests;
        std::size_t streams = 0;
    };

    /// Takes requests out of what arrived until something holds it up. False when the stream is gone.
    bool take_requests(StreamKey key, TimePoint now);
    void set_paused(StreamKey key, Stream& stream, bool is_paused);
    [[nodiscard]] static bool has_work(Stream const& stream);
    void make_ready(StreamKey key, Stream& stream, TimePoint now);
    [[nodiscard]] std::optional<StreamKey> next_ready();
    /// Writes while there is room, a piece of one stream after another.
    void pump(TimePoint now);
    void serve_piece(StreamKey key, TimePoint now);
    void begin_answer(StreamKey key, Stream& stream, TimePoint now);
    [[nodiscard]] Result<std::shared_ptr<Content>> open(Stream& stream, ExchangeRequest const& request, TimePoint now);
    [[nodiscard]] Result<std::shared_ptr<Content>> open_list(Stream& stream, ExchangeRequest const& request,
                                                            Digest const& blob, TimePoint now);
    [[nodiscard]] Result<std::shared_ptr<Content>> open_blob(PeerId const& peer, ExchangeRequest const& request,
                                                             TimePoint now);
    [[nodiscard]] Result<std::shared_ptr<Content>> open_have(PeerId const& peer, ExchangeRequest const& request,
                                                             TimePoint now);
    void write(StreamKey key, Stream& stream, Bytes bytes);
    void refuse(StreamKey key, Conduct conduct);
    void drop(StreamKey key);

    Outbox& outbox_;
    Ledger const& ledger_;
    ContentProvider* content_;
    FindPartial find_partial_;
    OnWanted on_wanted_;
    ChunkLists lists_;
    ChunkSpread spread_;
    std::map<StreamKey, Stream> streams_;
    std::unordered_map<PeerId, Peer> peers_;
    std::deque<StreamKey> known_;      // ready; may hold keys of streams that are gone
    std::deque<StreamKey> strangers_;
    unsigned turn_ = 0;
    std::size_t unsent_ = 0;
    std::uint64_t served_ = 0;
    std::optional<TimePoint> sweep_at_;
};

}  // namespace ggen::p2p
