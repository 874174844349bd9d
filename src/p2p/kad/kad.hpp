#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "p2p/kad/contact_book.hpp"
#include "p2p/kad/inbound_streams.hpp"
#include "p2p/kad/options.hpp"
#include "p2p/kad/provider_store.hpp"
#include "p2p/kad/query.hpp"
#include "p2p/kad/record_store.hpp"
#include "p2p/kad/request_pool.hpp"
#include "p2p/kad/routing_table.hpp"
#include "p2p/kad/size_estimate.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// Kademlia as libp2p speaks it (libp2p/specs kad-dht, ipfs/specs kad-dht): finds peers, values and providers in a
/// network where each knows few. A Protocol core; docs/protocols/p2p-kad.md has its rules and limits.
///
/// Operations return a query id at once; poll `poll_event` after every call. Each query ends with one QueryFinished,
/// at the latest after k_kad_query_timeout, unless it was cancelled. What the network says is a hint: values are
/// as good as their validator, addresses and providers as good as the connection that proves them.
class Kad final : public Protocol, private Outbox, private KadResponder {
public:
    explicit Kad(KadOptions options);

    /// Asks these peers for this node's neighbourhood and fills the table from there. Finished with unavailable when
    /// nobody answered.
    QueryId bootstrap(std::vector<KadPeer> peers, TimePoint now);
    /// PeerFound at the first peer that knows an address. Errors: not_found.
    QueryId find_peer(PeerId const& peer, TimePoint now);
    /// PeersFound with the k peers nearest to SHA-256 of `key` that answered. Errors: unavailable (none).
    QueryId closest_peers(BytesView key, TimePoint now);
    /// ValueFound for the first valid value and for each better one, until `quorum` peers have shown a valid one or
    /// the nearest have all been asked; then peers that lack the best get it. Errors: not_found.
    QueryId get_value(BytesView key, TimePoint now, std::size_t quorum = k_kad_value_quorum);
    /// Published when 15 of 20 hold it; finished when the rest has answered. Repeated every k_kad_republish_interval.
    /// Errors: refused (validator), conflict (this node holds a better value), too_large, unavailable (no holder).
    QueryId put_value(BytesView key, BytesView value, TimePoint now);
    /// As put_value, that this node has the content of `key` (a multihash).
    /// Errors: unavailable (no holder, or no address of ours is known), too_large.
    QueryId provide(BytesView key, TimePoint now);
    /// ProvidersFound for each answer that names new ones, until `count` are known. Errors: not_found.
    QueryId find_providers(BytesView key, TimePoint now, std::size_t count = k_kad_providers_per_key_max);
    /// No more republishing of `key`. What others hold runs out.
    void unpublish(BytesView key);
    /// Ends a query without an event. Nothing happens when it is over.
    void cancel(QueryId query);
    void set_mode(KadMode mode, TimePoint now);

