#include "search/segment_assembler.hpp"

#include <algorithm>

#include "search/class_directory.hpp"
#include "search/document_codec.hpp"
#include "search/fuzzy.hpp"
#include "search/little_endian.hpp"
#include "search/postings.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_lists_buffer_bytes = 256 * k_kib;
constexpr std::uint8_t k_signed_bit = 1;
constexpr std::uint8_t k_scoped_bit = 2;

bool is_scoped_name(std::string_view name) {
    return name.starts_with('@') && name.find('/') != std::string_view::npos;
}

/// Sorted order is random order of memory: what comes soon is fetched while the present is worked on.
void prefetch_ahead(Inverter const& terms, std::span<std::uint32_t const> order, std::size_t at) {
    constexpr std::size_t k_steps = 8;
    if (at + 2 * k_steps < order.size()) terms.prefetch_term(order[at + 2 * k_steps], 0);
    if (at + k_steps < order.size()) terms.prefetch_term(order[at + k_steps], 1);
}

std::uint32_t suffix_code(std::string_view text) {
    std::array<char, k_directory_depth> tail{};
    std::size_t const length = std::min(text.size(), tail.size());
    std::copy_n(text.rbegin(), length, tail.begin());
    return class_code({tail.data(), length});
}

template <class T>
void release(std::vector<T>& values) {
    std::vector<T>{}.swap(values);
}

template <class T>
Bytes column_of(std::vector<T>& values) {
    std::vector<std::uint32_t> const wide(values.begin(), values.end());
    release(values);
    return write_column(wide);
}

}  // namespace

struct SegmentAssembler::TermColumns {
    std::vector<std::uint32_t> order;  // Sorted ordinal to number in `terms_`.
    std::vector<std::uint32_t> entries;
    std::vector<DocId> best_names;
    std::vector<std::uint32_t> signatures;
    std::vector<std::uint32_t> suffix_codes;  // Empty without directories.
};

void SegmentAssembler::add(SearchDocument const& document, std::span<IndexedString const> strings) {
    auto const doc = static_cast<DocId>(downloads_.size());
    downloads_.push_back(column_value(document.downloads));
    stars_.push_back(column_value(document.stars));
    released_.push_back(column_value(document.released_unix));
    values_[0].push_back(number_of(FilterField::category, document.category));
    values_[1].push_back(number_of(FilterField::license, document.license));
    values_[2].push_back(number_of(FilterField::origin, document.origin));
    std::uint32_t first_author = 0;
    for (auto const& author : document.authors) {
        auto const number = number_of(FilterField::author, author);
        if (first_author == 0) first_author = number;
        else if (number != first_author) post_value(FilterField::author, number, doc);
    }
    values_[3].push_back(first_author);
    for (auto const& tag : document.tags) post_value(FilterField::tag, number_of(FilterField::tag, tag), doc);
    for (auto const& keyword : document.keywords) {
        post_value(FilterField::keyword, number_of(FilterField::keyword, keyword), doc);
    }
    bits_.push_back(static_cast<std::uint8_t>((document.is_signed ? k_signed_bit : 0U) |
                                              (is_scoped_name(document.name) ? k_scoped_bit : 0U)));
    add_name(document, strings);
}

void SegmentAssembler::add_name(SearchDocument const& document, std::span<IndexedString const> strings) {
    auto const doc = static_cast<DocId>(name_terms_.size());
    std::string_view joined;
    TermId joined_term = 0;
    hashes_.clear();
    for (auto const& string : strings) hashes_.push_back(Inverter::hash(string.text));
    for (int step = 0; step < 3; ++step) {
        for (auto const hash : hashes_) terms_.prefetch(hash, step);
    }
    for (std::size_t i = 0; i < strings.size(); ++i) {
        auto const& string = strings[i];
        auto const term = terms_.add(string.text, hashes_[i], doc, string.flags);
        if ((string.flags & k_joined_whole) == 0) continue;
        joined = string.text;
        joined_term = term;
    }
    name_terms_.push_back(joined_term);
    append_name_recipe(document.name, joined, name_recipes_);
}

/// The value's number by first appearance plus 1; 0 for texts that cannot be filtered by.
std::uint32_t SegmentAssembler::number_of(FilterField field, std::string_view text) {
    if (text.empty() || text.size() > k_term_bytes_max) return 0;
    return filters_[static_cast<std::size_t>(field)].intern(text) + 1;
}

void SegmentAssembler::post_value(FilterField field, std::uint32_t number, DocId doc) {
    if (number != 0) filters_[static_cast<std::size_t>(field)].post(number - 1, doc, 0);
}

Result<void> SegmentAssembler::write(SegmentWriter& writer) {
    renumber_filters();
    TermColumns columns;
    RETURN_IF_ERROR(write_lists(writer, columns));
    RETURN_IF_ERROR(write_columns(writer));
    RETURN_IF_ERROR(write_dictionary(writer, columns));
    return write_reversed(writer, columns);
}

