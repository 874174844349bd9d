#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

inline constexpr std::uint16_t k_rank_none = 0xffff;
inline constexpr std::uint32_t k_rank_fanout = 32;

/// The most popular document that each string names, in 16 bits (document >> shift), with a tree of minima over
/// 32 children a node. Read in place. Format: docs/formats/search-segment.md, "name ranks".
class NameRanks {
public:
    NameRanks() = default;
    /// Errors: corrupt (length).
    static Result<NameRanks> open(BytesView section, std::uint32_t term_count, std::uint32_t doc_count);
    /// One a term; k_rank_none when it names nothing.
    [[nodiscard]] std::span<std::uint16_t const> ranks() const { return levels_.front(); }
    /// Level 0 = ranks(); each node of level i + 1 is the least of 32 of level i; the last level has one node.
    [[nodiscard]] std::span<std::span<std::uint16_t const> const> levels() const { return levels_; }
    [[nodiscard]] std::uint32_t shift() const { return shift_; }
    [[nodiscard]] static std::uint32_t shift_for(std::uint32_t doc_count);

private:
    std::vector<std::span<std::uint16_t const>> levels_{std::span<std::uint16_t const>{}};
    std::uint32_t shift_ = 0;
};

/// `best_names` has one document (or k_none) a term.
[[nodiscard]] Bytes write_name_ranks(std::span<DocId const> best_names, std::uint32_t doc_count);

}  // namespace ggen::search_index
