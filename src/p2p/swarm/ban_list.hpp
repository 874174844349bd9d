#pragma once

#include <map>
#include <set>
#include <utility>

#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/swarm/ip_address.hpp"
#include "p2p/swarm/limits.hpp"

namespace ggen::p2p {

/// Who is not let in until when. At most 4,096 entries; the one that ends first gives way.
template <class Key>
class BanList {
public:
    /// A later end wins.
    void add(Key const& key, TimePoint until) {
        auto const at = ends_.find(key);
        if (at != ends_.end()) {
            if (at->second >= until) return;
            by_end_.erase({at->second, key});
            at->second = until;
        } else {
            if (ends_.size() == k_bans_max) drop_first();
            ends_.emplace(key, until);
        }
        by_end_.emplace(until, key);
    }
    void remove(Key const& key) {
        auto const at = ends_.find(key);
        if (at == ends_.end()) return;
        by_end_.erase({at->second, key});
        ends_.erase(at);
    }
    [[nodiscard]] bool contains(Key const& key, TimePoint now) {
        while (!by_end_.empty() && by_end_.begin()->first <= now) drop_first();
        return ends_.contains(key);
    }
    [[nodiscard]] std::size_t size() const { return ends_.size(); }

private:
    void drop_first() {
        ends_.erase(by_end_.begin()->second);
        by_end_.erase(by_end_.begin());
    }

    std::map<Key, TimePoint> ends_;
    std::set<std::pair<TimePoint, Key>> by_end_;
};

}  // namespace ggen::p2p