/// From numbers by first appearance to ordinals of the sorted texts.
void SegmentAssembler::renumber_filters() {
    for (std::size_t field = 0; field < k_filter_fields; ++field) {
        filter_order_[field] = filters_[field].sorted();
        if (field >= values_.size()) continue;
        std::vector<std::uint32_t> ordinals(filter_order_[field].size());
        for (std::uint32_t i = 0; i < ordinals.size(); ++i) ordinals[filter_order_[field][i]] = i;
        for (auto& value : values_[field]) {
            if (value != 0) value = ordinals[value - 1] + 1;
        }
    }
}

Result<std::uint32_t> SegmentAssembler::write_list(SegmentWriter& writer, std::span<Posting const> list) {
    if (list.empty()) return k_entry_empty;
    if (list.size() == 1) return inline_entry(list.front());
    std::uint64_t const offset = writer.section_bytes() + lists_.size();
    if (offset >> (32 - k_entry_offset_shift) != 0) {
        return Error{Errc::too_large, "search segment: postings over 2 GiB"};
    }
    append_posting_list(lists_, list);
    if (lists_.size() >= k_lists_buffer_bytes) RETURN_IF_ERROR(flush_lists(writer));
    return static_cast<std::uint32_t>(offset << k_entry_offset_shift);
}

Result<void> SegmentAssembler::flush_lists(SegmentWriter& writer) {
    RETURN_IF_ERROR(writer.write(lists_));
    lists_.clear();
    return ok();
}

Result<void> SegmentAssembler::write_lists(SegmentWriter& writer, TermColumns& columns) {
    RETURN_IF_ERROR(writer.begin(Section::postings));
    lists_.assign(1, 0);  // So that no list has offset 0.
    std::vector<Posting> list;
    columns.order = terms_.sorted();
    BeginningCollector collector{static_cast<std::uint32_t>(downloads_.size())};
    columns.entries.reserve(columns.order.size());
    columns.best_names.reserve(columns.order.size());
    for (TermId term = 0; term < columns.order.size(); ++term) {
        prefetch_ahead(terms_, columns.order, term);
        terms_.postings(columns.order[term], list);
        ASSIGN_OR_RETURN(auto const entry, write_list(writer, list));
        columns.entries.push_back(entry);
        RETURN_IF_ERROR(write_beginnings(writer, collector.add(terms_.text(columns.order[term]), list)));
        auto const named = std::find_if(list.begin(), list.end(),
                                        [](Posting posting) { return (posting.flags & k_is_joined) != 0; });
        columns.best_names.push_back(named == list.end() ? k_none : named->doc);
        if (list.size() >= k_facet_cache_df_min) add_facets(term, list);
    }
    RETURN_IF_ERROR(write_beginnings(writer, collector.finish()));
    terms_.drop_postings();
    std::vector<std::uint32_t> entries;
    for (std::size_t field = k_first_listed_field; field < k_filter_fields; ++field) {
        for (auto const number : filter_order_[field]) {
            filters_[field].postings(number, list);
            ASSIGN_OR_RETURN(auto const entry, write_list(writer, list));
            entries.push_back(entry);
        }
    }
    RETURN_IF_ERROR(flush_lists(writer));
    RETURN_IF_ERROR(writer.write(Bytes(k_posting_slack_bytes)));
    RETURN_IF_ERROR(writer.end());
    RETURN_IF_ERROR(writer.add(Section::filter_entries, write_column(entries)));
    std::sort(beginnings_.begin(), beginnings_.end());
    StringTableWriter beginnings;
    entries.clear();
    for (auto const& [text, entry] : beginnings_) {
        beginnings.add(text);
        entries.push_back(entry);
    }
    RETURN_IF_ERROR(writer.add(Section::beginnings, beginnings.finish()));
    RETURN_IF_ERROR(writer.add(Section::beginning_entries, write_column(entries)));
    return write_filters(writer);
}

Result<void> SegmentAssembler::write_beginnings(SegmentWriter& writer, std::span<Beginning const> found) {
    for (auto const& beginning : found) {
        ASSIGN_OR_RETURN(auto const entry, write_list(writer, beginning.docs));
        beginnings_.emplace_back(beginning.text, entry);
    }
    return ok();
}

void SegmentAssembler::add_facets(TermId term, std::span<Posting const> list) {
    std::array<std::vector<std::uint32_t>, k_facet_cache_fields> counts;
    std::uint32_t tokens = 0;
    for (std::size_t field = 0; field < k_facet_cache_fields; ++field) {
        if (filters_[field].size() > k_facet_cache_values_max) continue;
        counts[field].resize(filters_[field].size() + 1);
        tokens = 0;
        for (auto const& posting : list) {
            if ((posting.flags & k_is_token) == 0) continue;
            ++tokens;
            ++counts[field][values_[field][posting.doc]];
        }
    }
    if (tokens < k_facet_cache_df_min) return;
    facet_terms_.push_back(term);
    facet_offsets_.push_back(static_cast<std::uint32_t>(facet_counts_.size()));
    for (auto const& field : counts) {
        for (std::size_t value = 1; value < field.size(); ++value) append_varint(facet_counts_, field[value]);
    }
}

