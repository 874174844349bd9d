#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/version_range.hpp"

namespace ggen {

/// The comparator sets of a range in npm's grammar, or the word of it that cannot be read.
///
/// npm defines the grammar by a chain of rewritings, and its odd corners follow from their order.
/// The steps here are the same, each one pass over the text:
///   join blanks · split at "||" · drop build metadata · hyphen range · join an operator and its
///   version · split at blanks · caret, tilde, x-range or plain comparator for each word.
struct ParsedRange {
    std::vector<VersionRange::ComparatorSet> sets;
    std::string bad_word;  ///< "" when the range was read.
};

/// The caller limits the length of `text`. Time is linear in it, and in the square of the number of
/// different comparators of one side.
[[nodiscard]] ParsedRange parse_range(std::string_view text);

}  // namespace ggen
