#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ggen {

/// `text` between double quotes for a message: printable ASCII as it is, everything else as
/// "\xNN" or "\u{NNNN}"; cut after about 80 characters with "…" in its place.
[[nodiscard]] std::string quoted(std::string_view text);

/// The character at the start of `text` as a message shows it: 'a' for printable ASCII,
/// "U+0430" for other characters, "byte 0xff" when it is not UTF-8. `text` is not empty.
[[nodiscard]] std::string described_character(std::string_view text);

/// Bytes of the UTF-8 character at the start of `text`; 0 when there is none (overlong forms,
/// surrogates and values above U+10FFFF count as none).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Offset of the first byte that does not belong to valid UTF-8.
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view text);

/// A place in a text, both counted from 1; columns count characters, not bytes.
struct TextPosition {
    std::size_t line = 1;
    std::size_t column = 1;
};
[[nodiscard]] TextPosition position_at(std::string_view text, std::size_t offset);

/// "name:3:9: ", the beginning of a message about a place in a file.
[[nodiscard]] std::string place_text(std::string_view source_name, TextPosition position);

}  // namespace ggen