Result<void> SegmentAssembler::write_filters(SegmentWriter& writer) {
    Bytes sizes;
    Bytes tables;
    for (std::size_t field = 0; field < k_filter_fields; ++field) {
        StringTableWriter table;
        for (auto const number : filter_order_[field]) table.add(filters_[field].text(number));
        auto const bytes = table.finish();
        append(sizes, std::uint64_t{bytes.size()});
        tables.insert(tables.end(), bytes.begin(), bytes.end());
        filters_[field] = Inverter{};
        release(filter_order_[field]);
    }
    sizes.insert(sizes.end(), tables.begin(), tables.end());
    RETURN_IF_ERROR(writer.add(Section::filter_strings, sizes));
    Bytes facets;
    append(facets, static_cast<std::uint32_t>(facet_terms_.size()));
    for (auto const term : facet_terms_) append(facets, term);
    for (auto const offset : facet_offsets_) append(facets, offset);
    facets.insert(facets.end(), facet_counts_.begin(), facet_counts_.end());
    return writer.add(Section::facet_cache, facets);
}

Result<void> SegmentAssembler::write_columns(SegmentWriter& writer) {
    RETURN_IF_ERROR(writer.add(Section::downloads, write_falling_column(downloads_)));
    release(downloads_);
    RETURN_IF_ERROR(writer.add(Section::stars, column_of(stars_)));
    RETURN_IF_ERROR(writer.add(Section::released, write_column(released_, k_seconds_a_day)));
    release(released_);
    RETURN_IF_ERROR(writer.add(Section::category, column_of(values_[0])));
    RETURN_IF_ERROR(writer.add(Section::license, column_of(values_[1])));
    RETURN_IF_ERROR(writer.add(Section::origin, column_of(values_[2])));
    RETURN_IF_ERROR(writer.add(Section::author, column_of(values_[3])));
    return writer.add(Section::bits, column_of(bits_));
}

Result<void> SegmentAssembler::write_dictionary(SegmentWriter& writer, TermColumns& columns) {
    RETURN_IF_ERROR(writer.add(Section::term_entries, write_column(columns.entries)));
    release(columns.entries);
    RETURN_IF_ERROR(writer.add(Section::name_ranks, write_name_ranks(columns.best_names)));
    release(columns.best_names);
    bool const has_directories = columns.order.size() >= k_directory_terms_min;
    StringTableWriter strings;
    auto& signatures = columns.signatures;
    std::vector<std::uint32_t> codes;
    std::vector<TermId> ordinals(columns.order.size());
    signatures.reserve(columns.order.size());
    for (TermId term = 0; term < columns.order.size(); ++term) {
        prefetch_ahead(terms_, columns.order, term);
        auto const text = terms_.text(columns.order[term]);
        strings.add(text);
        signatures.push_back(signature_of(text));
        if (has_directories) {
            codes.push_back(class_code(text));
            columns.suffix_codes.push_back(suffix_code(text));
        }
        ordinals[columns.order[term]] = term;
    }
    RETURN_IF_ERROR(writer.add(Section::term_strings, strings.finish()));
    RETURN_IF_ERROR(writer.add_numbers<std::uint32_t>(Section::forward_signatures, signatures));
    if (has_directories) RETURN_IF_ERROR(writer.add(Section::prefix_directory, write_class_directory(codes)));
    for (auto& term : name_terms_) term = ordinals.empty() ? 0 : ordinals[term];
    RETURN_IF_ERROR(writer.add(Section::names, write_name_table(name_recipes_, name_terms_, terms_.size())));
    return ok();
}

Result<void> SegmentAssembler::write_reversed(SegmentWriter& writer, TermColumns const& columns) {
    if (columns.suffix_codes.empty()) {
        return writer.add(Section::reverse_order, write_column({}));
    }
    // Counting sort by the classes of the last three bytes; strings of one code stay in dictionary order.
    std::vector<std::uint32_t> next(k_directory_codes + 1);
    for (auto const code : columns.suffix_codes) ++next[code + 1];
    for (std::size_t code = 1; code < next.size(); ++code) next[code] += next[code - 1];
    std::vector<TermId> order(columns.suffix_codes.size());
    std::vector<std::uint32_t> signatures(order.size());
    std::vector<std::uint32_t> codes(order.size());
    for (TermId term = 0; term < order.size(); ++term) {
        auto const place = next[columns.suffix_codes[term]]++;
        order[place] = term;
        signatures[place] = columns.signatures[term];
        codes[place] = columns.suffix_codes[term];
    }
    RETURN_IF_ERROR(writer.add_numbers<std::uint32_t>(Section::reverse_signatures, signatures));
    RETURN_IF_ERROR(writer.add(Section::reverse_order, write_column(order)));
    return writer.add(Section::suffix_directory, write_class_directory(codes));
}

}  // namespace ggen::search_index
