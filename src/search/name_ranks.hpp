#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

inline constexpr std::uint8_t k_rank_none = 0xff;
inline constexpr std::uint32_t k_rank_fanout = 32;

/// A class of documents in 8 bits: those under 16 one by one, then eight a power of two. Ascends with the document.
[[nodiscard]] std::uint8_t rank_of(DocId doc);
/// The smallest document of a class.
[[nodiscard]] DocId first_of_rank(std::uint8_t rank);

/// The class of the most popular document that each string names, with a tree of minima over 32 children a node. Read
/// in place. Format: docs/formats/search-segment.md, "name ranks".
class NameRanks {
public:
    NameRanks() = default;
    /// Errors: corrupt (length).
    static Result<NameRanks> open(BytesView section, std::uint32_t term_count);
    /// One a term; k_rank_none when it names nothing.
    [[nodiscard]] BytesView ranks() const { return levels_.front(); }
    /// Level 0 = ranks(); each node of level i + 1 is the least of 32 of level i; the last level has one node.
    [[nodiscard]] std::span<BytesView const> levels() const { return levels_; }

private:
    std::vector<BytesView> levels_{BytesView{}};
};

/// `best_names` has one document (or k_none) a term.
[[nodiscard]] Bytes write_name_ranks(std::span<DocId const> best_names);

}  // namespace ggen::search_index
