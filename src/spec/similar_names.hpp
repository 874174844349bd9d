#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ggen {

/// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`, no
/// character touched twice (Damerau-Levenshtein, restricted); `limit + 1` as soon as it is more
/// than `limit`. Takes time in proportion to the product of the lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// The candidates that `wanted` was most likely meant to be, best first, at most `max`: those within
/// a third of its length (at least 1, at most 3 edits), equal distances by name. `wanted` itself
/// is left out.
[[nodiscard]] std::vector<std::string> closest(std::string_view wanted,
                                               std::span<std::string const> candidates, std::size_t max);

}  // namespace ggen
