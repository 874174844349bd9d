#include "spec/toml_parse.hpp"

#include <string>
#include <utility>

#include "spec/text_checks.hpp"

namespace ggen {

Result<toml::table> parse_toml(std::string_view text, std::string_view source_name, TomlLimits const& limits,
                               ErrorId id) {
    if (auto checked = check_toml_limits(text, source_name, limits); !checked) {
        auto error = std::move(checked).error();
        error.id = id;
        return error;
    }
    try {
        return toml::parse(text);
    } catch (toml::parse_error const& error) {
        auto const begin = error.source().begin;
        return Error{Errc::invalid, id,
                     place_text(source_name, {begin.line, begin.column}) + std::string{error.description()}};
    }
}

}  // namespace ggen
