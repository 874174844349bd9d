#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"
#include "search/string_table.hpp"

namespace ggen::search_index {

/// Bytes fall into 40 classes that keep their order: 0 end of the string, 1 below '0', 2-11 digits, 12 between
/// '9' and 'a', 13-38 letters, 39 above 'z' (every byte of a character over 127).
inline constexpr std::uint32_t k_byte_classes = 40;
inline constexpr std::uint8_t k_class_high = 39;
inline constexpr std::size_t k_directory_depth = 3;
inline constexpr std::uint32_t k_directory_codes = k_byte_classes * k_byte_classes * k_byte_classes;
/// Terms from which on a segment has directories; below, scanning all signatures is as fast.
inline constexpr std::uint32_t k_directory_terms_min = 16'384;

[[nodiscard]] std::uint8_t byte_class(std::uint8_t byte);
/// The classes of the first three bytes as one number, ascending with the bytewise order of strings. After a byte of
/// a class with several bytes (1, 12, 39) the rest counts as 0.
[[nodiscard]] std::uint32_t class_code(std::string_view text);

/// First three classes to the range of strings, in an order that is sorted by them. Read in place.
class ClassDirectory {
public:
    ClassDirectory() = default;
    /// An empty section is a directory that is not there. Errors: corrupt (length).
    static Result<ClassDirectory> open(BytesView section, std::uint32_t term_count);
    [[nodiscard]] bool is_present() const { return !starts_.empty(); }
    /// Strings whose code lies in [first, last].
    [[nodiscard]] TermRange range(std::uint32_t first, std::uint32_t last) const;

private:
    std::span<std::uint32_t const> starts_;
    std::uint32_t term_count_ = 0;
};

/// `codes` ascending, one a string.
[[nodiscard]] Bytes write_class_directory(std::span<std::uint32_t const> codes);

/// Ranges of the directory's order that hold every string with a prefix within `edits` (0 or 1) of the first
/// `length` of `characters`, merged and ascending. `characters` may be those of a reversed string. With `sorted`, the
/// strings in that order, long ranges are cut down to what all known characters leave of them.
void class_ranges(ClassDirectory const& directory, std::span<char32_t const> characters, std::size_t length,
                  unsigned edits, StringTable const* sorted, std::vector<TermRange>& out);

}  // namespace ggen::search_index