    [[nodiscard]] std::optional<KadEvent> poll_event();
    [[nodiscard]] RoutingTable const& table() const { return table_; }
    /// Peers of the whole network; nullopt until enough lookups have told.
    [[nodiscard]] std::optional<double> network_size(TimePoint now) const;
    [[nodiscard]] KadStatus status() const;
    /// What this node holds for others; nullptr or empty when nothing. Valid until the next call.
    [[nodiscard]] StoredRecord const* held_value(BytesView key, TimePoint now) const { return records_.find(key, now); }
    [[nodiscard]] std::vector<Provider const*> held_providers(BytesView key, TimePoint now) const {
        return providers_.find(key, now);
    }

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_host_changed(HostInfo const& info, TimePoint now) override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                           TimePoint now) override;
    void on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint now) override;
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
    /// A connected peer.
    struct Peer {
        AddressList addresses;
        std::uint64_t group = 0;
        AddressReach reach = AddressReach::global;
        bool is_server = false;
    };
    struct Publication {
        std::optional<Bytes> value;  ///< none = provided
        TimePoint next_at;
    };

    void put_output(ProtocolOutput output) override { put(std::move(output)); }
    StreamKey new_stream() override { return new_stream_key(); }

    // kad.cpp: events and upkeep
    void work(TimePoint now);  ///< outcomes of requests into queries, until there are none
    void on_outcome(RequestOutcome outcome, TimePoint now);
    void learn(RequestOutcome const& outcome, TimePoint now);
    void consider(PeerId const& peer, TimePoint now);
    [[nodiscard]] bool is_welcome(PeerId const& peer, TimePoint now) const {
        return !options_.is_welcome || options_.is_welcome(peer, now);
    }
    void start_probes(TimePoint now);
    void value_peer(PeerId const& peer, bool is_member);
    [[nodiscard]] std::uint64_t counted_group(BytesView address) const;
    void refresh_after_joining(TimePoint now);
    void look_again_when_few(TimePoint now);
    void refresh(TimePoint now);
    void start_refreshes(TimePoint now);
    void publish_again(TimePoint now);
    void republish(TimePoint now);
    [[nodiscard]] Bytes random_id_in(unsigned bucket);
    [[nodiscard]] bool is_connected(KadKey const& peer) const { return peers_.contains(peer); }
    [[nodiscard]] Peer const* find_peer_of(PeerId const& peer) const;

    // kad_queries.cpp
    void add_hints(Query& query, TimePoint now);
    [[nodiscard]] std::chrono::microseconds cost_of(KadKey const& peer) const;
    Query& start(QueryKind kind, BytesView key, TimePoint now);
    void advance(QueryId id, TimePoint now);
    void ask(Query& query, TimePoint now);
    void on_lookup_answer(Query& query, RequestOutcome& outcome, TimePoint now);
    void on_value(Query& query, RequestOutcome const& outcome, KadMessage const& answer);
    void on_providers(Query& query, KadMessage const& answer);
    void on_closer(Query& query, KadContact const& from, std::vector<KadPeer> const& peers);
    void notice_crowd(Query& query, TimePoint now);
    void arrive(Query& query, TimePoint now);
    void repair(Query& query, TimePoint now);
    void finish(Query& query, std::optional<Error> error);
    QueryId refuse_query(QueryKind kind, Error error);
    [[nodiscard]] std::optional<QueryId> refusal(QueryKind kind, BytesView key);

    // kad_publish.cpp
    void store(Query& query, TimePoint now);
    void store_early(Query& query, TimePoint now);
    bool store_at(Query& query, KadContact const& contact, bool is_proven, TimePoint now);
    void on_store_outcome(Query& query, RequestOutcome const& outcome, TimePoint now);
    void settle_stores(Query& query, TimePoint now);
    QueryId publish(BytesView key, std::optional<Bytes> value, TimePoint now);

    // kad_answers.cpp
    [[nodiscard]] Result<std::optional<KadMessage>> respond(PeerId const& peer, KadMessage const& request,
                                                            TimePoint now) override;
    [[nodiscard]] Result<std::optional<KadMessage>> respond_put(KadMessage const& request, TimePoint now);
    [[nodiscard]] Result<void> take_provider(PeerId const& peer, KadMessage const& request, TimePoint now);
    [[nodiscard]] std::vector<KadPeer> closer_for(PeerId const& peer, BytesView key, TimePoint now) const;
    [[nodiscard]] Result<void> store_record(BytesView key, BytesView value, TimePoint now);
    [[nodiscard]] KadRecord record_of(StoredRecord const& stored) const;
    [[nodiscard]] UnixTime wall(TimePoint now) const;

    KadOptions options_;
    SeededRandom random_;
    RoutingTable table_;
    ContactBook book_;
    SizeEstimate size_;
    RequestPool requests_;
    InboundStreams inbound_;
    RecordStore records_;
    ProviderStore providers_;
    std::unordered_map<KadKey, Peer, KadKeyHash> peers_;
    std::vector<Multiaddr> own_addresses_;
    std::map<QueryId, Query> queries_;
    QueryId next_query_ = 1;
    std::deque<KadEvent> events_;
    std::deque<KadContact> probes_waiting_;
    std::set<KadKey> probing_;  // waiting or asked
    std::size_t probes_running_ = 0;
    std::deque<unsigned> refreshes_waiting_;  // buckets; k_kad_key_bits = this node itself
    std::size_t refreshes_running_ = 0;
    TimePoint next_refresh_at_{};  // the next lookup of a refresh that is under way
    std::optional<TimePoint> refresh_at_;
    std::optional<TimePoint> look_again_at_;
    std::chrono::nanoseconds look_again_after_{};  // the last pause before one
    unsigned refreshes_begun_ = 0;
    unsigned refreshes_published_after_ = 0;
    std::map<Bytes, Publication> published_;
    std::set<std::pair<TimePoint, Bytes>> publish_times_;
    std::size_t republishing_ = 0;
};

}  // namespace ggen::p2p
