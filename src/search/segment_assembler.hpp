#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/beginnings.hpp"
#include "search/index_types.hpp"
#include "search/inverter.hpp"
#include "search/search.hpp"
#include "search/segment_builder.hpp"
#include "search/segment_writer.hpp"

namespace ggen::search_index {

/// Collects documents in the order of their ids and writes every section but the store's. One thread.
class SegmentAssembler {
public:
    /// The next document; `strings` as an Analyser gives them.
    void add(SearchDocument const& document, std::span<IndexedString const> strings);
    /// Once, after the last document. Errors: those of the writer, too_large (postings over 2 GiB).
    Result<void> write(SegmentWriter& writer);
    [[nodiscard]] std::uint32_t term_count() const { return terms_.size(); }

private:
    /// What the terms' pass yields for each of them, in sorted order.
    struct TermColumns;

    std::uint32_t number_of(FilterField field, std::string_view text);
    void post_value(FilterField field, std::uint32_t number, DocId doc);
    void add_name(SearchDocument const& document, std::span<IndexedString const> strings);
    void renumber_filters();
    Result<void> write_lists(SegmentWriter& writer, TermColumns& columns);
    Result<std::uint32_t> write_list(SegmentWriter& writer, std::span<Posting const> list);
    Result<void> flush_lists(SegmentWriter& writer);
    Result<void> write_beginnings(SegmentWriter& writer, std::span<Beginning const> found);
    Result<void> write_filters(SegmentWriter& writer);
    Result<void> write_dictionary(SegmentWriter& writer, TermColumns& columns);
    Result<void> write_reversed(SegmentWriter& writer, TermColumns const& columns);
    Result<void> write_columns(SegmentWriter& writer);
    void add_facets(TermId term, std::span<Posting const> list);

    Inverter terms_;
    std::array<Inverter, k_filter_fields> filters_;
    std::array<std::vector<std::uint32_t>, k_filter_fields> filter_order_;  // Sorted ordinal to number.
    std::vector<std::uint32_t> downloads_;
    std::vector<std::uint32_t> stars_;
    std::vector<std::uint32_t> released_;
    std::array<std::vector<std::uint32_t>, 4> values_;  // Category, license, origin, author, each plus 1.
    std::vector<std::uint8_t> bits_;
    Bytes name_recipes_;
    std::vector<std::uint32_t> hashes_;
    std::vector<TermId> name_terms_;
    Bytes lists_;
    std::vector<std::pair<std::string, std::uint32_t>> beginnings_;  // Each with the entry of its list.
    std::vector<std::uint32_t> facet_terms_;
    std::vector<std::uint32_t> facet_offsets_;
    Bytes facet_counts_;
};

}  // namespace ggen::search_index
