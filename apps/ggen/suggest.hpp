#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ggen::cli {

/// Damerau-Levenshtein distance (adjacent letters swapped count once). Texts are cut at 64 bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The `known` words that somebody who typed `wanted` may have meant, best first, at most `max`: those
/// that begin with it, and those within one edit (two from five letters).
[[nodiscard]] std::vector<std::string> similar_words(std::string_view wanted,
                                                     std::vector<std::string> const& known,
                                                     std::size_t max = 3);

/// "did you mean `a`, `b`?", or "" for none.
[[nodiscard]] std::string did_you_mean(std::vector<std::string> const& words);

}  // namespace ggen::cli
