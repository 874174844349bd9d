#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/fuzzy.hpp"
#include "search/index_types.hpp"
#include "search/postings.hpp"
#include "search/search.hpp"
#include "search/segment_sections.hpp"

namespace ggen::search_index {

/// Open nodes of a walk over the best names of a range; reused by one thread.
struct BestNameScratch {
    struct Node {
        std::uint64_t bound = 0;  // No name below this node has a smaller document.
        std::uint32_t index = 0;
        std::uint32_t open = 0;  // Children not handed out yet, one bit each.
        std::uint8_t level = 0;
    };
    std::vector<Node> heap;
};

/// Read-only view of a mapped segment: the index view that the query algorithms work on.
///
/// Immutable, thread-safe; scratch objects belong to one thread each. Nothing here allocates once the
/// scratch has grown, except `stored`. Every method accepts any id: out of range ids and damaged bytes give
/// empty answers, never a read outside the file. Whether the bytes are intact is SegmentReader::verify's job.
class SegmentView {
public:
    [[nodiscard]] std::uint32_t doc_count() const { return parts_.doc_count; }
    [[nodiscard]] std::uint32_t term_count() const { return parts_.term_count; }

    /// The term whose bytes are `text`, or k_none.
    [[nodiscard]] TermId find(std::string_view text) const;
    /// All terms that begin with `prefix`; everything for an empty one.
    [[nodiscard]] TermRange prefix_range(std::string_view prefix) const;
    /// Decoded into `buffer`.
    [[nodiscard]] std::string_view term_text(TermId term, TermBuffer& buffer) const;
    /// Documents that have the string as a token (k_in_name or k_in_text).
    [[nodiscard]] std::uint32_t term_df(TermId term) const;
    /// Postings of any kind.
    [[nodiscard]] std::uint32_t posting_count(TermId term) const;
    /// Smallest document of any posting, or k_none.
    [[nodiscard]] DocId term_best_doc(TermId term) const;
    /// Smallest document whose joined name (with or without scope) is this string, or k_none.
    [[nodiscard]] DocId term_best_name_doc(TermId term) const;
    [[nodiscard]] PostingCursor postings(TermId term) const;
    /// The number of `text` among the beginnings whose documents stand in a list of their own; k_none when it has none.
    [[nodiscard]] std::uint32_t find_beginning(std::string_view text) const;
    /// Documents with a token in their name that begins so and is longer; flags are 0.
    [[nodiscard]] PostingCursor beginning_docs(std::uint32_t beginning) const;

    /// Starts a walk over the strings of `range` that name a package, in ascending `term_best_name_doc`.
    void begin_best_names(TermRange range, BestNameScratch& scratch) const;
    /// The next one (equal documents by term), or nothing at the end.
    [[nodiscard]] std::optional<NamedTerm> next_best_name(TermRange range, BestNameScratch& scratch) const;

    /// Replaces `out` by every string within `distance` (1 or 2; 0 of distance 0 included) of `text`, ascending by
    /// term. Exact: equal to comparing with every string. Empty for more than k_fuzzy_chars_max code points.
    void fuzzy(std::string_view text, unsigned distance, FuzzyScratch& scratch,
               std::vector<FuzzyMatch>& out) const;
    /// Replaces `out` by every string that has a prefix within `distance` (1) of `text` and whose
    /// `term_best_name_doc` is below `best_doc_below`, ascending by term; the distance is that of the best prefix.
    void fuzzy_prefix(std::string_view text, unsigned distance, FuzzyScratch& scratch, DocId best_doc_below,
                      std::vector<FuzzyMatch>& out) const;

    /// Saturated at 2^32 - 1. Non-increasing in `doc`.
    [[nodiscard]] std::uint32_t downloads(DocId doc) const;
    [[nodiscard]] std::uint32_t stars(DocId doc) const { return parts_.stars.at(doc); }
    /// Seconds since 1970, saturated at 0 and 2^32 - 1.
    [[nodiscard]] std::uint32_t released(DocId doc) const { return parts_.released.at(doc); }
    /// The same for single documents, such as the last of a page: by reads that leave no page of the columns resident.
    [[nodiscard]] std::uint32_t read_stars(DocId doc) const { return parts_.stars.read(*parts_.file, doc); }
    [[nodiscard]] std::uint32_t read_released(DocId doc) const { return parts_.released.read(*parts_.file, doc); }
    /// Numbers of values in `filter_text(FilterField::…)`; k_none when the package has none.
    [[nodiscard]] std::uint32_t category(DocId doc) const { return parts_.category.at(doc) - 1; }
    [[nodiscard]] std::uint32_t license(DocId doc) const { return parts_.license.at(doc) - 1; }
    [[nodiscard]] std::uint32_t origin(DocId doc) const { return parts_.origin.at(doc) - 1; }
    /// The first author; further ones are in `filter_docs`, all of them in `stored`.
    [[nodiscard]] std::uint32_t author(DocId doc) const { return parts_.author.at(doc) - 1; }
    [[nodiscard]] bool is_signed(DocId doc) const { return (parts_.bits.at(doc) & 1U) != 0; }
    /// The name has a scope ("@a/b").
    [[nodiscard]] bool is_scoped(DocId doc) const { return (parts_.bits.at(doc) & 2U) != 0; }
    /// First document with at most `downloads`: `min_downloads` as a limit of ids.
    [[nodiscard]] DocId first_below_downloads(std::uint32_t downloads_min) const;

    /// The name as published, written into `buffer`.
    [[nodiscard]] std::string_view name(DocId doc, std::string& buffer) const;
    /// The whole document, for hits that are shown; about 10 us. Errors: corrupt, io, not_found (no such id).
    [[nodiscard]] Result<SearchDocument> stored(DocId doc, StoreScratchPtr& scratch) const;

    [[nodiscard]] std::uint32_t filter_value_count(FilterField field) const;
    [[nodiscard]] std::uint32_t find_filter_value(FilterField field, std::string_view text) const;
    [[nodiscard]] std::string_view filter_text(FilterField field, std::uint32_t value, TermBuffer& buffer) const;
    /// Documents that have a tag or keyword, or an author beside the first; ascending, flags are 0. No documents for
    /// the other fields, of which a document has one value.
    [[nodiscard]] PostingCursor filter_docs(FilterField field, std::uint32_t value) const;
    /// Counts of `field`'s values (category, license, origin) over the documents that have `term` as a token,
    /// written to `counts` by value; false when none are kept: the term has under k_facet_cache_df_min documents.
    [[nodiscard]] bool cached_facet(TermId term, FilterField field, std::vector<std::uint32_t>& counts) const;

private:
    friend class SegmentReader;
    explicit SegmentView(SegmentParts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] PostingListInfo list_info(std::uint32_t entry) const;
    [[nodiscard]] PostingCursor list(std::uint32_t entry) const;
    [[nodiscard]] std::uint32_t filter_entry(FilterField field, std::uint32_t value) const;
    [[nodiscard]] TermRange directory_range(std::string_view text) const;
    void collect_fuzzy(std::string_view text, unsigned distance, FuzzyScratch& scratch) const;
    void scan_side(std::span<char32_t const> characters, std::size_t length, unsigned edits, std::uint32_t query,
                   unsigned distance, bool is_reversed, FuzzyScratch& scratch) const;
    void find_swapped(std::span<char32_t const> characters, std::size_t half, unsigned distance,
                      FuzzyScratch& scratch) const;

    SegmentParts parts_;
};

}  // namespace ggen::search_index
