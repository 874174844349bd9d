#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "p2p/gossip/keyed_hash.hpp"
#include "p2p/gossip/rpc.hpp"

namespace ggen::p2p {

/// Names a connection's peer for as long as it is connected; never used twice.
using PeerSerial = std::uint32_t;
inline constexpr PeerSerial k_nobody_serial = 0;

/// What is known of a message that came by.
struct SeenRecord {
    enum class State : std::uint8_t { validating, valid, invalid, ignored };
    State state = State::validating;
    TimePoint first_seen{};
    TimePoint validated{};
    PeerSerial source = k_nobody_serial;  ///< who brought it first; nobody = we published it
    PeerSerial probed = k_nobody_serial;  ///< the mesh peer it is held back from
    std::vector<PeerSerial> others;       ///< who brought it again, each once
};

/// The messages of the last `ttl`, so that none is processed twice. At most `count_max`: the oldest go first.
class SeenCache {
public:
    SeenCache(std::chrono::nanoseconds ttl, std::size_t count_max, std::uint64_t secret)
        : ttl_(ttl), count_max_(count_max), by_id_(0, KeyedHash{secret}) {}

    /// nullptr when the message was not seen. Valid until the next non-const call of another method.
    [[nodiscard]] SeenRecord* find(std::string_view id) {
        auto const at = by_id_.find(id);
        return at == by_id_.end() ? nullptr : &at->second->record;
    }
    [[nodiscard]] bool contains(std::string_view id) const { return by_id_.contains(id); }
    /// Precondition: the message was not seen.
    SeenRecord& insert(std::string_view id, TimePoint now) {
        if (entries_.size() >= count_max_) drop_oldest();
        entries_.push_back({MessageId{id}, {}});
        auto const at = std::prev(entries_.end());
        at->record.first_seen = now;
        by_id_.emplace(at->id, at);
        return at->record;
    }
    /// The message may come again.
    void forget(std::string_view id) {
        auto const at = by_id_.find(id);
        if (at == by_id_.end()) return;
        auto const entry = at->second;
        by_id_.erase(at);
        entries_.erase(entry);
    }
    void expire(TimePoint now) {
        while (!entries_.empty() && now - entries_.front().record.first_seen >= ttl_) drop_oldest();
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        MessageId id;
        SeenRecord record;
    };
    void drop_oldest() {
        by_id_.erase(entries_.front().id);
        entries_.pop_front();
    }

    std::chrono::nanoseconds ttl_;
    std::size_t count_max_;
    std::list<Entry> entries_;  // Oldest first.
    std::unordered_map<std::string_view, std::list<Entry>::iterator, KeyedHash, std::equal_to<>> by_id_;
};

}  // namespace ggen::p2p
