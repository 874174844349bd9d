#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// Values that every index view (a segment on disk, the delta in memory) and the query algorithms share.
namespace ggen::search_index {

/// Dense, ascending from the most popular package: more downloads, then more stars, then newer, then by name.
using DocId = std::uint32_t;
/// Ordinal of a string in the bytewise sorted dictionary of all tokens and joined names.
using TermId = std::uint32_t;

inline constexpr std::uint32_t k_none = 0xffffffff;

/// Packages in one segment. With at most 2^24 the sum of a block of deltas cannot overflow 32 bits.
inline constexpr std::uint32_t k_documents_max = (1U << 24U) - 1;
/// One dictionary string; lengths are single bytes in the file.
inline constexpr std::size_t k_term_bytes_max = 255;

/// Half open.
struct TermRange {
    TermId begin = 0;
    TermId end = 0;
    [[nodiscard]] std::uint32_t size() const { return end - begin; }
    friend bool operator==(TermRange, TermRange) = default;
};

/// Where a package has a string; one posting can carry several.
inline constexpr std::uint8_t k_in_name = 1;           ///< A token of the name.
inline constexpr std::uint8_t k_in_text = 2;           ///< A token of summary, tags or keywords.
inline constexpr std::uint8_t k_joined_whole = 4;      ///< The joined name, scope included.
inline constexpr std::uint8_t k_joined_unscoped = 8;   ///< The joined name without its scope.
inline constexpr std::uint8_t k_is_token = k_in_name | k_in_text;
inline constexpr std::uint8_t k_is_joined = k_joined_whole | k_joined_unscoped;

struct Posting {
    DocId doc = 0;
    std::uint8_t flags = 0;
    friend bool operator==(Posting, Posting) = default;
};

/// A string and its optimal string alignment distance (insert, delete, replace, swap of neighbours; no
/// part edited twice), counted in code points.
struct FuzzyMatch {
    TermId term = 0;
    std::uint8_t distance = 0;
    friend bool operator==(FuzzyMatch, FuzzyMatch) = default;
};

/// A dictionary string and the most popular package that it names.
struct NamedTerm {
    TermId term = 0;
    DocId doc = 0;
    friend bool operator==(NamedTerm, NamedTerm) = default;
};

/// Room for one front-coded string, and for copying it 16 bytes at a time; views of `term_text` point into it.
struct TermBuffer {
    std::array<char, k_term_bytes_max + 17> bytes;
};

/// Columns that hold texts, as values of filters and facets. The number of a value is its ordinal in the
/// bytewise sorted list of that field's texts, so it is the same for any order of input.
enum class FilterField : std::uint8_t { category, license, origin, author, tag, keyword };
inline constexpr std::size_t k_filter_fields = 6;

}  // namespace ggen::search_index
