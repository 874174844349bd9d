#include <algorithm>

#include "p2p/kad/kad.hpp"

namespace ggen::p2p {

UnixTime Kad::wall(TimePoint now) const {
    auto const since = std::chrono::duration_cast<std::chrono::seconds>(now - options_.steady_at);
    return {options_.wall_at.seconds + since.count()};
}

KadRecord Kad::record_of(StoredRecord const& stored) const {
    return {stored.key, stored.value, format_utc(stored.received), {}, 0};
}

Result<void> Kad::store_record(BytesView key, BytesView value, TimePoint now) {
    RETURN_IF_ERROR(options_.validators.validate(key, value));
    auto const* const held = records_.find(key, now);
    if (held != nullptr && held->value != Bytes(value.begin(), value.end()) &&
        !options_.validators.is_better(key, value, held->value)) {
        return Error{Errc::conflict, "a better value of this key is held"};
    }
    return records_.put(
        {Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()), now + k_kad_record_lifetime, wall(now)});
}

std::vector<KadPeer> Kad::closer_for(PeerId const& peer, BytesView key, TimePoint now) const {
    auto const* const asker = find_peer_of(peer);
    // Whoever asks from outside is not told of addresses that lead nowhere from there, or into our own network.
    auto const least = asker == nullptr ? AddressReach::loopback : asker->reach;
    std::vector<KadPeer> out;
    if (auto const id = PeerId::from_bytes(key); id && *id != peer) {
        auto const* const known = find_peer_of(*id);  // also a client: it is in no table, and can be asked for by name
        if (known != nullptr && !known->is_server) {
            auto addresses = known->addresses.reachable(least, k_kad_addresses_emit_max);
            if (!addresses.is_empty()) out.push_back({*id, std::move(addresses), KadConnection::connected});
        }
    }
    for (auto const* const entry : table_.closest(kad_key_of(key), k_kad_bucket_peers + 1, false)) {
        if (out.size() == k_kad_bucket_peers) break;
        if (entry->contact.id == peer || !is_welcome(entry->contact.id, now)) continue;
        auto addresses = entry->contact.addresses.reachable(least, k_kad_addresses_emit_max);
        if (addresses.is_empty()) continue;
        auto const connection = entry->is_connected ? KadConnection::connected : KadConnection::can_connect;
        out.push_back({entry->contact.id, std::move(addresses), connection});
    }
    return out;
}

Result<std::optional<KadMessage>> Kad::respond_put(KadMessage const& request, TimePoint now) {
    if (!request.record || request.record->key != request.key) return Error{Errc::invalid, "a value without its key"};
    auto const stored = store_record(request.key, request.record->value, now);
    if (!stored && stored.error().code == Errc::refused) return stored.error();
    // The echo says what is held now: the value itself, or the better one. Peer lists of the request are not repeated.
    KadMessage answer;
    answer.type = KadMessageType::put_value;
    answer.key = request.key;
    if (auto const* const held = records_.find(request.key, now); held != nullptr) answer.record = record_of(*held);
    if (!answer.record) return Error{Errc::unavailable, stored ? "not held" : stored.error().context};
    return std::optional(std::move(answer));
}

Result<void> Kad::take_provider(PeerId const& peer, KadMessage const& request, TimePoint now) {
    auto const* const asker = find_peer_of(peer);
    auto const least = asker == nullptr ? AddressReach::loopback : asker->reach;
    auto const group = asker == nullptr ? 0 : asker->group;
    for (auto const& provider : request.providers) {
        if (provider.id != peer) continue;  // nobody speaks for others
        auto addresses = provider.addresses.reachable(least, k_kad_addresses_emit_max);
        if (addresses.is_empty() && asker != nullptr) addresses = asker->addresses;
        if (addresses.is_empty()) continue;
        providers_.add(request.key, {peer, std::move(addresses), group, now + k_kad_provider_lifetime});
    }
    return ok();
}

Result<std::optional<KadMessage>> Kad::respond(PeerId const& peer, KadMessage const& request, TimePoint now) {
    KadMessage answer;
    answer.type = request.type;
    if (request.type == KadMessageType::ping) return std::optional(std::move(answer));
    if (request.key.empty()) return Error{Errc::invalid, "a request without a key"};
    answer.key = request.key;
    switch (request.type) {
        case KadMessageType::put_value: return respond_put(request, now);
        case KadMessageType::add_provider: {
            RETURN_IF_ERROR(take_provider(peer, request, now));
            return std::optional<KadMessage>();
        }
        case KadMessageType::get_value:
            if (auto const* const held = records_.find(request.key, now); held != nullptr)
                answer.record = record_of(*held);
            break;
        case KadMessageType::get_providers:
            for (auto const* const provider : providers_.find(request.key, now)) {
                answer.providers.push_back({provider->id, provider->addresses, KadConnection::can_connect});
            }
            if (published_.contains(request.key) && !published_.at(request.key).value && !own_addresses_.empty()) {
                answer.providers.push_back({options_.self, AddressList::from(own_addresses_, k_kad_addresses_emit_max),
                                            KadConnection::connected});
            }
            break;
        case KadMessageType::find_node:
        case KadMessageType::ping: break;
    }
    answer.closer = closer_for(peer, request.key, now);
    return std::optional(std::move(answer));
}

}  // namespace ggen::p2p
