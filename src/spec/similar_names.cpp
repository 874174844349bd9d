#include "spec/similar_names.hpp"

#include <algorithm>
#include <utility>

namespace ggen {

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
    auto const longer = std::max(a.size(), b.size());
    if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
    std::vector<std::size_t> two_above(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        two_above.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t k = 1; k <= b.size(); ++k) {
            auto const replaced = above[k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1);
            row[k] = std::min({above[k] + 1, row[k - 1] + 1, replaced});
            bool const is_swap = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
            if (is_swap) row[k] = std::min(row[k], two_above[k - 2] + 1);
        }
        if (*std::min_element(row.begin(), row.end()) > limit) return limit + 1;
    }
    return std::min(row[b.size()], limit + 1);
}

std::vector<std::string> closest(std::string_view wanted, std::span<std::string const> candidates,
                                 std::size_t max) {
    auto const limit = std::clamp<std::size_t>(wanted.size() / 3, 1, 3);
    std::vector<std::pair<std::size_t, std::string_view>> found;
    for (std::string const& candidate : candidates) {
        if (candidate == wanted) continue;
        auto const distance = edit_distance(wanted, candidate, limit);
        if (distance <= limit) found.emplace_back(distance, candidate);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    std::vector<std::string> names;
    for (auto const& [distance, name] : found) {
        if (names.size() == max) break;
        names.emplace_back(name);
    }
    return names;
}

}  // namespace ggen
