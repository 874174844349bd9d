#include "codec/multibase.hpp"

#include <algorithm>
#include <array>

#include "codec/base64.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_base32_digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view k_base36_digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view k_base58_digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view k_base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view k_base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Error bad(char const* why) { return Error{Errc::invalid, std::string{"multibase: "} + why}; }
Error too_long() { return Error{Errc::too_large, "multibase: the text is longer than it may be"}; }

Result<std::uint32_t> value_of(std::string_view digits, char digit) {
    auto const at = digits.find(digit);
    if (at == std::string_view::npos) return bad("a character outside the alphabet");
    return static_cast<std::uint32_t>(at);
}

/// Bases whose digits are whole bits, without padding.
std::string encode_bits(std::string_view digits, unsigned bits, BytesView bytes) {
    std::string text;
    text.reserve((bytes.size() * 8 + bits - 1) / bits);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    std::uint32_t const mask = (1U << bits) - 1U;
    for (auto const byte : bytes) {
        pending = (pending << 8U | byte) & 0xFFFFU;
        pending_bits += 8;
        while (pending_bits >= bits) {
            pending_bits -= bits;
            text += digits[pending >> pending_bits & mask];
        }
    }
    if (pending_bits > 0) text += digits[pending << (bits - pending_bits) & mask];
    return text;
}

Result<Bytes> decode_bits(std::string_view digits, unsigned bits, std::string_view text) {
    if (text.size() > k_multibase_text_bytes_max) return too_long();
    Bytes bytes;
    bytes.reserve(text.size() * bits / 8);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (char const digit : text) {
        ASSIGN_OR_RETURN(std::uint32_t const value, value_of(digits, digit));
        pending = (pending << bits | value) & 0xFFFFU;
        pending_bits += bits;
        if (pending_bits < 8) continue;
        pending_bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    }
    // A whole digit that carries no byte would be a second spelling of the same bytes.
    if (pending_bits >= bits) return bad("a digit too many");
    if ((pending & ((1U << pending_bits) - 1U)) != 0) return bad("unused bits are not zero");
    return bytes;
}

/// Bases that are one big number; leading zero bytes are leading zero digits.
std::string encode_number(std::string_view digits, BytesView bytes) {
    auto const base = static_cast<std::uint32_t>(digits.size());
    std::size_t zeros = 0;
    while (zeros < bytes.size() && bytes[zeros] == 0) ++zeros;
    std::vector<std::uint8_t> number;  // least significant digit first
    for (auto const byte : bytes.subspan(zeros)) {
        std::uint32_t carry = byte;
        for (auto& digit : number) {
            carry += std::uint32_t{digit} << 8U;
            digit = static_cast<std::uint8_t>(carry % base);
            carry /= base;
        }
        for (; carry > 0; carry /= base) number.push_back(static_cast<std::uint8_t>(carry % base));
    }
    std::string text(zeros, digits[0]);
    for (std::size_t i = number.size(); i > 0; --i) text += digits[number[i - 1]];
    return text;
}

Result<Bytes> decode_number(std::string_view digits, std::string_view text) {
    if (text.size() > k_big_base_text_bytes_max) return too_long();
    auto const base = static_cast<std::uint32_t>(digits.size());
    std::size_t zeros = 0;
    while (zeros < text.size() && text[zeros] == digits[0]) ++zeros;
    Bytes number;  // least significant byte first
    for (char const digit : text.substr(zeros)) {
        ASSIGN_OR_RETURN(std::uint32_t carry, value_of(digits, digit));
        for (auto& byte : number) {
            carry += std::uint32_t{byte} * base;
            byte = static_cast<std::uint8_t>(carry & 0xFFU);
            carry >>= 8U;
        }
        if (carry > 0) number.push_back(static_cast<std::uint8_t>(carry));
    }
    number.insert(number.end(), zeros, 0);
    std::reverse(number.begin(), number.end());
    return number;
}

std::string upper(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

Result<std::string> lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') return bad("a lower-case letter in an upper-case base");
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

Result<Bytes> decode_as(Multibase base, std::string_view digits) {
    if (digits.size() > k_multibase_text_bytes_max) return too_long();
    switch (base) {
        case Multibase::base16: return hex_decode(digits);
        case Multibase::base32: return base32_decode(digits);
        case Multibase::base32_upper: {
            ASSIGN_OR_RETURN(std::string const text, lower(digits));
            return base32_decode(text);
        }
        case Multibase::base36: return base36_decode(digits);
        case Multibase::base36_upper: {
            ASSIGN_OR_RETURN(std::string const text, lower(digits));
            return base36_decode(text);
        }
        case Multibase::base58btc: return base58btc_decode(digits);
        case Multibase::base64: return decode_bits(k_base64_digits, 6, digits);
        case Multibase::base64url: return base64url_decode(digits);
    }
    return bad("an encoding that is not known here");
}

}  // namespace

std::string base32_encode(BytesView bytes) { return encode_bits(k_base32_digits, 5, bytes); }
Result<Bytes> base32_decode(std::string_view text) { return decode_bits(k_base32_digits, 5, text); }
std::string base58btc_encode(BytesView bytes) { return encode_number(k_base58_digits, bytes); }
Result<Bytes> base58btc_decode(std::string_view text) { return decode_number(k_base58_digits, text); }
std::string base36_encode(BytesView bytes) { return encode_number(k_base36_digits, bytes); }
Result<Bytes> base36_decode(std::string_view text) { return decode_number(k_base36_digits, text); }
std::string base64url_encode(BytesView bytes) { return encode_bits(k_base64url_digits, 6, bytes); }
Result<Bytes> base64url_decode(std::string_view text) { return decode_bits(k_base64url_digits, 6, text); }

std::string multibase_encode(Multibase base, BytesView bytes) {
    std::string const prefix(1, static_cast<char>(base));
    switch (base) {
        case Multibase::base16: return prefix + hex_encode(bytes);
        case Multibase::base32: return prefix + base32_encode(bytes);
        case Multibase::base32_upper: return prefix + upper(base32_encode(bytes));
        case Multibase::base36: return prefix + base36_encode(bytes);
        case Multibase::base36_upper: return prefix + upper(base36_encode(bytes));
        case Multibase::base58btc: return prefix + base58btc_encode(bytes);
        case Multibase::base64: return prefix + encode_bits(k_base64_digits, 6, bytes);
        case Multibase::base64url: return prefix + base64url_encode(bytes);
    }
    GGEN_ASSERT(false && "a Multibase outside its enumerators");
    return {};
}

Result<MultibaseText> multibase_decode(std::string_view text) {
    if (text.empty()) return bad("an empty text");
    auto const base = static_cast<Multibase>(text[0]);
    ASSIGN_OR_RETURN(Bytes bytes, decode_as(base, text.substr(1)));
    return MultibaseText{base, std::move(bytes)};
}

}  // namespace ggen
