#pragma once

#include <map>
#include <set>
#include <utility>

#include "base/time.hpp"
#include "codec/peer_id.hpp"

namespace ggen::p2p {

/// Until when a peer is not to be grafted in one topic. It outlives the connection. At most `count_max` entries:
/// those that end first go first.
class Backoffs {
public:
    explicit Backoffs(std::size_t count_max) : count_max_(count_max) {}

    /// Only ever later.
    void extend(PeerId const& peer, TimePoint until) {
        auto const [at, is_new] = until_.try_emplace(peer, until);
        if (!is_new) {
            if (until <= at->second) return;
            by_end_.erase({at->second, peer});
            at->second = until;
        }
        by_end_.insert({until, peer});
        if (until_.size() > count_max_) drop(by_end_.begin());
    }
    /// The end of the peer's backoff; the zero time when there is none.
    [[nodiscard]] TimePoint end_of(PeerId const& peer) const {
        auto const at = until_.find(peer);
        return at == until_.end() ? TimePoint{} : at->second;
    }
    /// Forgets what ended at `before` or earlier.
    void expire(TimePoint before) {
        while (!by_end_.empty() && by_end_.begin()->first <= before) drop(by_end_.begin());
    }
    [[nodiscard]] std::size_t size() const { return until_.size(); }

private:
    using ByEnd = std::set<std::pair<TimePoint, PeerId>>;
    void drop(ByEnd::iterator at) {
        until_.erase(at->second);
        by_end_.erase(at);
    }
    std::size_t count_max_;
    std::map<PeerId, TimePoint> until_;
    ByEnd by_end_;
};

}  // namespace ggen::p2p
