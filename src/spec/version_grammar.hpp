#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The pieces of SemVer's grammar that versions and ranges share. Every scanner starts at `from`,
/// returns the offset after the longest piece, or `from` when there is none, and reads each
/// character at most twice.
namespace ggen::version_grammar {

inline constexpr std::uint64_t k_number_max = 0x7FFF'FFFF'FFFF'FFFF;

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] inline bool is_identifier_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

[[nodiscard]] std::size_t scan_digits(std::string_view text, std::size_t from);
/// "0", or digits that do not start with 0.
[[nodiscard]] std::size_t scan_number(std::string_view text, std::size_t from);
/// "-" and identifiers joined by dots; numeric ones without leading zeros.
[[nodiscard]] std::size_t scan_prerelease(std::string_view text, std::size_t from);
/// "+" and identifiers joined by dots.
[[nodiscard]] std::size_t scan_build(std::string_view text, std::size_t from);

/// The value of a run of digits; nothing above k_number_max.
[[nodiscard]] std::optional<std::uint64_t> number_value(std::string_view digits);

}  // namespace ggen::version_grammar
