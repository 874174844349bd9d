#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/kad/address_list.hpp"
#include "p2p/kad/key.hpp"
#include "p2p/kad/limits.hpp"

namespace ggen::p2p {

/// One peer that says it has the content of a key.
struct Provider {
    PeerId id;
    AddressList addresses;
    std::uint64_t group = 0;  ///< neighbourhood of its address; 0 = not counted
    TimePoint expires_at;
};

/// Who has what, for keys near this node: at most k_kad_providers_per_key_max a key, k_kad_provider_keys_max keys and
/// k_kad_providers_max entries in all. Eviction is fair: a full key gives up the oldest entry of the neighbourhood
/// with most entries, a full store the oldest entry of the peer with most entries, and a newcomer that would itself
/// be the one is refused. So a flood from one place or one peer pushes out its own entries alone.
class ProviderStore {
public:
    /// Adds or renews. False when it was refused.
    bool add(BytesView key, Provider provider);
    /// Those whose time is not over, the newest last.
    [[nodiscard]] std::vector<Provider const*> find(BytesView key, TimePoint now) const;
    void expire(TimePoint now);

    [[nodiscard]] std::size_t key_count() const { return keys_.size(); }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    using Keys = std::map<Bytes, std::vector<Provider>, std::less<>>;
    [[nodiscard]] bool make_room_in(std::vector<Provider>& providers, std::uint64_t group);
    [[nodiscard]] bool make_room_for(PeerId const& peer);
    void forget_one(PeerId const& peer);
    void count_down(PeerId const& peer);

    Keys keys_;
    std::map<PeerId, std::size_t> counts_;  // entries of each peer
    std::size_t size_ = 0;
};

}  // namespace ggen::p2p
