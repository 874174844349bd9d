#include <algorithm>
#include <utility>

#include "p2p/kad/kad.hpp"

namespace ggen::p2p {
namespace {

/// Of the holders that are wanted, how many make a publication (go-libp2p-kad-dht has 15 of 20 too): the rest is
/// mostly waiting for the dead.
constexpr std::size_t k_published_percent = 75;
constexpr double k_slow_deviations = 2;
/// go-libp2p-kad-dht's optimistic provide: how sure a single peer must be among the k nearest to be stored at before
/// the lookup ends, and how likely the k nearest that are known are the k nearest there are.
constexpr double k_single_certainty = 0.9;
constexpr double k_set_certainty = 0.9;
constexpr std::size_t k_store_attempts_max = 3 * k_kad_bucket_peers;
constexpr std::size_t k_store_attempts_crowded_max = 2 * k_kad_region_peers_max;

}  // namespace

QueryId Kad::publish(BytesView key, std::optional<Bytes> value, TimePoint now) {
    auto const kind = value ? QueryKind::put_value : QueryKind::provide;
    auto const refuse = [&](Error error) { return refuse_query(kind, std::move(error)); };
    if (auto const refused = refusal(kind, key)) return *refused;
    Bytes const name(key.begin(), key.end());
    if (published_.size() >= k_kad_published_max && !published_.contains(name)) {
        return refuse({Errc::too_large, "too many keys are published already"});
    }
    KadMessage message;
    message.key = name;
    if (value) {
        if (value->size() + key.size() > k_kad_record_emit_bytes_max) {
            return refuse({Errc::too_large, "a record has at most 8 KiB"});
        }
        auto const stored = store_record(key, *value, now);  // here too; a store that is full does not matter
        if (!stored && stored.error().code != Errc::unavailable) return refuse(stored.error());
        message.type = KadMessageType::put_value;
        message.record = KadRecord{name, *value, format_utc(wall(now)), {}, 0};
    } else {
        auto addresses = AddressList::from(own_addresses_, k_kad_addresses_emit_max);
        if (addresses.is_empty()) return refuse({Errc::unavailable, "no address of this node is known to others"});
        message.type = KadMessageType::add_provider;
        message.providers.push_back({options_.self, std::move(addresses), KadConnection::connected});
    }
    if (auto const known = published_.find(name); known != published_.end()) {
        publish_times_.erase({known->second.next_at, name});
    }
    published_[name] = {std::move(value), now + k_kad_republish_interval};
    publish_times_.emplace(now + k_kad_republish_interval, name);
    auto& query = start(kind, key, now);
    query.message = std::move(message);
    auto const id = query.id;
    advance(id, now);
    work(now);
    return id;
}

QueryId Kad::put_value(BytesView key, BytesView value, TimePoint now) {
    return publish(key, Bytes(value.begin(), value.end()), now);
}

QueryId Kad::provide(BytesView key, TimePoint now) {
    return publish(key, std::nullopt, now);
}

void Kad::unpublish(BytesView key) {
    auto const at = published_.find(Bytes(key.begin(), key.end()));
    if (at == published_.end()) return;
    publish_times_.erase({at->second.next_at, at->first});
    published_.erase(at);
}

bool Kad::store_at(Query& query, KadContact const& contact, bool is_proven, TimePoint now) {
    auto const is_tried = std::any_of(query.stores.begin(), query.stores.end(),
                                      [&](StoreAttempt const& attempt) { return attempt.peer == contact.key; });
    if (is_tried) return false;
    auto const connected = is_connected(contact.key);
    auto const slow_at = now + requests_.patience(connected, k_slow_deviations);
    query.stores.push_back({contact.key, StoreAttempt::State::waiting, slow_at, is_proven});
    requests_.send(contact, {options_.protocol}, *query.message, {query.id, RequestTag::Purpose::store}, connected,
                   now);
    return true;
}

/// Before the lookup has arrived: at peers that are near enough to be holders whatever else it finds, and at all of
/// the nearest once they are as near as the nearest can be expected to be.
void Kad::store_early(Query& query, TimePoint now) {
    if (query.is_storing || query.is_crowded) return;
    auto const peers = network_size(now);
    if (!peers) return;
    constexpr auto k_wanted = k_kad_bucket_peers;
    // Until some of the nearest have answered, only those count that this node has dealt with before.
    auto const is_first = query.lookup.answered(k_kad_resilience).size() < k_kad_resilience;
    auto const k = static_cast<double>(k_wanted);
    auto const single = gamma_quantile(k, 1 - k_single_certainty) / *peers;
    auto const set = gamma_quantile(k / 2 + 1, k_set_certainty) / *peers;
    double sum = 0;
    std::size_t count = 0;
    std::size_t near_count = 0;
    std::vector<std::pair<KadContact, bool>> near;  // and whether it has answered
    for (auto const& prospect : query.lookup.prospects()) {
        if (prospect.standing == Lookup::Standing::slow) continue;
        if (is_first && !book_.has_met(prospect.contact->key)) continue;
        auto const share = kad_share(kad_distance(prospect.contact->key, query.lookup.target()));
        sum += share;
        near.emplace_back(*prospect.contact, prospect.standing == Lookup::Standing::answered);
        if (share <= single) near_count = near.size();
        if (++count == k_wanted) break;
    }
    if (count < k_wanted && !is_first) return;
    auto const is_whole = !is_first && sum / k <= set;
    if (!is_whole) near.erase(near.begin() + static_cast<std::ptrdiff_t>(near_count), near.end());
    for (auto const& [contact, is_proven] : near) store_at(query, contact, is_proven, now);
    if (is_whole) store(query, now);  // and at the spares
}

/// At the nearest, and at a few more than the k for those among them that nobody has heard from: a fifth of what
/// others believe alive is dead, and waiting for them costs more than a spare copy.
void Kad::store(Query& query, TimePoint now) {
    auto const wanted = static_cast<double>(query.is_crowded ? k_kad_region_peers_max : k_kad_bucket_peers);
    auto const attempts_max = query.is_crowded ? k_store_attempts_crowded_max : k_store_attempts_max;
    auto hope = query.hope();
    if (hope >= wanted) return;
    struct Next {
        KadContact contact;
        Lookup::Standing standing;
    };
    std::vector<Next> next;
    for (auto const& prospect : query.lookup.prospects()) {
        if (next.size() == attempts_max) break;
        next.push_back({*prospect.contact, prospect.standing});
    }
    for (auto const& [contact, standing] : next) {
        if (hope >= wanted || query.stores.size() >= attempts_max) return;
        if (hope >= static_cast<double>(k_kad_bucket_peers) && !query.lookup.is_in_region(contact.key)) return;
        if (!store_at(query, contact, standing == Lookup::Standing::answered, now)) continue;
        if (standing == Lookup::Standing::slow) query.stores.back().state = StoreAttempt::State::slow;
        hope += query.stores.back().hope();
    }
}

void Kad::on_store_outcome(Query& query, RequestOutcome const& outcome, TimePoint /*now*/) {
    auto const at = std::find_if(query.stores.begin(), query.stores.end(),
                                 [&](StoreAttempt const& attempt) { return attempt.peer == outcome.peer.key; });
    if (at == query.stores.end()) return;
    auto is_stored = std::holds_alternative<RequestSent>(outcome.result);
    if (auto const* const answer = std::get_if<KadMessage>(&outcome.result); answer != nullptr) {
        // A holder that keeps a better value says so by showing that one.
        is_stored = !answer->record || (query.message->record && answer->record->value == query.message->record->value);
    }
    at->state = is_stored ? StoreAttempt::State::done : StoreAttempt::State::failed;
    if (!is_stored && std::holds_alternative<Error>(outcome.result)) query.lookup.on_failure(outcome.peer.key);
}

void Kad::settle_stores(Query& query, TimePoint now) {
    for (auto& attempt : query.stores) {
        if (attempt.state == StoreAttempt::State::waiting && attempt.slow_at <= now)
            attempt.state = StoreAttempt::State::slow;
    }
    if (query.is_storing) store(query, now);
    auto const done = query.count(StoreAttempt::State::done);
    auto const is_over = query.is_storing && query.count(StoreAttempt::State::waiting) == 0 &&
                         query.count(StoreAttempt::State::slow) == 0;
    auto const likely = done + query.count(StoreAttempt::State::waiting);
    auto const wanted = query.is_crowded ? std::max(likely, k_kad_bucket_peers) : k_kad_bucket_peers;
    auto const is_enough = done * 100 >= wanted * k_published_percent && (query.is_storing || !query.is_crowded);
    if (!query.is_published && (is_enough || (is_over && done > 0))) {
        query.is_published = true;
        if (!query.is_silent()) events_.emplace_back(Published{query.id, done});
    }
    if ((done >= wanted && (query.is_storing || !query.is_crowded)) || is_over) {
        finish(query, done > 0 ? std::nullopt
                               : std::optional(Error{Errc::unavailable, "no peer could be reached to hold it"}));
    }
}

}  // namespace ggen::p2p
