#include "sim/event_queue.hpp"

#include <algorithm>

namespace ggen::sim {

namespace {
constexpr std::size_t k_children = 4;
}

void EventQueue::push(Event event) {
    event.sequence = sequence_++;
    auto at = heap_.size();
    heap_.push_back(event);
    while (at > 0) {
        auto const parent = (at - 1) / k_children;
        if (!is_before(event, heap_[parent])) break;
        heap_[at] = heap_[parent];
        at = parent;
    }
    heap_[at] = event;
}

Event EventQueue::pop() {
    auto const first = heap_.front();
    auto const last = heap_.back();
    heap_.pop_back();
    auto const size = heap_.size();
    if (size == 0) return first;
    std::size_t at = 0;
    for (;;) {
        auto const begin = at * k_children + 1;
        if (begin >= size) break;
        auto least = begin;
        auto const end = std::min(begin + k_children, size);
        for (auto child = begin + 1; child < end; ++child) {
            if (is_before(heap_[child], heap_[least])) least = child;
        }
        if (!is_before(heap_[least], last)) break;
        heap_[at] = heap_[least];
        at = least;
    }
    heap_[at] = last;
    return first;
}

}  // namespace ggen::sim
