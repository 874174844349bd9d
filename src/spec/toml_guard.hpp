#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"

namespace ggen {

struct TomlLimits {
    std::size_t bytes_max;
    std::size_t depth_max;
    std::size_t keys_max;
};

/// Refuses a TOML document that would cost a parser more than `limits` before one sees it, in one
/// pass with constant memory: size, byte order mark, NUL, invalid UTF-8, number of keys, and depth
/// (brackets, dotted keys and headers together). Passing says nothing about being correct TOML.
///
/// Errors: too_large, invalid (both manifest_invalid) with `source_name`, line and column.
[[nodiscard]] Result<void> check_toml_limits(std::string_view text, std::string_view source_name,
                                             TomlLimits const& limits);

}  // namespace ggen
