#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::search {

/// `text` as search compares it: NFKC, case folded, marks (accents) and invisible characters dropped.
/// Bytes that are not UTF-8 become blanks. Never fails.
[[nodiscard]] std::string fold(std::string_view text);

/// The words of `text`, folded, in order: runs of letters and digits. A Han, Hiragana or Katakana
/// character is a word of its own.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// How many insertions, deletions, replacements and swaps of neighbouring characters turn one UTF-8
/// word into the other (Damerau-Levenshtein, restricted); `limit + 1` when it is more than `limit`.
[[nodiscard]] std::size_t word_distance(std::u32string const& a, std::u32string const& b, std::size_t limit);
[[nodiscard]] std::u32string code_points(std::string_view utf8);

}  // namespace ggen::search
