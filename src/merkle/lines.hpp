#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "crypto/digest.hpp"

/// What the text formats of C2SP are made of (tlog-checkpoint, tlog-proof, tlog-witness).
namespace ggen::merkle {

/// Takes the text up to the next LF off `rest`. Nothing when there is no LF.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& rest);
/// Decimal, one spelling, at most k_tree_size_max.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);
/// 32 bytes in base64.
[[nodiscard]] std::optional<Digest> parse_hash(std::string_view text);

}  // namespace ggen::merkle
