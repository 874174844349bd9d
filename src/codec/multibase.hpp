#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// Bases 36 and 58 take quadratic time, so their texts end here (a CID of SHA-512 has about 100 digits).
inline constexpr std::size_t k_big_base_text_bytes_max = 256;
/// Bases 16, 32 and 64.
inline constexpr std::size_t k_multibase_text_bytes_max = 8192;

/// RFC 4648 section 6, lower case, no padding.
[[nodiscard]] std::string base32_encode(BytesView bytes);
/// One spelling only: lower case, no padding, unused bits zero. Errors: invalid, too_large.
[[nodiscard]] Result<Bytes> base32_decode(std::string_view text);

/// The alphabet of Bitcoin; a leading zero byte is a leading '1'.
[[nodiscard]] std::string base58btc_encode(BytesView bytes);
/// Errors: invalid, too_large (more than k_big_base_text_bytes_max).
[[nodiscard]] Result<Bytes> base58btc_decode(std::string_view text);

/// Lower case; a leading zero byte is a leading '0'.
[[nodiscard]] std::string base36_encode(BytesView bytes);
/// Lower case only. Errors: invalid, too_large (more than k_big_base_text_bytes_max).
[[nodiscard]] Result<Bytes> base36_decode(std::string_view text);

/// RFC 4648 section 5, no padding.
[[nodiscard]] std::string base64url_encode(BytesView bytes);
/// One spelling only: no padding, unused bits zero. Errors: invalid, too_large.
[[nodiscard]] Result<Bytes> base64url_decode(std::string_view text);

/// The prefix letter of each encoding that is understood (multiformats/multibase).
enum class Multibase : char {
    base16 = 'f',
    base32 = 'b',
    base32_upper = 'B',
    base36 = 'k',
    base36_upper = 'K',
    base58btc = 'z',
    base64 = 'm',
    base64url = 'u',
};

/// Prefix letter and digits.
[[nodiscard]] std::string multibase_encode(Multibase base, BytesView bytes);

struct MultibaseText {
    Multibase base = Multibase::base32;
    Bytes bytes;
};
/// Errors: invalid (no or unknown prefix, bad digits), too_large.
[[nodiscard]] Result<MultibaseText> multibase_decode(std::string_view text);

}  // namespace ggen
