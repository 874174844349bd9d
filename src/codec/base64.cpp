#include "codec/base64.hpp"

#include <algorithm>
#include <array>

namespace ggen {
namespace {

constexpr std::string_view k_base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view k_hex_digits = "0123456789abcdef";
constexpr std::uint8_t k_no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view digits) {
    std::array<std::uint8_t, 256> values{};
    for (auto& value : values) value = k_no_digit;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        values[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}
constexpr auto k_base64_values = values_of(k_base64_digits);
constexpr auto k_hex_values = values_of(k_hex_digits);

std::uint32_t value_of(std::array<std::uint8_t, 256> const& values, char digit) {
    return values[static_cast<std::uint8_t>(digit)];
}

Error bad_base64(char const* why) { return Error{Errc::invalid, std::string{"base64: "} + why}; }

std::size_t padding_of(std::string_view text) {
    if (text.ends_with("==")) return 2;
    return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::string base64_encode(BytesView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t const count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) group = group << 8U | (j < count ? bytes[i + j] : 0U);
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= count ? k_base64_digits[group >> (18U - 6U * j) & 63U] : '=';
        }
    }
    return text;
}

Result<Bytes> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return bad_base64("the length is not a multiple of 4");
    std::size_t const padding = padding_of(text);
    std::string_view const digits = text.substr(0, text.size() - padding);
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (char const digit : digits) {
        auto const value = value_of(k_base64_values, digit);
        if (value == k_no_digit) return bad_base64("a character outside the alphabet");
        pending = (pending << 6U | value) & 0xFFFFU;
        pending_bits += 6;
        if (pending_bits < 8) continue;
        pending_bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    }
    if ((pending & ((1U << pending_bits) - 1U)) != 0) return bad_base64("unused bits are not zero");
    return bytes;
}

std::string hex_encode(BytesView bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (auto const byte : bytes) {
        text += k_hex_digits[byte >> 4U];
        text += k_hex_digits[byte & 15U];
    }
    return text;
}

Result<Bytes> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return Error{Errc::invalid, "hex: an odd number of digits"};
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        auto const high = value_of(k_hex_values, text[i]);
        auto const low = value_of(k_hex_values, text[i + 1]);
        if (high == k_no_digit || low == k_no_digit) {
            return Error{Errc::invalid, "hex: a character that is no lower-case hex digit"};
        }
        bytes.push_back(static_cast<std::uint8_t>(high << 4U | low));
    }
    return bytes;
}

}  // namespace ggen
