#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/digest.hpp"
#include "p2p/exchange/content.hpp"
#include "p2p/exchange/limits.hpp"
#include "p2p/exchange/message.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

struct ExchangeOptions {
    std::uint64_t seed = 1;              ///< of all choices
    Ledger* ledger = nullptr;            ///< never null; outlives the exchange
    ContentProvider* content = nullptr;  ///< what is served; null = nothing. Outlives the exchange
};

/// Names a fetch of any kind.
using FetchId = std::uint64_t;

/// A peer that may have an object. Addresses may be empty when the host knows some, or is connected.
struct Provider {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};

/// One object, or a range of it.
struct ObjectRequest {
    std::optional<LogId> log;  ///< needed for objects of a log
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t bytes_max = 0;  ///< a larger rest of the object is an error; at most k_exchange_object_bytes_max
};

/// The answer to `fetch`. Errors: those of OpenStream; not_found, refused (by the peer), unavailable (busy, closed
/// early), timed_out (5 s without a byte, or under 16 KiB/s), too_large (more than `bytes_max`), invalid (malformed).
struct ObjectFetched {
    FetchId id = 0;
    PeerId peer;
    Result<Bytes> bytes;
};

/// One object from any of many peers: `ask`.
struct ObjectQuestion {
    ObjectRequest object;
    std::vector<Provider> providers;
    TimePoint deadline;
};
/// An answer to `ask` that the caller has to judge: `accept`, or `reject` and the next is asked. There is at most one
/// to judge at a time.
struct ObjectOffered {
    FetchId id = 0;
    PeerId peer;
    Bytes bytes;
};
/// `ask` ended without an answer that was accepted. Errors: timed_out (the deadline), not_found (everybody says so),
/// unavailable (nobody answers, or all were rejected).
struct QuestionFailed {
    FetchId id = 0;
    Error error;
};
/// What was wrong with an answer to `ask`.
enum class Verdict : std::uint8_t {
    unneeded,  ///< true for all that is known, and of no use (an older checkpoint)
    lie        ///< cannot be true: the peer is banned
};

/// One blob from many peers at once: `fetch_blob`.
struct BlobRequest {
    Digest digest;
    std::uint64_t bytes = 0;           ///< 1 to k_exchange_blob_bytes_max
    std::optional<Digest> chunk_root;  ///< as the release record says; nullopt for old records of large archives
    std::shared_ptr<ChunkStore> store; ///< never null
    std::vector<Provider> providers;
    /// Names of further sources for messages and progress (an HTTP origin, a folder): read through `SourceRead`.
    std::vector<std::string> sources;
    std::optional<LogId> log;          ///< told to peers; nullopt = any
    TimePoint deadline;
};
/// Verified bytes of a blob by where they came from.
struct SourceShare {
    std::optional<PeerId> peer;  ///< nullopt = the further source `source`, or what was there at the start
    std::string source;
    std::uint64_t bytes = 0;
};
/// At most every 200 ms while a blob comes in, and before BlobFetched.
struct BlobProgress {
    FetchId id = 0;
    std::uint64_t bytes = 0;  ///< verified, those that were there at the start included
    std::uint64_t total = 0;
    std::vector<SourceShare> shares;  ///< largest first
    std::size_t peers_asked = 0;      ///< that are asked at this moment
};
struct BlobReport {
    std::vector<SourceShare> shares;
    std::size_t providers = 0;  ///< all that were tried
    std::size_t liars = 0;
    std::uint64_t wasted_bytes = 0;  ///< arrived and of no use: lies, hedges that came second, cut off
    std::vector<Digest> chunk_list;  ///< of a blob of more than one chunk
};
/// The whole blob is in the store and verified. Errors: timed_out (the deadline), not_found (nobody has it),
/// unavailable (nobody gave it), corrupt (its publisher signed a chunk root that is not the blob's), io (the store),
/// too_large (k_exchange_blobs_max), invalid (the request). The text says how many lied, stalled or did not answer.
struct BlobFetched {
    FetchId id = 0;
    Result<BlobReport> report;
};
/// The driver is to read `length` bytes from `offset` of the blob at further source `source` and to answer by
/// `on_source_read`.
struct SourceRead {
    FetchId id = 0;
    std::uint64_t read = 0;
    std::size_t source = 0;  ///< index in BlobRequest::sources
    Digest blob;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

using ExchangeEvent = std::variant<ObjectFetched, ObjectOffered, QuestionFailed, BlobProgress, BlobFetched, SourceRead>;

/// How much is under way: for status and for tests of limits.
struct ExchangeStatusReport {
    std::size_t fetches = 0;
    std::size_t questions = 0;
    std::size_t blobs = 0;
    std::size_t outbound_streams = 0;
    std::size_t outbound_requests = 0;
    std::size_t inbound_streams = 0;
    std::size_t inbound_unsent_bytes = 0;
    std::size_t list_bytes = 0;
    std::uint64_t served_bytes = 0;    ///< since the start
    std::uint64_t received_bytes = 0;  ///< content, verified or not
};

/// The content exchange, `/ggen/tlog/1`: files of logs and blobs by path and range, served to anyone the provider says,
/// and fetched from one peer (`fetch`), from any of many (`ask`), or a blob from many at once (`fetch_blob`), whose
/// chunks are verified one by one. Lies go to the ledger, which bans; slow and silent peers come last.
///
/// A protocol core: no I/O but through its ports, no clock, no thread. After every call poll outputs and events.
class Exchange final : public Protocol {
public:
    explicit Exchange(ExchangeOptions options);
    ~Exchange() override;

    // Asking. Every fetch ends with one event that carries its id, unless it is cancelled.
    FetchId fetch(Provider const& provider, ObjectRequest const& request, TimePoint now);
    FetchId ask(ObjectQuestion question, TimePoint now);
    void accept(FetchId question, TimePoint now);
    void reject(FetchId question, Verdict verdict, TimePoint now);
    FetchId fetch_blob(BlobRequest request, TimePoint now);
    /// More providers of a question or blob, found meanwhile. Known ones are passed over; 512 are remembered.
    void add_providers(FetchId id, std::vector<Provider> const& providers, TimePoint now);
    /// The answer to SourceRead; late ones are passed over. Any length is fine: less is a failure of the source.
    void on_source_read(FetchId id, std::uint64_t read, Result<Bytes> const& bytes, TimePoint now);
    /// No event follows. What a store has stays there, for the next attempt.
    void cancel(FetchId id, TimePoint now);

    [[nodiscard]] std::optional<ExchangeEvent> poll_event();
    [[nodiscard]] ExchangeStatusReport status() const;

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
