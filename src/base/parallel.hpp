#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace ggen {

/// Calls `work(i)` once for each i below `count`, in up to `threads` threads, this one among them; returns when all
/// are done. The order is ascending but for what runs at once. `work` must not throw.
template <class Work>
void run_parallel(std::size_t count, unsigned threads, Work const& work) {
    std::atomic<std::size_t> next{0};
    auto const take = [&] {
        for (auto i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
    };
    std::vector<std::thread> others;
    auto const wanted = std::min<std::size_t>(std::max(1U, threads), count);
    others.reserve(wanted);
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(take);
    take();
    for (auto& other : others) other.join();
}

}  // namespace ggen
