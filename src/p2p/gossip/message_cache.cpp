#include "p2p/gossip/message_cache.hpp"

#include <algorithm>

namespace ggen::p2p {

MessageCache::MessageCache(std::size_t windows, std::size_t gossip_windows, std::size_t bytes_max, std::uint64_t secret)
    : windows_max_(windows), gossip_windows_(std::min(windows, gossip_windows)), bytes_max_(bytes_max), windows_(1),
      by_id_(0, KeyedHash{secret}) {}

void MessageCache::put(MessagePtr message) {
    if (by_id_.contains(message->id())) return;
    bytes_ += message->wire()->size();
    by_id_.emplace(message->id(), Entry{message, {}});
    windows_.front().push_back(std::move(message));
    while (bytes_ > bytes_max_) {
        while (windows_.back().empty()) windows_.pop_back();
        auto const oldest = std::move(windows_.back().front());
        windows_.back().erase(windows_.back().begin());
        drop(*oldest);
    }
    if (windows_.empty()) windows_.emplace_front();
}

MessagePtr MessageCache::find(std::string_view id) const {
    auto const at = by_id_.find(id);
    return at == by_id_.end() ? nullptr : at->second.message;
}

std::size_t MessageCache::count_served(std::string_view id, PeerSerial peer) {
    auto& served = by_id_.find(id)->second.served;
    auto const at = std::find_if(served.begin(), served.end(), [&](auto const& one) { return one.first == peer; });
    if (at != served.end()) return ++at->second;
    served.emplace_back(peer, 1);
    return 1;
}

std::vector<MessageId> MessageCache::gossip_ids(std::string_view topic) const {
    std::vector<MessageId> ids;
    for (std::size_t i = 0; i < windows_.size() && i < gossip_windows_; ++i) {
        for (auto const& message : windows_[i]) {
            if (message->topic() == topic) ids.push_back(message->id());
        }
    }
    return ids;
}

void MessageCache::shift() {
    windows_.emplace_front();
    if (windows_.size() <= windows_max_) return;
    for (auto const& message : windows_.back()) drop(*message);
    windows_.pop_back();
}

void MessageCache::drop(Message const& message) {
    bytes_ -= message.wire()->size();
    by_id_.erase(message.id());
}

}  // namespace ggen::p2p
