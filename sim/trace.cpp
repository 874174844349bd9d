#include "sim/trace.hpp"

#include <algorithm>

namespace ggen::sim {

std::optional<std::size_t> first_divergence(std::vector<std::uint64_t> const& a, std::vector<std::uint64_t> const& b) {
    // A digest contains all that came before it, so once two runs differ they stay different.
    auto const size = std::min(a.size(), b.size());
    std::size_t low = 0;
    for (auto high = size; low < high;) {
        auto const middle = (low + high) / 2;
        if (a[middle] == b[middle]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == size) return std::nullopt;
    return low;
}

}  // namespace ggen::sim
