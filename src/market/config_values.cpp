// What a setting and a [[registry]] table may hold.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "market/config_document.hpp"
#include "registry/records.hpp"
#include "spec/package_name.hpp"
#include "spec/text_checks.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_location_bytes_max = 2048;
constexpr std::size_t k_namespaces_max = 1000;
constexpr std::size_t k_mirrors_max = 32;

Error invalid(std::string text) { return {Errc::invalid, ErrorId::config_invalid, std::move(text)}; }

/// A word such as a bare package name.
bool is_plain_word(std::string_view text) {
    auto const name = PackageName::parse(text);
    return name && name->scope().empty();
}

Result<void> check_location(std::string_view what, std::string_view text) {
    bool const has_control = std::any_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (text.empty() || text.size() > k_location_bytes_max || has_control || first_invalid_utf8(text)) {
        return invalid(fmt::format("{}: {} is not a folder or an address", what, quoted(text)));
    }
    return ok();
}

Result<std::string> check_number(SettingSpec const& spec, std::string_view value) {
    std::int64_t number = 0;
    auto const [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    bool const is_whole = code == std::errc{} && end == value.data() + value.size();
    if (!is_whole || number < spec.minimum || number > spec.maximum) {
        return invalid(fmt::format("{}: {} is not a whole number from {} to {}", spec.key, quoted(value),
                                   spec.minimum, spec.maximum));
    }
    return std::to_string(number);
}

Result<std::string> check_boolean(SettingSpec const& spec, std::string_view value) {
    if (value == "true" || value == "1" || value == "yes" || value == "on") return std::string{"true"};
    if (value == "false" || value == "0" || value == "no" || value == "off") return std::string{"false"};
    return invalid(fmt::format("{}: {} is neither true nor false", spec.key, quoted(value)));
}

}  // namespace

std::vector<SettingSpec> const& setting_specs() {
    using Kind = SettingSpec::Kind;
    constexpr std::int64_t k_year_seconds = std::int64_t{366} * 86'400;
    static std::vector<SettingSpec> const specs{
        {"default_registry", "GGEN_DEFAULT_REGISTRY", "", Kind::text},
        {"download_parallel", "GGEN_DOWNLOAD_PARALLEL", "8", Kind::number, 1, 64},
        {"link_mode", "GGEN_LINK_MODE", "generation", Kind::text},
        {"min_release_age_seconds", "GGEN_MIN_RELEASE_AGE_SECONDS", "0", Kind::number, 0, k_year_seconds},
        {"offline", "GGEN_OFFLINE", "false", Kind::boolean},
    };
    return specs;
}

SettingSpec const* find_setting_spec(std::string_view key) {
    auto const& specs = setting_specs();
    auto const found =
        std::find_if(specs.begin(), specs.end(), [&](SettingSpec const& spec) { return spec.key == key; });
    return found == specs.end() ? nullptr : &*found;
}

Result<std::string> check_setting(SettingSpec const& spec, std::string_view value) {
    switch (spec.kind) {
        case SettingSpec::Kind::number:
            return check_number(spec, value);
        case SettingSpec::Kind::boolean:
            return check_boolean(spec, value);
        case SettingSpec::Kind::text:
            break;
    }
    if (spec.key == "link_mode") {
        if (parse_link_mode(value)) return std::string{value};
        return invalid(
            fmt::format("link_mode: {} is none of generation, symlink, hardlink, reflink, copy", quoted(value)));
    }
    if (!is_plain_word(value)) return invalid(fmt::format("{}: {} is not an alias", spec.key, quoted(value)));
    return std::string{value};
}

Result<void> check_known_registry(KnownRegistry const& registry) {
    if (!is_plain_word(registry.alias)) {
        return invalid(fmt::format("alias: {} is not a word of lower-case letters, digits and inner hyphens",
                                   quoted(registry.alias)));
    }
    if (!is_valid_origin(registry.origin)) {
        return invalid(fmt::format("origin: {} is not the name of a log", quoted(registry.origin)));
    }
    RETURN_IF_ERROR(check_location("location", registry.location));
    if (registry.mirrors.size() > k_mirrors_max)
        return invalid(fmt::format("more than {} mirrors", k_mirrors_max));
    for (auto const& mirror : registry.mirrors) RETURN_IF_ERROR(check_location("mirrors", mirror));
    if (registry.namespaces.size() > k_namespaces_max) {
        return invalid(fmt::format("more than {} namespaces", k_namespaces_max));
    }
    for (auto const& name_space : registry.namespaces) {
        if (!is_plain_word(name_space)) {
            return invalid(fmt::format("namespaces: {} is not a namespace", quoted(name_space)));
        }
    }
    return ok();
}

}  // namespace ggen::detail
