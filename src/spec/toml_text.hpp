#pragma once

#include <string>
#include <string_view>

namespace ggen {

/// `text` as a TOML basic string with its quotes. `text` is valid UTF-8.
[[nodiscard]] std::string toml_string(std::string_view text);

/// `text` as a TOML key: bare when it can be, in quotes otherwise.
[[nodiscard]] std::string toml_key(std::string_view text);

}  // namespace ggen
