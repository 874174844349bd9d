#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/version_range.hpp"

/// One word of a range ("^1.2", ">=1.x", "1.2.3") and the comparators it stands for.
namespace ggen::range_words {

using Comparator = VersionRange::Comparator;
using ComparatorSet = VersionRange::ComparatorSet;
using Operator = VersionRange::Operator;

/// "v1.2.x-beta": one to three numbers or wildcards, with any "v", "=" and blanks before them.
struct Partial {
    struct Part {
        bool is_wildcard = true;  ///< Also when absent.
        bool is_present = false;
        std::string_view digits;
    };
    std::string_view lead;  ///< Of "v", "=" and blanks.
    std::array<Part, 3> parts;
    std::string_view prerelease;    ///< Without "-"; only after a third part.
    std::string_view version_text;  ///< Everything after the lead.

    /// How many parts stand before the first wildcard.
    [[nodiscard]] std::size_t fixed_parts() const;
};

/// Reads a Partial at `*from` and moves `*from` behind it; nothing when there is none.
[[nodiscard]] std::optional<Partial> scan_partial(std::string_view text, std::size_t* from);

/// Appends what must hold so that a version lies above or below `partial`, as the two sides of a
/// hyphen range want it. False when a number is out of range or the text is no plain version.
[[nodiscard]] bool append_hyphen_from(Partial const& partial, ComparatorSet* out);
[[nodiscard]] bool append_hyphen_to(Partial const& partial, ComparatorSet* out);

/// Appends the comparators of one word without blanks. False when it cannot be read.
[[nodiscard]] bool append_word(std::string_view word, ComparatorSet* out);

/// "<0.0.0-0", which no version satisfies.
[[nodiscard]] Comparator nothing();
[[nodiscard]] bool is_nothing(Comparator const& comparator);

}  // namespace ggen::range_words
