#include "spec/text_checks.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace ggen {
namespace {

constexpr std::size_t k_quoted_bytes_max = 80;

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

bool is_continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (byte_at(text, at) & 0xC0U) == 0x80U;
}

/// `text` starts with a valid character of `length` bytes.
std::uint32_t decode(std::string_view text, std::size_t length) {
    if (length == 1) return byte_at(text, 0);
    std::uint32_t value = byte_at(text, 0) & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) value = value << 6U | (byte_at(text, i) & 0x3FU);
    return value;
}

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7F; }

}  // namespace

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    auto const first = byte_at(text, 0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    if (first >= 0xC2 && first <= 0xDF) length = 2;
    if (first >= 0xE0 && first <= 0xEF) length = 3;
    if (first >= 0xF0 && first <= 0xF4) length = 4;
    if (length == 0) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text, i)) return 0;
    }
    auto const value = decode(text, length);
    bool const is_overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    bool const is_surrogate = value >= 0xD800 && value <= 0xDFFF;
    return is_overlong || is_surrogate || value > 0x10FFFF ? 0 : length;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
    constexpr std::uint64_t k_high_bits = 0x8080'8080'8080'8080;
    for (std::size_t at = 0; at < text.size();) {
        // Nearly all texts are ASCII: eight bytes at a time.
        if (std::uint64_t eight = 0; text.size() - at >= sizeof eight) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & k_high_bits) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        auto const length = utf8_length(text.substr(at, 4));
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        if (at >= k_quoted_bytes_max) {
            out += "…";
            break;
        }
        auto const length = utf8_length(text.substr(at, 4));
        if (length == 1 && is_printable_ascii(text[at])) {
            if (text[at] == '"' || text[at] == '\\') out += '\\';
            out += text[at];
        } else if (length <= 1) {
            out += fmt::format("\\x{:02x}", byte_at(text, at));
        } else {
            out += fmt::format("\\u{{{:04X}}}", decode(text.substr(at), length));
        }
        at += length == 0 ? 1 : length;
    }
    return out + '"';
}

std::string described_character(std::string_view text) {
    auto const length = utf8_length(text.substr(0, 4));
    if (length == 0) return fmt::format("byte 0x{:02x}", byte_at(text, 0));
    if (length == 1 && is_printable_ascii(text[0])) return fmt::format("'{}'", text[0]);
    return fmt::format("U+{:04X}", decode(text, length));
}

TextPosition position_at(std::string_view text, std::size_t offset) {
    TextPosition position;
    for (std::size_t at = 0; at < offset && at < text.size(); ++at) {
        if (text[at] == '\n') {
            ++position.line;
            position.column = 1;
        } else if (!is_continuation(text, at)) {
            ++position.column;
        }
    }
    return position;
}

std::string place_text(std::string_view source_name, TextPosition position) {
    return fmt::format("{}:{}:{}: ", source_name, position.line, position.column);
}

}  // namespace ggen
