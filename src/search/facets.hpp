#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/hit_order.hpp"
#include "search/part_filter.hpp"
#include "search/query.hpp"
#include "search/word_stream.hpp"

namespace ggen::search_index {

/// Counts values of category, license and origin. Keeps its memory. One thread.
class FacetCounter {
public:
    /// Starts over, with the documents that have every word of the query as it stands and pass its filters. Returns
    /// how many these are.
    std::uint64_t count_words(Parts const& parts, SearchQuery const& query, PreparedQuery const& prepared);
    /// Starts over, with these.
    void count_hits(Parts const& parts, std::span<RankedHit const> hits);
    /// What was counted, by field.
    [[nodiscard]] std::vector<SearchFacet> take();

private:
    static constexpr std::size_t k_fields = 3;
    void start_part(SegmentView const& view);
    void add(SegmentView const& view, DocId doc);
    [[nodiscard]] bool add_cached(Part const& part, PreparedQuery const& prepared);
    void walk_part(Part const& part, PreparedQuery const& prepared);
    void fold_part(SegmentView const& view);

    PartFilter filter_;
    std::vector<WordStream> words_;
    std::array<std::vector<std::uint32_t>, k_fields> counts_;  // By value of the part at hand.
    std::array<std::vector<std::pair<std::string, std::uint64_t>>, k_fields> found_;  // Of the parts before it.
    std::uint64_t documents_ = 0;
};

}  // namespace ggen::search_index
