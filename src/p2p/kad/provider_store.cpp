#include "p2p/kad/provider_store.hpp"

#include <algorithm>
#include <iterator>

namespace ggen::p2p {

void ProviderStore::count_down(PeerId const& peer) {
    --size_;
    auto const at = counts_.find(peer);
    if (--at->second == 0) counts_.erase(at);
}

bool ProviderStore::make_room_in(std::vector<Provider>& providers, std::uint64_t group) {
    if (providers.size() < k_kad_providers_per_key_max) return true;
    std::map<std::uint64_t, std::size_t> sizes;
    // Peers without a neighbourhood (loopback, private networks) stand for themselves.
    for (auto const& provider : providers) {
        if (provider.group != 0) ++sizes[provider.group];
    }
    auto const size_of = [&](std::uint64_t of) { return of == 0 ? 1U : sizes[of]; };
    std::size_t largest = 1;
    for (auto const& provider : providers) largest = std::max<std::size_t>(largest, size_of(provider.group));
    auto const own = group == 0 ? 1U : sizes[group] + 1;
    if (own > largest) return false;
    auto const oldest = std::find_if(providers.begin(), providers.end(),
                                     [&](Provider const& provider) { return size_of(provider.group) == largest; });
    count_down(oldest->id);
    providers.erase(oldest);
    return true;
}

void ProviderStore::forget_one(PeerId const& peer) {
    auto oldest_key = keys_.end();
    auto oldest_at = TimePoint::max();
    for (auto at = keys_.begin(); at != keys_.end(); ++at) {
        for (auto const& provider : at->second) {
            if (provider.id != peer || (oldest_key != keys_.end() && provider.expires_at >= oldest_at)) continue;
            oldest_at = provider.expires_at;
            oldest_key = at;
        }
    }
    if (oldest_key == keys_.end()) return;
    std::erase_if(oldest_key->second, [&](Provider const& provider) { return provider.id == peer; });
    count_down(peer);
    if (oldest_key->second.empty()) keys_.erase(oldest_key);
}

bool ProviderStore::make_room_for(PeerId const& peer) {
    while (size_ >= k_kad_providers_max || keys_.size() >= k_kad_provider_keys_max) {
        auto const largest = std::max_element(counts_.begin(), counts_.end(),
                                              [](auto const& a, auto const& b) { return a.second < b.second; });
        auto const own = counts_.find(peer);
        if (own != counts_.end() && own->second >= largest->second) return false;
        auto const victim = largest->first;
        auto const keys_before = keys_.size();
        auto const size_before = size_;
        forget_one(victim);
        if (keys_.size() == keys_before && size_ == size_before) return false;
    }
    return true;
}

bool ProviderStore::add(BytesView key, Provider provider) {
    Bytes const name(key.begin(), key.end());
    auto at = keys_.find(name);
    if (at != keys_.end()) {
        auto const known = std::find_if(at->second.begin(), at->second.end(),
                                        [&](Provider const& entry) { return entry.id == provider.id; });
        if (known != at->second.end()) {
            at->second.erase(known);
            at->second.push_back(std::move(provider));
            return true;
        }
        if (!make_room_in(at->second, provider.group)) return false;
    }
    auto const is_full = size_ >= k_kad_providers_max || (at == keys_.end() && keys_.size() >= k_kad_provider_keys_max);
    if (is_full && !make_room_for(provider.id)) {
        if (at != keys_.end() && at->second.empty()) keys_.erase(at);
        return false;
    }
    ++size_;
    ++counts_[provider.id];
    auto& providers = keys_[name];
    providers.push_back(std::move(provider));
    return true;
}

std::vector<Provider const*> ProviderStore::find(BytesView key, TimePoint now) const {
    std::vector<Provider const*> out;
    auto const at = keys_.find(Bytes(key.begin(), key.end()));
    if (at == keys_.end()) return out;
    for (auto const& provider : at->second) {
        if (provider.expires_at > now) out.push_back(&provider);
    }
    return out;
}

void ProviderStore::expire(TimePoint now) {
    for (auto at = keys_.begin(); at != keys_.end();) {
        std::erase_if(at->second, [&](Provider const& provider) {
            if (provider.expires_at > now) return false;
            count_down(provider.id);
            return true;
        });
        at = at->second.empty() ? keys_.erase(at) : std::next(at);
    }
}

}  // namespace ggen::p2p
