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
#include "p2p/exchange/requests.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

struct ExchangeOptions {
    std::uint64_t seed = 1;              ///< of all choices
    Ledger* ledger = nullptr;            ///< never null; outlives the exchange
    ContentProvider* content = nullptr;  ///< what is served; null = nothing. Outlives the exchange
};

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
    FetchId fetch(ContentHolder const& provider, ObjectRequest const& request, TimePoint now);
    FetchId ask(ObjectQuestion question, TimePoint now);
    void accept(FetchId question, TimePoint now);
    void reject(FetchId question, AnswerFault fault, TimePoint now);
    FetchId fetch_blob(BlobRequest request, TimePoint now);
    /// More providers of a question or blob, found meanwhile. Known ones are passed over; 512 are remembered.
    void add_providers(FetchId id, std::vector<ContentHolder> const& providers, TimePoint now);
    /// There are no others: a blob that nobody of them can give ends at once, without waiting for more.
    void close_providers(FetchId blob, TimePoint now);
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
