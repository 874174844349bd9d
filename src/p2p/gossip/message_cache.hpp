#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "p2p/gossip/keyed_hash.hpp"
#include "p2p/gossip/message.hpp"
#include "p2p/gossip/seen_cache.hpp"

namespace ggen::p2p {

/// The messages of the last heartbeats (the specification's mcache): all of them can be asked for, those of the
/// newest `gossip_windows` are told of. Holds at most `bytes_max`: the oldest go first.
class MessageCache {
public:
    MessageCache(std::size_t windows, std::size_t gossip_windows, std::size_t bytes_max, std::uint64_t secret);

    /// Nothing happens when it is here already.
    void put(MessagePtr message);
    /// nullptr when the message is not here (any more).
    [[nodiscard]] MessagePtr find(std::string_view id) const;
    /// Counts that `peer` is served the message and says how often that makes. Precondition: it is here.
    std::size_t count_served(std::string_view id, PeerSerial peer);
    /// Newest window first, in the order they came.
    [[nodiscard]] std::vector<MessageId> gossip_ids(std::string_view topic) const;
    /// A heartbeat has passed.
    void shift();

    [[nodiscard]] std::size_t size() const { return by_id_.size(); }
    [[nodiscard]] std::size_t size_bytes() const { return bytes_; }

private:
    struct Entry {
        MessagePtr message;
        std::vector<std::pair<PeerSerial, std::size_t>> served;
    };
    void drop(Message const& message);

    std::size_t windows_max_;
    std::size_t gossip_windows_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::deque<std::vector<MessagePtr>> windows_;  // Newest first.
    std::unordered_map<std::string_view, Entry, KeyedHash, std::equal_to<>> by_id_;
};

}  // namespace ggen::p2p
