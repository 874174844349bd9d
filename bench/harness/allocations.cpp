#include "harness/allocations.hpp"

#include <atomic>

namespace ggen::bench {
namespace {
std::atomic<std::uint64_t> g_calls{0};
std::atomic<std::uint64_t> g_bytes{0};
}  // namespace

Allocations allocations_now() { return {g_calls.load(), g_bytes.load()}; }

void count_allocation(std::uint64_t bytes) {
    g_calls.fetch_add(1, std::memory_order_relaxed);
    g_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

}  // namespace ggen::bench
