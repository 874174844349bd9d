#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

/// What the writer and the reader of index files share. Format: docs/formats/metadata-index.md.
namespace ggen::metadata {

inline constexpr std::string_view k_magic = "GGENMETA";
inline constexpr std::uint32_t k_format_version = 1;
inline constexpr std::size_t k_page_bytes = 4096;
inline constexpr std::size_t k_head_bytes = 64;
inline constexpr std::uint64_t k_index_bytes_max = 64 * k_gib;
/// More packages than any registry has; keeps the tree of pages at most 5 deep.
inline constexpr std::uint64_t k_packages_max = std::uint64_t{1} << 32U;

/// Of a directory page: checksum of the rest, number of entries, zeros; then entries.
inline constexpr std::size_t k_page_head_bytes = 16;
inline constexpr std::size_t k_entry_bytes = 16;
inline constexpr std::uint32_t k_page_entries = (k_page_bytes - k_page_head_bytes) / k_entry_bytes;
inline constexpr std::uint32_t k_levels_max = 5;

/// What the last page of a file says.
struct Trailer {
    std::uint64_t file_bytes = 0;
    std::uint64_t records_end = 0;
    std::uint64_t packages = 0;
    std::uint64_t releases = 0;
    std::uint64_t directory_pages = 0;
    std::uint32_t levels = 0;
    std::uint64_t log_size = 0;  ///< Entries of the log that it covers; 0 for a text.
    std::uint64_t follows = 0;   ///< Number of the file whose changes it holds; 0 = it is whole.
    Digest source;               ///< What it is a projection of: root hash of the log, or digest of the text.
};

/// A page of bytes, checksum in front.
[[nodiscard]] Bytes encode_trailer(Trailer const& trailer);

}  // namespace ggen::metadata
