#include "codec/utf8.hpp"

#include <cstring>

namespace ggen {
namespace {

/// How a first byte begins: bytes in all, its own bits, the smallest value that needs that many bytes.
struct Lead {
    std::size_t bytes;
    std::uint32_t bits;
    std::uint32_t value_min;
};

std::optional<Lead> lead_of(std::uint8_t byte) {
    if (byte < 0x80) return Lead{1, byte, 0};
    if ((byte & 0xE0U) == 0xC0U) return Lead{2, byte & 0x1FU, 0x80};
    if ((byte & 0xF0U) == 0xE0U) return Lead{3, byte & 0x0FU, 0x800};
    if ((byte & 0xF8U) == 0xF0U) return Lead{4, byte & 0x07U, 0x10000};
    return std::nullopt;
}

}  // namespace

std::optional<CodePoint> decode_utf8(std::string_view text) {
    if (text.empty()) return std::nullopt;
    auto const lead = lead_of(static_cast<std::uint8_t>(text[0]));
    if (!lead || text.size() < lead->bytes) return std::nullopt;
    std::uint32_t value = lead->bits;
    for (std::size_t i = 1; i < lead->bytes; ++i) {
        auto const byte = static_cast<std::uint8_t>(text[i]);
        if ((byte & 0xC0U) != 0x80U) return std::nullopt;
        value = value << 6U | (byte & 0x3FU);
    }
    bool const is_surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < lead->value_min || value > 0x10FFFF || is_surrogate) return std::nullopt;
    return CodePoint{value, lead->bytes};
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        auto const point = decode_utf8(text);
        if (!point) return false;
        text.remove_prefix(point->bytes);
    }
    return true;
}

bool is_ascii(std::string_view text) {
    std::uint64_t bits = 0;
    for (; text.size() >= sizeof bits; text.remove_prefix(sizeof bits)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof word);
        bits |= word;
    }
    for (char const c : text) bits |= static_cast<unsigned char>(c);
    return (bits & 0x8080808080808080U) == 0;
}

}  // namespace ggen
