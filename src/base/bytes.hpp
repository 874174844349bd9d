#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ggen {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<std::uint8_t const>;

inline constexpr std::uint64_t k_kib = 1024;
inline constexpr std::uint64_t k_mib = 1024 * k_kib;
inline constexpr std::uint64_t k_gib = 1024 * k_mib;

/// The bytes of `text`; valid as long as `text` is.
[[nodiscard]] inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}

/// `bytes` seen as text, with no check of any encoding; valid as long as `bytes` is.
[[nodiscard]] inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Bytes to_bytes(std::string_view text) {
    auto const view = as_bytes(text);
    return {view.begin(), view.end()};
}

}  // namespace ggen
