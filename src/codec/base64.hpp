#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64_encode(BytesView bytes);
/// One spelling only: padding required, no white space, unused bits zero. Errors: invalid.
[[nodiscard]] Result<Bytes> base64_decode(std::string_view text);

/// Lower case.
[[nodiscard]] std::string hex_encode(BytesView bytes);
/// Lower case only. Errors: invalid.
[[nodiscard]] Result<Bytes> hex_decode(std::string_view text);

}  // namespace ggen
