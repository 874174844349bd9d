#pragma once

#include <cstdint>

#include "metadata/package_record.hpp"

/// What the writer and the reader of package records share.
namespace ggen::metadata {

inline constexpr std::uint8_t k_has_yanked = 1;
inline constexpr std::uint8_t k_has_prereleases = 2;
inline constexpr std::uint8_t k_has_log_facts = 4;
inline constexpr std::size_t k_log_facts_bytes = 48;
inline constexpr std::size_t k_pair_bytes = 8;
inline constexpr std::uint32_t k_optional_bit = std::uint32_t{1} << 31U;

/// The numbers of a record's header, in the order of the file; docs/formats/metadata-index.md.
struct RecordHeader {
    std::uint32_t length = 0, versions = 0, lists = 0, items = 0, pairs = 0, ranges = 0, names = 0, string_bytes = 0,
                  tail_bytes = 0, code_bytes = 0;
    std::uint8_t flags = 0, name_bytes = 0, major_width = 0, minor_width = 0, patch_width = 0, tail_width = 0,
                 list_width = 0, pair_width = 0;
};

/// Words of a set of states of `versions` versions.
[[nodiscard]] constexpr std::uint64_t state_words(std::uint64_t versions) { return (versions + 1 + 63) / 64; }

/// Where the sections lie; `end` is the record's length.
[[nodiscard]] RecordLayout layout_of(RecordHeader const& header);

}  // namespace ggen::metadata
