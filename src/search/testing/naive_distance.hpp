#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "search/fuzzy.hpp"

namespace ggen::search_index::testing {

/// The rows of the table of distances, without any trick: row i compares the first i code points of `a` with every
/// prefix of `b`. Ends early when two rows are over `limit` throughout.
inline std::vector<unsigned> last_row(std::string_view a, std::string_view b, unsigned limit) {
    std::array<char32_t, k_term_bytes_max + 1> x;
    std::array<char32_t, k_term_bytes_max + 1> y;
    std::size_t const n = decode_code_points(a, x);
    std::size_t const m = decode_code_points(b, y);
    std::vector<unsigned> before(m + 1);
    std::vector<unsigned> previous(m + 1);
    std::vector<unsigned> row(m + 1);
    for (std::size_t j = 0; j <= m; ++j) previous[j] = static_cast<unsigned>(j);
    for (std::size_t i = 1; i <= n; ++i) {
        row[0] = static_cast<unsigned>(i);
        for (std::size_t j = 1; j <= m; ++j) {
            unsigned best = std::min(previous[j], row[j - 1]) + 1;
            best = std::min(best, previous[j - 1] + (x[i - 1] == y[j - 1] ? 0U : 1U));
            bool const swapped = i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1];
            if (swapped) best = std::min(best, before[j - 2] + 1);
            row[j] = best;
        }
        auto const over = [&](std::vector<unsigned> const& r) { return *std::min_element(r.begin(), r.end()) > limit; };
        if (over(row) && over(previous)) return std::vector<unsigned>(m + 1, limit + 1);
        before.swap(previous);
        previous.swap(row);
    }
    return previous;
}

inline unsigned naive_distance(std::string_view a, std::string_view b, unsigned limit = 1'000) {
    return last_row(a, b, limit).back();
}

inline unsigned naive_prefix_distance(std::string_view a, std::string_view b, unsigned limit = 1'000) {
    auto const row = last_row(a, b, limit);
    return *std::min_element(row.begin(), row.end());
}

}  // namespace ggen::search_index::testing
