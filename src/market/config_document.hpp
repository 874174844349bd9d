#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "market/config.hpp"

namespace ggen::detail {

/// The settings that stand alone in a file or the environment.
struct SettingSpec {
    enum class Kind : std::uint8_t { text, boolean, number };
    std::string_view key;
    std::string_view variable;
    std::string_view fallback;
    Kind kind;
    std::int64_t minimum = 0;
    std::int64_t maximum = 0;
};
[[nodiscard]] std::vector<SettingSpec> const& setting_specs();
[[nodiscard]] SettingSpec const* find_setting_spec(std::string_view key);
/// The value in its one spelling. Errors: invalid (config_invalid), without a place.
[[nodiscard]] Result<std::string> check_setting(SettingSpec const& spec, std::string_view value);
/// Alias, location, mirrors and namespaces are well-formed. Errors: invalid (config_invalid).
[[nodiscard]] Result<void> check_known_registry(KnownRegistry const& registry);

/// One configuration file (docs/formats/config.md).
struct ConfigDocument {
    static constexpr std::size_t k_bytes_max = std::size_t{1024} * 1024;
    std::map<std::string, std::string> values;
    std::vector<KnownRegistry> registries;

    /// Errors: invalid (config_invalid) with `source_name`, line and column.
    [[nodiscard]] static Result<ConfigDocument> parse(std::string_view text, std::string_view source_name);
};

// Edits of the text that leave every other byte as it is. Each result was parsed again and says what
// was wanted; where the text is written in a way that cannot be edited so, the edit is refused.

/// `value` is checked already; "" removes the key.
[[nodiscard]] Result<std::string> with_setting(std::string const& text, SettingSpec const& spec,
                                               std::string const& value);
[[nodiscard]] Result<std::string> with_registry(std::string const& text, KnownRegistry const& registry);
/// Errors: not_found (registry_not_found).
[[nodiscard]] Result<std::string> without_registry(std::string const& text, std::string const& alias);

}  // namespace ggen::detail
