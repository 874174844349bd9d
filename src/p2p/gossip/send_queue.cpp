#include "p2p/gossip/send_queue.hpp"

#include <utility>

namespace ggen::p2p {
namespace {

constexpr std::size_t index_of(SendClass type) { return static_cast<std::size_t>(type); }

bool is_old(std::size_t type, std::chrono::nanoseconds age) {
    if (type == index_of(SendClass::control)) return false;
    return age > (type == index_of(SendClass::own) ? k_gossip_own_age_max : k_gossip_forward_age_max);
}

}  // namespace

bool SendQueue::push(SendClass type, Block block, MessagePtr message, TimePoint now) {
    std::size_t const at = index_of(type);
    std::size_t const bytes = block->size();
    if (type == SendClass::control) {
        if (class_bytes_[at] + bytes > k_gossip_control_queue_bytes_max) return false;
    } else {
        // What is less important makes room first, the oldest of it before the newest.
        for (std::size_t lower = k_send_classes - 1; lower > at; --lower) {
            while (bytes_ + bytes > k_gossip_queue_bytes_max && !entries_[lower].empty()) {
                drop_front(lower);
                ++dropped_;
            }
        }
        if (bytes_ + bytes > k_gossip_queue_bytes_max) {
            ++dropped_;
            return false;
        }
    }
    entries_[at].push_back({std::move(block), std::move(message), now});
    class_bytes_[at] += bytes;
    bytes_ += bytes;
    return true;
}

std::optional<Block> SendQueue::pop(std::size_t bytes_max, TimePoint now) {
    if (bytes_ == 0) return std::nullopt;
    drop_old(now);
    for (std::size_t type = 0; type < k_send_classes; ++type) {
        auto& queue = entries_[type];
        if (queue.empty()) continue;
        if (queue.front().block->size() > bytes_max) return std::nullopt;
        auto block = std::move(queue.front().block);
        class_bytes_[type] -= block->size();
        bytes_ -= block->size();
        queue.pop_front();
        return block;
    }
    return std::nullopt;
}

void SendQueue::cancel(std::string_view id) {
    for (std::size_t type = index_of(SendClass::own); type <= index_of(SendClass::forward); ++type) {
        std::erase_if(entries_[type], [&](Entry const& entry) {
            if (entry.message == nullptr || entry.message->id() != id) return false;
            class_bytes_[type] -= entry.block->size();
            bytes_ -= entry.block->size();
            return true;
        });
    }
}

void SendQueue::drop_old(TimePoint now) {
    for (std::size_t type = 0; type < k_send_classes; ++type) {
        while (!entries_[type].empty() && is_old(type, now - entries_[type].front().queued)) {
            drop_front(type);
            ++dropped_;
        }
    }
}

void SendQueue::clear() {
    for (auto& queue : entries_) queue.clear();
    class_bytes_ = {};
    bytes_ = 0;
}

std::size_t SendQueue::take_dropped() { return std::exchange(dropped_, 0); }

void SendQueue::drop_front(std::size_t type) {
    auto const bytes = entries_[type].front().block->size();
    class_bytes_[type] -= bytes;
    bytes_ -= bytes;
    entries_[type].pop_front();
}

}  // namespace ggen::p2p
