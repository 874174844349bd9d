#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/part.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// The filters of a query, for one part. Keeps its memory. One thread.
class PartFilter {
public:
    /// `part` must outlive the filter.
    void assign(SearchQuery const& query, Part const& part);

    /// Documents from here on do not pass: there are none, or their downloads are too few.
    [[nodiscard]] DocId end() const { return end_; }
    /// Whether a live document below `end` passes.
    [[nodiscard]] bool passes(DocId doc) const;
    /// Every document passes.
    [[nodiscard]] bool is_open() const { return is_open_; }

private:
    /// Documents with one of some values, as bits.
    using Bits = std::vector<std::uint64_t>;
    /// Numbers of values of a field; the field counts when `is_on`.
    struct Values {
        bool is_on = false;
        std::vector<std::uint32_t> numbers;
        [[nodiscard]] bool admits(std::uint32_t value) const;
    };
    void find_values(FilterField field, std::string_view wanted, bool is_part, Values& out) const;
    void require(FilterField field, std::string_view wanted);
    void require_author(std::string_view wanted);
    [[nodiscard]] bool has_author(DocId doc) const;

    Part const* part_ = nullptr;
    Values category_;
    Values license_;
    Values origin_;
    bool has_wanted_authors_ = false;
    Bits wanted_authors_;         // Numbers of authors, one of which a document must have: first …
    Bits author_docs_;            // … or further, as documents. Empty when there are none.
    std::vector<Bits> required_;  // One for each tag and keyword asked for.
    std::size_t required_count_ = 0;
    DocId end_ = 0;
    std::uint32_t stars_min_ = 0;
    std::uint32_t released_max_ = 0;
    bool signed_only_ = false;
    bool is_open_ = true;
    bool is_shut_ = false;  // A filter that no column can hold: nothing passes.
};

}  // namespace ggen::search_index
