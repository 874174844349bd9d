#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codec/json.hpp"

/// Members of the objects that the harness writes. All errors: invalid, with the name of the member.
namespace ggen::bench {

[[nodiscard]] inline Error no_field(std::string_view name) {
    return Error{Errc::invalid, "it has no usable '" + std::string{name} + "'"};
}

[[nodiscard]] inline Result<std::string> text_of(Json const& json, std::string_view name) {
    auto const* const value = json.find(name);
    if (value == nullptr || value->if_string() == nullptr) return no_field(name);
    return *value->if_string();
}

[[nodiscard]] inline std::optional<double> as_number(Json const& json) {
    if (auto const* const whole = json.if_integer()) return static_cast<double>(*whole);
    if (auto const* const broken = json.if_double()) return *broken;
    return std::nullopt;
}

[[nodiscard]] inline Result<double> number_of(Json const& json, std::string_view name) {
    auto const* const value = json.find(name);
    auto const number = value == nullptr ? std::nullopt : as_number(*value);
    if (!number) return no_field(name);
    return *number;
}

[[nodiscard]] inline Result<bool> bool_of(Json const& json, std::string_view name) {
    auto const* const value = json.find(name);
    if (value == nullptr || value->if_bool() == nullptr) return no_field(name);
    return *value->if_bool();
}

/// Whether `json` says that it is of `format`, of a version that this program reads; `what` stands in the error.
/// Errors: invalid, refused (made by a newer version).
[[nodiscard]] inline Result<void> check_format(Json const& json, std::string_view format, std::int64_t version_max,
                                               std::string const& what) {
    ASSIGN_OR_RETURN(auto const said, text_of(json, "format"));
    if (said != format) return no_field("format");
    ASSIGN_OR_RETURN(auto const version, number_of(json, "version"));
    if (version <= static_cast<double>(version_max)) return ok();
    return Error{Errc::refused, ErrorId::none,
                 what + " is of a newer version; this program reads up to " + std::to_string(version_max),
                 "read it with the ggen-bench that wrote it, or a newer one"};
}

}  // namespace ggen::bench
