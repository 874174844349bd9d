#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/class_directory.hpp"
#include "search/columns.hpp"
#include "search/index_types.hpp"
#include "search/name_ranks.hpp"
#include "search/name_table.hpp"
#include "search/segment_store.hpp"
#include "search/string_table.hpp"

/// The parts of a segment file, shared by its writer and its reader. Format: docs/formats/search-segment.md.
namespace ggen::search_index {

inline constexpr std::string_view k_segment_magic = "GGENSIDX";
inline constexpr std::uint32_t k_segment_version = 3;
inline constexpr std::uint64_t k_segment_bytes_max = 4 * k_gib;
inline constexpr std::size_t k_section_alignment_bytes = 64;
/// Documents with a term from which on facet counts are kept for it.
inline constexpr std::uint32_t k_facet_cache_df_min = 1'000;
/// Values of a field up to which its counts are kept.
inline constexpr std::uint32_t k_facet_cache_values_max = 256;
inline constexpr std::size_t k_facet_cache_fields = 3;  // category, license, origin.

/// Fields from this one on have lists; those before have a column for each document's only value.
inline constexpr std::size_t k_first_listed_field = static_cast<std::size_t>(FilterField::author);

/// In the order of the file. The numbers are part of the format.
enum class Section : std::uint32_t {
    term_strings, term_entries, postings, name_ranks, forward_signatures, reverse_signatures,
    reverse_order, prefix_directory, suffix_directory, downloads, stars, released, category, license, origin,
    author, bits, beginnings, names, filter_strings, filter_entries, beginning_entries, facet_cache,
    store_dictionary, store_index, store_blocks,
};
inline constexpr std::size_t k_sections = 26;
[[nodiscard]] std::string_view section_name(Section section);

/// Entry of a list, in a column: odd, and the only posting itself, or the offset of a list in the postings section
/// times two; 0 = no posting at all (the section begins with a byte that no list has).
inline constexpr std::uint32_t k_entry_inline = 1;
inline constexpr std::uint32_t k_entry_empty = 0;
inline constexpr unsigned k_entry_offset_shift = 1;
inline constexpr unsigned k_entry_flags_shift = 1;
inline constexpr unsigned k_entry_doc_shift = 5;
[[nodiscard]] constexpr std::uint32_t inline_entry(Posting posting) {
    return posting.doc << k_entry_doc_shift | static_cast<std::uint32_t>(posting.flags) << k_entry_flags_shift |
           k_entry_inline;
}

/// Everything a view needs, checked to lie inside the file.
struct SegmentParts {
    std::shared_ptr<MappedFile const> file;
    std::uint32_t doc_count = 0;
    std::uint32_t term_count = 0;
    StringTable terms;
    Column term_entries;
    BytesView postings;
    NameRanks name_ranks;
    std::span<std::uint32_t const> forward_signatures;
    std::span<std::uint32_t const> reverse_signatures;  // Empty in small segments, like the next three.
    Column reverse_order;
    ClassDirectory prefixes;
    ClassDirectory suffixes;
    FallingColumn downloads;
    Column stars;
    Column released;
    Column category;  // Number of the value plus 1; 0 = none. So are the next three.
    Column license;
    Column origin;
    Column author;
    Column bits;  // 1 = signed, 2 = scoped.
    StringTable beginnings;
    Column beginning_entries;
    NameTable names;
    std::array<StringTable, k_filter_fields> filter_texts;
    Column filter_entries;
    std::array<std::uint32_t, k_filter_fields> filter_starts{};  // Of each listed field's entries.
    BytesView facet_cache;
    SegmentStore store;
};

}  // namespace ggen::search_index
