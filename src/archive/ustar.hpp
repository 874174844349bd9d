#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// One ustar header block in its canonical spelling (docs/formats/archive.md); private to `archive`.
namespace ggen::ustar {

inline constexpr std::size_t k_block_bytes = 512;
inline constexpr std::size_t k_end_bytes = 2 * k_block_bytes;  ///< Zeros after the last file.
inline constexpr std::uint64_t k_file_bytes_max = (std::uint64_t{1} << 33U) - 1;  ///< 11 octal digits.

/// `bytes` rounded up to whole blocks.
[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t bytes) {
    return (bytes + k_block_bytes - 1) / k_block_bytes * k_block_bytes;
}

struct Header {
    std::string path;  ///< With the top directory. Not checked yet.
    bool executable = false;
    std::uint64_t size_bytes = 0;
};

/// Errors: too_large (archive_too_large: the path cannot be split, or the size has no room).
[[nodiscard]] Result<void> write_header(std::span<std::uint8_t, k_block_bytes> out, Header const& header);

/// Reads a header, refusing every field that is not spelled as `write_header` does, all but the
/// place where a long path is split (the caller encodes again and compares).
/// Errors: corrupt (archive_not_canonical), refused (archive_path_unsafe).
[[nodiscard]] Result<Header> read_header(std::span<std::uint8_t const, k_block_bytes> block);

[[nodiscard]] bool is_zero(BytesView bytes);

}  // namespace ggen::ustar
