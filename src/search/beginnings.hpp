#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Beginnings of so many strings have a list of their documents in the segment; those of fewer are soon gathered.
inline constexpr std::uint32_t k_beginning_strings_min = 4'000;
/// Shorter beginnings are not looked for.
inline constexpr std::size_t k_beginning_bytes_min = 2;

/// A beginning that many strings have in common, and the documents with a longer token of that beginning in their name.
struct Beginning {
    std::string text;
    std::vector<Posting> docs;  ///< Ascending; flags are 0.
};

/// Finds them in one pass over the sorted strings. Holds the postings of the strings with the same first two bytes and
/// one bit a document. One thread. Format: docs/formats/search-segment.md, "beginnings".
class BeginningCollector {
public:
    explicit BeginningCollector(std::uint32_t doc_count, std::uint32_t strings_min = k_beginning_strings_min)
        : strings_min_(strings_min), bits_((std::size_t{doc_count} + 63) / 64) {}
    /// The next string, ascending bytewise, 1 to k_term_bytes_max bytes, and its postings. Returns the beginnings of
    /// earlier strings that it does not have, the longest first.
    [[nodiscard]] std::vector<Beginning> add(std::string_view text, std::span<Posting const> list);
    /// Once, after the last string: the beginnings of that.
    [[nodiscard]] std::vector<Beginning> finish();

private:
    /// A beginning of the last string.
    struct Open {
        std::uint32_t strings = 0;  // Strings before the first that has it.
        std::size_t docs = 0;       // Where the documents of the strings longer than it begin.
    };
    void close(std::size_t length);

    std::uint32_t strings_min_;
    std::uint32_t strings_ = 0;
    std::string last_;
    std::array<Open, k_term_bytes_max + 1> open_{};
    std::vector<DocId> docs_;  // Of the strings since the first two bytes changed.
    std::vector<std::uint64_t> bits_;
    std::vector<Beginning> found_;
};

}  // namespace ggen::search_index
