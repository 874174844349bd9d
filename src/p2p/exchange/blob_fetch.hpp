#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "p2p/exchange/content_server.hpp"
#include "p2p/exchange/fetch_context.hpp"
#include "p2p/exchange/provider_set.hpp"

namespace ggen::p2p {

/// One blob from many peers at once (`Exchange::fetch_blob`; docs/protocols/p2p-exchange.md "One blob from many").
///
/// Chunks are verified by the chunk list, which is verified by the signed chunk root; without a root, by a list that
/// peers vouch for and that the blob's digest proves or refutes in the end. The whole is digested as it grows. After
/// any call `schedule` says what is asked next. Over after BlobFetched.
class BlobFetch {
public:
    BlobFetch(FetchId id, BlobRequest request, FetchContext context, TimePoint now);

    void add_provider(ContentHolder const& provider, Multiaddr const* connected_at);
    /// Somebody who fetches it too: a provider of what it has. k_exchange_interested_max of them are remembered.
    void add_interested(ContentHolder const& peer, Multiaddr const* connected_at);
    /// All providers there are were added: when none of them is left, it ends at once.
    void close_providers() { are_providers_closed_ = true; }
    void on_outcome(ChannelOutcome const& outcome, TimePoint now);
    void on_source_read(std::uint64_t read, Result<Bytes> const& bytes, TimePoint now);
    void schedule(TimePoint now);

    [[nodiscard]] bool is_over() const { return is_over_; }
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    [[nodiscard]] Digest const& blob() const { return request_.digest; }
    /// What others may be served; nullopt when nothing can be proven before the end.
    [[nodiscard]] std::optional<PartialBlob> partial() const;

private:
    using Purpose = FetchTag::Purpose;

    struct Work {                            // of one provider
        bool is_proven = false;              // gave a chunk that was right
        bool is_list_under_way = false;
        bool is_have_under_way = false;
        bool was_silent = false;
        bool is_partial = false;             // does not have all: `have` says what
        std::vector<bool> have;
        std::optional<Digest> vouched;       // the root of the list that it gave
        std::vector<std::uint64_t> chunks;   // under way
        TimePoint met_at{};                  // asked for the first time
        TimePoint asked_at{};
        TimePoint have_at{};
        TimePoint done_at{};                 // of the last chunk
        double bytes_per_second = 0;
        std::uint64_t verified_bytes = 0;
    };
    struct Source {                          // a further one
        std::map<std::uint64_t, std::uint64_t> reads;  // number -> chunk
        bool is_out = false;
        TimePoint rests_until{};
        std::chrono::nanoseconds rest{k_exchange_retry_first};
        std::uint64_t verified_bytes = 0;
    };
    struct Vouched {                         // a list whose root no record says
        std::vector<Digest> list;
        std::vector<std::size_t> by;
        TimePoint since;
        unsigned times_adopted = 0;
    };
    struct Counts {
        std::size_t active = 0;    // peers asked that are not silent
        std::size_t silent = 0;
        std::size_t proven = 0;    // of the active
        std::size_t requests = 0;  // chunks that active peers and sources have under way
    };

    // blob_fetch.cpp: what came.
    void on_list(std::size_t peer, ChannelAnswer const& answer, TimePoint now);
    void on_have(std::size_t peer, ChannelAnswer const& answer);
    void on_chunk(std::size_t peer, std::uint64_t chunk, ChannelOutcome const& outcome, TimePoint now);
    void on_refusal(std::size_t peer, ExchangeStatus status, std::optional<std::uint64_t> chunk, TimePoint now);
    void on_failure(std::size_t peer, Error const& error, TimePoint now);
    /// A list or chunk that contradicts the record. Proven against the peer when the blob is whole.
    void suspect(std::size_t peer, TimePoint now);
    void forget_work(std::size_t peer, TimePoint now);
    [[nodiscard]] bool is_right(std::uint64_t chunk, BytesView bytes) const;
    /// Stores it. False when the store failed, and with it the fetch.
    bool keep(std::uint64_t chunk, BytesView bytes, TimePoint now);
    void cancel_copies(std::uint64_t chunk, TimePoint now);
    void release_if_unused(std::size_t peer);
    [[nodiscard]] bool has_needed(std::size_t peer) const;

