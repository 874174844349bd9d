#pragma once

#include <toml++/toml.h>

#include <string_view>

#include "base/error_id.hpp"
#include "base/result.hpp"
#include "spec/toml_guard.hpp"

// Includes toml++, which is heavy: for the one file of a module that reads documents.
namespace ggen {

/// `text` as a document, within `limits`; toml++ throws on a syntax error, and nothing of that leaves here.
/// Errors: too_large, invalid (all with `id`), with `source_name`, line and column.
[[nodiscard]] Result<toml::table> parse_toml(std::string_view text, std::string_view source_name,
                                             TomlLimits const& limits, ErrorId id);

}  // namespace ggen
