#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ggen {

/// One decoded code point and the bytes it took.
struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0;
};

/// The code point at the start of `text`. Nothing when `text` is empty or does not begin with valid
/// UTF-8: over-long forms, surrogates and values above U+10FFFF are invalid.
[[nodiscard]] std::optional<CodePoint> decode_utf8(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);

}  // namespace ggen
