#pragma once

#include <cstdint>
#include <vector>

#include "sim/types.hpp"

namespace ggen::sim {

enum class EventKind : std::uint8_t {
    frame = 1,   ///< `slot` is a frame in flight; it reaches `node`
    timer,       ///< the node's one timer; stale when `generation` is not the node's
    dial_done,   ///< `slot` is a dial of `node`
    dial_over,   ///< the dial's time is over
    silence,     ///< `slot` is a connection whose other end may have gone silently
    action       ///< `slot` is an action of the script
};

/// What happens, and when. 32 bytes: the heap of a run with 10,000 nodes fits the cache.
struct Event {
    Nanos time = 0;
    std::uint64_t sequence = 0;  ///< order of creation decides between equal times
    NodeId node = k_no_node;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    EventKind kind = EventKind::frame;
};
static_assert(sizeof(Event) == 32);

/// A heap with four children a node, ordered by (time, sequence).
class EventQueue {
public:
    /// Fills in the sequence.
    void push(Event event);
    [[nodiscard]] bool is_empty() const { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    /// Precondition of both: not empty.
    [[nodiscard]] Event const& top() const { return heap_.front(); }
    Event pop();

private:
    [[nodiscard]] static bool is_before(Event const& a, Event const& b) {
        return a.time != b.time ? a.time < b.time : a.sequence < b.sequence;
    }

    std::vector<Event> heap_;
    std::uint64_t sequence_ = 0;
};

}  // namespace ggen::sim
