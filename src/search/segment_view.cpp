#include "search/segment_view.hpp"

#include <algorithm>
#include <bit>

#include "search/document_codec.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

/// Nodes with the smallest bound on top; equal bounds open inner nodes before they hand out terms.
bool is_later(BestNameScratch::Node const& a, BestNameScratch::Node const& b) {
    if (a.bound != b.bound) return a.bound > b.bound;
    if ((a.level == 0) != (b.level == 0)) return a.level == 0;
    return a.index > b.index;
}

void push(BestNameScratch& scratch, BestNameScratch::Node node) {
    scratch.heap.push_back(node);
    std::push_heap(scratch.heap.begin(), scratch.heap.end(), &is_later);
}

}  // namespace

TermRange SegmentView::directory_range(std::string_view text) const {
    if (!parts_.prefixes.is_present()) return {0, parts_.term_count};
    auto const code = class_code(text);
    return parts_.prefixes.range(code, code);
}

TermId SegmentView::find(std::string_view text) const {
    if (text.empty() || text.size() > k_term_bytes_max) return k_none;
    return parts_.terms.find(text, directory_range(text));
}

TermRange SegmentView::prefix_range(std::string_view prefix) const {
    if (prefix.empty()) return {0, parts_.term_count};
    if (prefix.size() > k_term_bytes_max) return {};
    TermRange within{0, parts_.term_count};
    if (prefix.size() >= k_directory_depth) within = directory_range(prefix);
    return parts_.terms.prefix_range(prefix, within);
}

std::string_view SegmentView::term_text(TermId term, TermBuffer& buffer) const {
    return parts_.terms.at(term, buffer);
}

PostingListInfo SegmentView::list_info(std::uint32_t entry) const {
    if (entry == k_entry_empty) return {};
    if ((entry & k_entry_inline) == 0) {
        return read_posting_list(parts_.postings, entry >> k_entry_offset_shift, parts_.doc_count);
    }
    DocId const doc = entry >> k_entry_doc_shift;
    auto const flags = static_cast<std::uint8_t>(entry >> k_entry_flags_shift & 0x0fU);
    if (doc >= parts_.doc_count) return {};
    PostingListInfo info;
    info.count = 1;
    info.token_count = (flags & k_is_token) != 0 ? 1 : 0;
    info.best_name = (flags & k_is_joined) != 0 ? doc : k_none;
    info.first = doc;
    return info;
}

PostingCursor SegmentView::list(std::uint32_t entry) const {
    if (entry == k_entry_empty) return {};
    if ((entry & k_entry_inline) == 0) {
        return {parts_.postings, entry >> k_entry_offset_shift, parts_.doc_count};
    }
    DocId const doc = entry >> k_entry_doc_shift;
    if (doc >= parts_.doc_count) return {};
    return PostingCursor{Posting{doc, static_cast<std::uint8_t>(entry >> k_entry_flags_shift & 0x0fU)}};
}

std::uint32_t SegmentView::filter_entry(FilterField field, std::uint32_t value) const {
    if (static_cast<std::size_t>(field) < k_first_listed_field || value >= filter_value_count(field)) {
        return k_entry_empty;
    }
    return parts_.filter_entries.at(parts_.filter_starts[static_cast<std::size_t>(field)] + value);
}

std::uint32_t SegmentView::term_df(TermId term) const {
    return list_info(parts_.term_entries.at(term)).token_count;
}

std::uint32_t SegmentView::posting_count(TermId term) const {
    return list_info(parts_.term_entries.at(term)).count;
}

DocId SegmentView::term_best_doc(TermId term) const {
    return list_info(parts_.term_entries.at(term)).first;
}

DocId SegmentView::term_best_name_doc(TermId term) const {
    return list_info(parts_.term_entries.at(term)).best_name;
}

PostingCursor SegmentView::postings(TermId term) const {
    return list(parts_.term_entries.at(term));
}

std::uint32_t SegmentView::find_beginning(std::string_view text) const {
    return text.size() > k_term_bytes_max ? k_none : parts_.beginnings.find(text);
}

PostingCursor SegmentView::beginning_docs(std::uint32_t beginning) const {
    return list(parts_.beginning_entries.at(beginning));
}

void SegmentView::begin_best_names(TermRange range, BestNameScratch& scratch) const {
    scratch.heap.clear();
    range.end = std::min(range.end, parts_.term_count);
    if (range.begin >= range.end) return;
    // The lowest node that covers the range.
    BestNameScratch::Node node;
    node.level = 1;
    std::uint32_t first = range.begin / k_rank_fanout;
    std::uint32_t last = (range.end - 1) / k_rank_fanout;
    for (; first != last; ++node.level, first /= k_rank_fanout, last /= k_rank_fanout) {}
    node.index = first;
    node.open = 0xffffffff;
    if (node.level < parts_.name_ranks.levels().size()) push(scratch, node);
    else if (parts_.term_count == 1) push(scratch, {0, 0, 0, 0});  // A tree of one leaf.
}

