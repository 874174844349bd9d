#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "p2p/kad/lookup.hpp"
#include "p2p/kad/message.hpp"

namespace ggen::p2p {

using QueryId = std::uint64_t;

enum class QueryKind : std::uint8_t {
    bootstrap, find_peer, closest_peers, get_value, put_value, provide, find_providers,
    refresh,    ///< of this node's own, without events
    republish,  ///< the same
};

/// Addresses are what somebody said; empty when nobody knew any.
struct FoundPeer {
    PeerId id;
    std::vector<Multiaddr> addresses;
};

// Events, in order.
struct PeerFound { QueryId query = 0; FoundPeer peer; };
struct PeersFound { QueryId query = 0; std::vector<FoundPeer> peers; };       ///< nearest first
struct ValueFound { QueryId query = 0; Bytes value; std::optional<PeerId> holder; };  ///< no holder: this node
struct ProvidersFound { QueryId query = 0; std::vector<FoundPeer> providers; };
struct Published { QueryId query = 0; std::size_t holders = 0; };
struct QueryFinished {
    QueryId query = 0;
    QueryKind kind = QueryKind::find_peer;
    std::optional<Error> error;
    std::size_t requests = 0;  ///< of the lookup
    std::size_t holders = 0;   ///< of a publication
};
using KadEvent = std::variant<PeerFound, PeersFound, ValueFound, ProvidersFound, Published, QueryFinished>;

/// Sizes, for whoever watches memory.
struct KadStatus {
    std::size_t table_peers = 0;
    std::size_t connected_peers = 0;
    std::size_t queries = 0;
    std::size_t requests_waiting = 0;
    std::size_t outbound_streams = 0;
    std::size_t inbound_streams = 0;
    std::size_t inbound_buffered_bytes = 0;
    std::size_t records = 0;
    std::size_t record_bytes = 0;
    std::size_t provider_keys = 0;
    std::size_t providers = 0;
    std::size_t published = 0;
};

/// One peer that a publication goes to.
struct StoreAttempt {
    enum class State : std::uint8_t { waiting, slow, done, failed };
    KadKey peer;
    State state = State::waiting;
    TimePoint slow_at;
    bool is_proven = false;  ///< it had answered the lookup

    /// How likely it is to become a holder.
    [[nodiscard]] double hope() const {
        switch (state) {
            case State::done: return 1;
            case State::failed:
            case State::slow: return 0;
            case State::waiting: return is_proven ? 1 : 0.75;
        }
        return 0;
    }
};

/// What a query in progress knows. The core (kad_queries.cpp, kad_publish.cpp) works on it.
struct Query {
    Query(QueryId id_in, QueryKind kind_in, Bytes key_in, LookupSettings const& settings)
        : id(id_in), kind(kind_in), key(std::move(key_in)), lookup(kad_key_of(key), settings) {}

    QueryId id;
    QueryKind kind;
    Bytes key;
    Lookup lookup;
    TimePoint gives_up_at;
    std::optional<TimePoint> wake_at;
    bool is_finished = false;
    bool is_random_target = false;  ///< its result may count for the size of the network
    bool is_crowded = false;

    // get_value
    std::optional<Bytes> best;
    std::size_t quorum = 0;
    std::size_t valid_answers = 0;
    std::set<KadKey> best_holders;
    // find_providers
    std::set<PeerId> providers;
    std::size_t providers_wanted = 0;
    // put_value, provide, republish
    std::optional<KadMessage> message;  ///< what is stored
    std::vector<StoreAttempt> stores;
    bool is_storing = false;   ///< the lookup has arrived
    bool is_published = false;

    [[nodiscard]] bool is_publication() const {
        return kind == QueryKind::put_value || kind == QueryKind::provide || kind == QueryKind::republish;
    }
    /// Holders that the attempts so far are likely to make.
    [[nodiscard]] double hope() const {
        double hope = 0;
        for (auto const& attempt : stores) hope += attempt.hope();
        return hope;
    }
    [[nodiscard]] bool is_silent() const { return kind == QueryKind::refresh || kind == QueryKind::republish; }
    [[nodiscard]] std::size_t count(StoreAttempt::State state) const {
        std::size_t count = 0;
        for (auto const& attempt : stores) count += attempt.state == state ? 1U : 0U;
        return count;
    }
};

}  // namespace ggen::p2p
