#include <algorithm>

#include "p2p/kad/kad.hpp"

namespace ggen::p2p {
namespace {

/// A place is free again when an answer is later than most, and nobody is waited for much longer.
constexpr double k_hedge_deviations = 0.5;
constexpr double k_slow_deviations = 4;
constexpr double k_slow_deviations_of_publication = 1.5;  // what it stores at, it need not hear from
/// A machine or a network that is busy of a sudden makes all peers slow that were quick until now: "nobody knows" would
/// then be said before those who do have answered.
constexpr std::chrono::milliseconds k_slow_min{500};
constexpr std::size_t k_providers_per_query_max = 256;
/// The k nearest may stand this much denser than they should before somebody seems to crowd around the key. By chance
/// alone a gamma variable of shape 20 is never under 5, also when the network grew by half since it was estimated.
constexpr double k_crowd_density = 0.25;

KadMessageType request_type(QueryKind kind) {
    switch (kind) {
        case QueryKind::get_value: return KadMessageType::get_value;
        case QueryKind::find_providers: return KadMessageType::get_providers;
        default: return KadMessageType::find_node;
    }
}

FoundPeer found_peer(KadContact const& contact) {
    return {contact.id, contact.addresses.decode()};
}

}  // namespace

Query& Kad::start(QueryKind kind, BytesView key, TimePoint now) {
    auto const id = next_query_++;
    auto settings = options_.lookup;
    if (kind == QueryKind::bootstrap) {
        settings.goal = k_kad_join_peers;
        settings.resilience = k_kad_resilience;
        settings.parallel = k_kad_join_parallel_requests;
        settings.paths = 1;
    }
    auto const is_publication =
        kind == QueryKind::put_value || kind == QueryKind::provide || kind == QueryKind::republish;
    if (is_publication) settings.resilience = k_kad_resilience;
    auto const peers = network_size(now);
    if (peers && (kind == QueryKind::get_value || kind == QueryKind::find_providers)) {
        settings.likely = kad_distance_of_share(static_cast<double>(k_kad_bucket_peers) / *peers);
        settings.parallel_likely = k_kad_parallel_likely;
        settings.cost = [this](KadKey const& peer) { return cost_of(peer); };
    }
    auto& query = queries_.try_emplace(id, id, kind, Bytes(key.begin(), key.end()), settings).first->second;
    query.gives_up_at = now + k_kad_query_timeout;
    for (auto const* const entry : table_.closest(query.lookup.target(), k_kad_bucket_peers, true)) {
        if (is_welcome(entry->contact.id, now)) query.lookup.add_seed(entry->contact);
    }
    // A refresh is there to find whom nobody has spoken of.
    if (kind != QueryKind::bootstrap && kind != QueryKind::refresh) add_hints(query, now);
    return query;
}

void Kad::add_hints(Query& query, TimePoint now) {
    for (auto& contact : book_.closest(query.lookup.target(), k_kad_bucket_peers)) {
        if (is_welcome(contact.id, now)) query.lookup.add_hint(std::move(contact));
    }
}

/// How long an answer is likely to take.
std::chrono::microseconds Kad::cost_of(KadKey const& peer) const {
    auto const is_open = is_connected(peer);
    auto const known = book_.find(peer);
    if (!known || known->round_trip.count() == 0) return requests_.patience(is_open, 0);
    return is_open ? known->round_trip : known->round_trip * 3;
}

QueryId Kad::refuse_query(QueryKind kind, Error error) {
    auto const id = next_query_++;
    events_.emplace_back(QueryFinished{id, kind, std::move(error), 0, 0});
    return id;
}

std::optional<QueryId> Kad::refusal(QueryKind kind, BytesView key) {
    if (key.empty() || key.size() > k_kad_key_bytes_max) {
        return refuse_query(kind, {Errc::too_large, "a key has 1 to 80 bytes"});
    }
    if (queries_.size() >= k_kad_queries_max)
        return refuse_query(kind, {Errc::unavailable, "too many queries at once"});
    return std::nullopt;
}

QueryId Kad::bootstrap(std::vector<KadPeer> peers, TimePoint now) {
    auto& query = start(QueryKind::bootstrap, options_.self.bytes(), now);
    for (auto& peer : peers) {
        if (peer.id == options_.self) continue;
        put(LearnAddresses{peer.id, peer.addresses.decode(), false});
        query.lookup.add_seed(kad_contact(std::move(peer.id), std::move(peer.addresses)));
    }
    auto const id = query.id;
    advance(id, now);
    work(now);
    return id;
}

QueryId Kad::find_peer(PeerId const& peer, TimePoint now) {
    if (auto const refused = refusal(QueryKind::find_peer, peer.bytes())) return *refused;
    auto const key = kad_key_of(peer.bytes());
    auto const connected = peers_.find(key);
    auto const* const entry = table_.find(key);
    auto addresses = connected != peers_.end() && !connected->second.addresses.is_empty()
                         ? connected->second.addresses.decode()
                         : entry != nullptr ? entry->contact.addresses.decode() : std::vector<Multiaddr>();
    if (!addresses.empty()) {
        auto const id = next_query_++;
        events_.emplace_back(PeerFound{id, {peer, std::move(addresses)}});
        events_.emplace_back(QueryFinished{id, QueryKind::find_peer, std::nullopt, 0, 0});
        return id;
    }
    auto const id = start(QueryKind::find_peer, peer.bytes(), now).id;
    advance(id, now);
    work(now);
    return id;
}

QueryId Kad::closest_peers(BytesView key, TimePoint now) {
    if (auto const refused = refusal(QueryKind::closest_peers, key)) return *refused;
    auto const id = start(QueryKind::closest_peers, key, now).id;
    advance(id, now);
    work(now);
    return id;
}

QueryId Kad::get_value(BytesView key, TimePoint now, std::size_t quorum) {
    if (auto const refused = refusal(QueryKind::get_value, key)) return *refused;
    auto& query = start(QueryKind::get_value, key, now);
    auto const id = query.id;
    query.quorum = std::max<std::size_t>(quorum, 1);
    if (auto const* const own = records_.find(key, now); own != nullptr) {
        query.best = own->value;
        query.valid_answers = 1;
        query.best_holders.insert(table_.self());
        events_.emplace_back(ValueFound{id, own->value, std::nullopt});
    }
    if (query.valid_answers >= query.quorum) finish(query, std::nullopt);
    advance(id, now);
    work(now);
    return id;
}

QueryId Kad::find_providers(BytesView key, TimePoint now, std::size_t count) {
    if (auto const refused = refusal(QueryKind::find_providers, key)) return *refused;
    auto& query = start(QueryKind::find_providers, key, now);
    auto const id = query.id;
    query.providers_wanted = std::clamp<std::size_t>(count, 1, k_providers_per_query_max);
    ProvidersFound own{id, {}};
    for (auto const* const provider : providers_.find(key, now)) {
        if (provider->id == options_.self) continue;
        query.providers.insert(provider->id);
        own.providers.push_back({provider->id, provider->addresses.decode()});
    }
    if (!own.providers.empty()) events_.emplace_back(std::move(own));
    if (query.providers.size() >= query.providers_wanted) finish(query, std::nullopt);
    advance(id, now);
    work(now);
    return id;
}

void Kad::cancel(QueryId query) {
    auto const at = queries_.find(query);
    if (at != queries_.end() && !at->second.is_silent()) queries_.erase(at);
}

void Kad::ask(Query& query, TimePoint now) {
    KadMessage request;
    request.type = request_type(query.kind);
    request.key = query.key;
    auto const slow = query.is_publication() ? k_slow_deviations_of_publication : k_slow_deviations;
    while (auto const* const next = query.lookup.next(now)) {
        auto const contact = *next;
        auto const connected = is_connected(contact.key);
        // Whoever is known to be quick is late sooner.
        auto const hedge = std::min(requests_.patience(connected, k_hedge_deviations), cost_of(contact.key) * 3 / 2);
        auto patience = requests_.patience(connected, slow);
        if (!query.is_publication()) patience = std::max<std::chrono::microseconds>(patience, k_slow_min);
        query.lookup.set_patience(contact.key, now + hedge, now + patience);
        requests_.send(contact, {options_.protocol}, request, {query.id, RequestTag::Purpose::lookup}, connected, now);
    }
}

void Kad::advance(QueryId id, TimePoint now) {
    auto const at = queries_.find(id);
    if (at == queries_.end()) return;
    auto& query = at->second;
    if (!query.is_finished && query.gives_up_at <= now) {
        finish(query, Error{Errc::timed_out, "the query took too long"});
    }
    if (!query.is_finished && query.is_publication()) {
        store_early(query, now);
        settle_stores(query, now);
    }
    if (!query.is_finished && !query.is_storing) {
        notice_crowd(query, now);
        ask(query, now);
        if (query.lookup.is_done()) arrive(query, now);
    }
    if (query.is_finished) {
        queries_.erase(at);
        start_refreshes(now);
        return;
    }
    query.wake_at = query.is_storing ? std::nullopt : query.lookup.wake_at();
    for (auto const& attempt : query.stores) {
        if (attempt.state != StoreAttempt::State::waiting) continue;
        query.wake_at = std::min(query.wake_at.value_or(TimePoint::max()), attempt.slow_at);
    }
}

void Kad::on_lookup_answer(Query& query, RequestOutcome& outcome, TimePoint now) {
    auto* const answer = std::get_if<KadMessage>(&outcome.result);
    if (answer == nullptr) {
        query.lookup.on_failure(outcome.peer.key);
        return;
    }
    if (query.is_finished) return;
    std::vector<KadContact> closer;
    closer.reserve(answer->closer.size());
    for (auto const& peer : answer->closer) {
        if (peer.id == options_.self || !is_welcome(peer.id, now)) continue;
        closer.push_back(kad_contact(peer.id, peer.addresses));
        book_.hear(closer.back(), counted_group(closer.back().addresses.first()));
    }
    if (!query.lookup.on_answer(outcome.peer.key, std::move(closer))) return;
    if (query.kind == QueryKind::find_peer) on_closer(query, outcome.peer, answer->closer);
    if (query.kind == QueryKind::get_value) on_value(query, outcome, *answer);
    if (query.kind == QueryKind::find_providers) on_providers(query, *answer);
    if (query.is_finished && query.kind == QueryKind::get_value) repair(query, now);
}

void Kad::on_closer(Query& query, KadContact const& from, std::vector<KadPeer> const& peers) {
    if (std::ranges::equal(from.id.bytes(), query.key)) {  // it is the peer, and it answered
        events_.emplace_back(PeerFound{query.id, found_peer(from)});
        finish(query, std::nullopt);
        return;
    }
    for (auto const& peer : peers) {
        if (!std::ranges::equal(peer.id.bytes(), query.key)) continue;
        auto addresses = peer.addresses.decode();
        if (addresses.empty()) continue;
        put(LearnAddresses{peer.id, addresses, false});
        events_.emplace_back(PeerFound{query.id, {peer.id, std::move(addresses)}});
        finish(query, std::nullopt);
        return;
    }
}

void Kad::on_value(Query& query, RequestOutcome const& outcome, KadMessage const& answer) {
    if (!answer.record) return;
    auto const& record = *answer.record;
    if (record.key != query.key || !options_.validators.validate(record.key, record.value)) {
        put(ReportPeer{outcome.peer.id, Conduct::invalid_data, 1});
        return;
    }
    put(ReportPeer{outcome.peer.id, Conduct::useful, 1});
    ++query.valid_answers;
    auto const is_same = query.best && *query.best == record.value;
    if (!query.best || (!is_same && options_.validators.is_better(query.key, record.value, *query.best))) {
        query.best = record.value;
        query.best_holders.clear();
        events_.emplace_back(ValueFound{query.id, record.value, outcome.peer.id});
    }
    if (*query.best == record.value) query.best_holders.insert(outcome.peer.key);
    if (query.valid_answers >= query.quorum) finish(query, std::nullopt);
}

void Kad::on_providers(Query& query, KadMessage const& answer) {
    ProvidersFound found{query.id, {}};
    for (auto const& provider : answer.providers) {
        if (provider.id == options_.self || query.providers.size() >= query.providers_wanted) continue;
        if (!query.providers.insert(provider.id).second) continue;
        auto addresses = provider.addresses.decode();
        if (addresses.size() > k_kad_addresses_emit_max) addresses.resize(k_kad_addresses_emit_max, addresses.front());
        found.providers.push_back({provider.id, std::move(addresses)});
    }
    if (!found.providers.empty()) events_.emplace_back(std::move(found));
    if (query.providers.size() >= query.providers_wanted) finish(query, std::nullopt);
}

/// Strangers that crowd around a key push its true holders out of the k nearest (CVE-2023-26248). They cannot make
/// the network denser elsewhere: so when the nearest stand too close, everybody within the distance that k honest
/// peers need is asked, and stored at.
void Kad::notice_crowd(Query& query, TimePoint now) {
    if (query.is_crowded) return;
    auto const peers = network_size(now);
    if (!peers) return;
    auto const nearest = query.lookup.hopeful(k_kad_bucket_peers);
    if (nearest.size() < k_kad_bucket_peers) return;
    auto const k = static_cast<double>(k_kad_bucket_peers);
    auto const share = kad_share(kad_distance(nearest.back()->key, query.lookup.target()));
    if (share * *peers >= k_crowd_density * k) return;
    query.is_crowded = true;
    query.lookup.set_region(kad_distance_of_share(k / *peers));
}

void Kad::arrive(Query& query, TimePoint now) {
    auto const nearest = query.lookup.answered(k_kad_bucket_peers);
    // Also when it looks crowded: nobody knows a random target, so then it is the estimate that is too small.
    if (query.is_random_target && nearest.size() == k_kad_bucket_peers) {
        size_.add(nearest.size(), kad_distance(nearest.back()->key, query.lookup.target()), now);
    }
    switch (query.kind) {
        case QueryKind::closest_peers: {
            PeersFound found{query.id, {}};
            for (auto const* const contact : nearest) found.peers.push_back(found_peer(*contact));
            if (!found.peers.empty()) events_.emplace_back(std::move(found));
            finish(query, nearest.empty() ? std::optional(Error{Errc::unavailable, "no peer answered"}) : std::nullopt);
            return;
        }
        case QueryKind::bootstrap:
            finish(query, nearest.empty() ? std::optional(Error{Errc::unavailable, "no peer answered"}) : std::nullopt);
            if (nearest.empty() || !options_.refreshes) return;
            refresh_after_joining(now);
            // In a small network everybody is among the nearest: one lookup asks them all. There are no far buckets;
            // who would look into them while hundreds come in connects with all of those.
            if (book_.closest(table_.self(), k_kad_bucket_peers).size() < k_kad_bucket_peers) {
                refreshes_waiting_.push_back(k_kad_key_bits);
            }
            look_again_when_few(now);
            return;
        case QueryKind::find_peer:
            finish(query, Error{Errc::not_found, "nobody knows an address of this peer"});
            return;
        case QueryKind::get_value:
            finish(query,
                   query.best ? std::nullopt : std::optional(Error{Errc::not_found, "nobody has a value of this key"}));
            repair(query, now);
            return;
        case QueryKind::find_providers:
            finish(query, query.providers.empty()
                              ? std::optional(Error{Errc::not_found, "nobody is known to provide it"})
                              : std::nullopt);
            return;
        case QueryKind::refresh:
            if (!query.is_random_target) look_again_when_few(now);
            finish(query, std::nullopt);
            return;
        case QueryKind::put_value:
        case QueryKind::provide:
        case QueryKind::republish:
            query.is_storing = true;
            store(query, now);
            settle_stores(query, now);
            return;
    }
}

void Kad::repair(Query& query, TimePoint now) {
    if (!query.best) return;
    KadMessage message;
    message.type = KadMessageType::put_value;
    message.key = query.key;
    message.record = KadRecord{query.key, *query.best, format_utc(wall(now)), {}, 0};
    for (auto const* const contact : query.lookup.answered(k_kad_bucket_peers)) {
        if (query.best_holders.contains(contact->key)) continue;
        requests_.send(*contact, {options_.protocol}, message, {query.id, RequestTag::Purpose::repair},
                       is_connected(contact->key), now);
    }
}

void Kad::finish(Query& query, std::optional<Error> error) {
    query.is_finished = true;
    if (query.kind == QueryKind::refresh) --refreshes_running_;
    if (query.kind == QueryKind::republish) --republishing_;
    if (query.is_silent()) return;
    events_.emplace_back(QueryFinished{query.id, query.kind, std::move(error), query.lookup.request_count(),
                                       query.count(StoreAttempt::State::done)});
}

}  // namespace ggen::p2p