    // blob_schedule.cpp: whom to ask for what.
    [[nodiscard]] Counts count(TimePoint now);
    [[nodiscard]] bool is_silent(std::size_t peer, TimePoint now) const;
    void ask_proven(Counts& counts, TimePoint now);
    void ask_more_peers(Counts& counts, TimePoint now);
    void ask_sources(Counts& counts, TimePoint now);
    void read_source(std::size_t index, Counts& counts, TimePoint now);
    void engage(std::size_t peer, Counts& counts, TimePoint now);
    void refresh_have(TimePoint now);
    [[nodiscard]] bool can_give(std::size_t peer, std::uint64_t chunk) const;
    [[nodiscard]] std::optional<std::uint64_t> pick_chunk(std::optional<std::size_t> peer, Counts const& counts,
                                                          TimePoint now);
    [[nodiscard]] std::optional<std::uint64_t> pick_hedge(std::optional<std::size_t> peer, Counts const& counts,
                                                          TimePoint now);
    void ask_chunk(std::size_t peer, std::uint64_t chunk, Counts& counts, TimePoint now);
    void send(std::size_t peer, Purpose purpose, std::uint64_t chunk, TimePoint now);
    [[nodiscard]] std::size_t peer_requests_max() const;
    [[nodiscard]] std::chrono::nanoseconds hedge_after() const;
    void adopt_vouched_list(TimePoint now);
    void drop_adopted_list(TimePoint now);
    void check_hope(TimePoint now);

    // blob_digest.cpp: the whole, and the end.
    void digest_some(TimePoint now);
    void on_whole(TimePoint now);
    void refetch_damaged(TimePoint now);
    void refute_list(TimePoint now);
    void forget_chunks(TimePoint now);
    void charge_liars(TimePoint now);
    void fail(Error error, TimePoint now);
    void report_progress(bool is_last, TimePoint now);
    [[nodiscard]] std::vector<SourceShare> shares() const;
    [[nodiscard]] std::string story() const;

    [[nodiscard]] std::uint64_t chunk_bytes(std::uint64_t chunk) const {
        return merkle::chunk_size(request_.bytes, chunk);
    }
    [[nodiscard]] bool has_all() const { return here_count_ == here_.size(); }
    [[nodiscard]] bool needs_list() const { return here_.size() > 1; }
    [[nodiscard]] bool is_large() const;
    void disappoint(std::size_t by) { width_ = std::min(width_ + by, k_exchange_peers_max); }

    FetchId id_;
    BlobRequest request_;
    FetchContext context_;
    ProviderSet providers_;
    std::vector<Work> work_;                // by provider
    std::vector<std::size_t> asked_;        // providers with something under way, or waiting for more
    std::size_t interested_ = 0;            // providers of whom nobody told but themselves
    std::vector<std::size_t> suspects_;
    std::vector<Source> sources_;
    std::uint64_t next_read_ = 1;

    std::vector<Digest> list_;              // empty until it is known
    std::shared_ptr<Bytes const> encoded_list_;
    std::map<Digest, Vouched> vouched_;     // without a signed root: by root
    std::optional<Digest> adopted_;         // which of them
    TimePoint adopted_at_{};
    bool is_unlisted_ = false;              // read from a further source without a list: the digest alone decides

    std::vector<bool> here_;
    std::vector<bool> from_before_;         // was in the store at the start
    std::uint64_t here_count_ = 0;
    std::uint64_t here_bytes_ = 0;
    std::uint64_t before_bytes_ = 0;
    std::vector<std::uint32_t> copies_;     // under way, by chunk
    std::vector<std::uint32_t> partial_holders_;  // of those that do not have all, by chunk
    std::map<std::uint64_t, TimePoint> since_;    // when a chunk that is under way was first asked for

    std::size_t width_;
    std::uint64_t floor_ = k_exchange_floor_bytes_per_second;
    std::size_t too_slow_ = 0;              // in a row, with no chunk between
    double chunk_seconds_ = 0;              // that a chunk takes
    TimePoint started_at_;
    TimePoint got_at_;                      // the last chunk
    std::optional<TimePoint> nobody_since_;
    bool are_providers_closed_ = false;

    Sha256 whole_;
    std::uint64_t digested_ = 0;            // bytes of it
    std::optional<TimePoint> digest_at_;
    TimePoint progress_at_{};
    std::size_t stalled_ = 0;
    std::size_t unreached_ = 0;
    std::size_t tried_ = 0;
    std::uint64_t wasted_bytes_ = 0;
    TimePoint scheduled_at_{};
    bool is_over_ = false;
};

}  // namespace ggen::p2p