std::optional<NamedTerm> SegmentView::next_best_name(TermRange range, BestNameScratch& scratch) const {
    range.end = std::min(range.end, parts_.term_count);
    auto const levels = parts_.name_ranks.levels();
    while (!scratch.heap.empty()) {
        std::pop_heap(scratch.heap.begin(), scratch.heap.end(), &is_later);
        auto node = scratch.heap.back();
        scratch.heap.pop_back();
        if (node.level == 0) {
            DocId const doc = term_best_name_doc(node.index);
            if (doc == k_none) continue;
            if (doc == node.bound) return NamedTerm{node.index, doc};
            node.bound = doc;
            push(scratch, node);
            continue;
        }
        // Hand out the least child that meets the range, and put the node back for its next one.
        auto const children = levels[node.level - 1U];
        std::uint64_t width = 1;
        for (unsigned i = 1; i < node.level; ++i) width *= k_rank_fanout;
        std::uint64_t const base = std::uint64_t{node.index} * k_rank_fanout;
        std::uint8_t least = k_rank_none;
        std::uint32_t chosen = 0;
        for (std::uint32_t i = 0; i < k_rank_fanout && base + i < children.size(); ++i) {
            bool const open = (node.open >> i & 1U) != 0 && (base + i) * width < range.end &&
                              (base + i + 1) * width > range.begin;
            if (!open || children[base + i] >= least) continue;
            least = children[base + i];
            chosen = i;
        }
        if (least == k_rank_none) continue;
        std::uint64_t const bound = first_of_rank(least);
        node.open &= ~(1U << chosen);
        node.bound = std::max(node.bound, bound);
        push(scratch, node);
        push(scratch, {bound, static_cast<std::uint32_t>(base + chosen), 0xffffffff,
                       static_cast<std::uint8_t>(node.level - 1)});
    }
    return std::nullopt;
}

std::uint32_t SegmentView::downloads(DocId doc) const { return parts_.downloads.at(doc); }

DocId SegmentView::first_below_downloads(std::uint32_t downloads_min) const {
    return parts_.downloads.first_below(downloads_min);
}

std::string_view SegmentView::name(DocId doc, std::string& buffer) const {
    return parts_.names.at(doc, parts_.terms, buffer);
}

Result<SearchDocument> SegmentView::stored(DocId doc, StoreScratchPtr& scratch) const {
    ASSIGN_OR_RETURN(auto const record, parts_.store.read(doc, scratch));
    SearchDocument document;
    document.downloads = downloads(doc);
    document.stars = read_stars(doc);
    document.released_unix = read_released(doc);
    document.is_signed = is_signed(doc);
    TermBuffer buffer;
    document.category = filter_text(FilterField::category, category(doc), buffer);
    document.license = filter_text(FilterField::license, license(doc), buffer);
    document.origin = filter_text(FilterField::origin, origin(doc), buffer);
    auto const first_author = author(doc);
    if (first_author != k_none) document.authors.emplace_back(filter_text(FilterField::author, first_author, buffer));
    RETURN_IF_ERROR(decode_stored(record, document));
    static_cast<void>(name(doc, document.name));  // Written into the field itself.
    return document;
}

std::uint32_t SegmentView::filter_value_count(FilterField field) const {
    return parts_.filter_texts[static_cast<std::size_t>(field)].size();
}

std::uint32_t SegmentView::find_filter_value(FilterField field, std::string_view text) const {
    if (text.empty() || text.size() > k_term_bytes_max) return k_none;
    return parts_.filter_texts[static_cast<std::size_t>(field)].find(text);
}

std::string_view SegmentView::filter_text(FilterField field, std::uint32_t value, TermBuffer& buffer) const {
    return parts_.filter_texts[static_cast<std::size_t>(field)].at(value, buffer);
}

PostingCursor SegmentView::filter_docs(FilterField field, std::uint32_t value) const {
    return list(filter_entry(field, value));
}

bool SegmentView::cached_facet(TermId term, FilterField field, std::vector<std::uint32_t>& counts) const {
    counts.clear();
    auto const wanted = static_cast<std::size_t>(field);
    auto const& cache = parts_.facet_cache;
    if (wanted >= k_facet_cache_fields || cache.size() < sizeof(std::uint32_t)) return false;
    std::uint64_t const terms = load<std::uint32_t>(cache.data());
    std::uint64_t const data_at = sizeof(std::uint32_t) * (1 + 2 * terms);
    if (cache.size() < data_at) return false;
    auto const number = [&](std::uint64_t i) { return load<std::uint32_t>(cache.data() + sizeof(std::uint32_t) * i); };
    std::uint64_t low = 0;
    for (std::uint64_t high = terms; low < high;) {
        auto const middle = (low + high) / 2;
        if (number(1 + middle) < term) low = middle + 1;
        else high = middle;
    }
    if (low == terms || number(1 + low) != term) return false;
    std::uint64_t at = data_at + number(1 + terms + low);
    for (std::size_t i = 0; i < k_facet_cache_fields; ++i) {
        auto const values = filter_value_count(static_cast<FilterField>(i));
        if (values > k_facet_cache_values_max) {
            if (i == wanted) return false;
            continue;
        }
        for (std::uint32_t value = 0; value < values; ++value) {
            std::uint64_t count = 0;
            if (!read_varint(cache, at, count)) {
                counts.clear();
                return false;
            }
            if (i == wanted) counts.push_back(static_cast<std::uint32_t>(count));
        }
    }
    return !counts.empty();
}

}  // namespace ggen::search_index
