// Reads and edits configuration files. The only file of this module that includes toml++.
#include "market/config_document.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "spec/text_checks.hpp"
#include "spec/toml_parse.hpp"
#include "spec/toml_text.hpp"

namespace ggen::detail {
namespace {

constexpr TomlLimits k_limits{.bytes_max = ConfigDocument::k_bytes_max, .depth_max = 16, .keys_max = 10'000};
constexpr std::string_view k_source = "config.toml";

Error invalid(std::string text, std::string help = {}) {
    return {Errc::invalid, ErrorId::config_invalid, std::move(text), std::move(help)};
}

Error invalid_at(std::string_view source_name, toml::source_region const& where, std::string_view problem,
                 std::string help = {}) {
    return invalid(place_text(source_name, {where.begin.line, where.begin.column}) + std::string{problem},
                   std::move(help));
}

class Reader {
public:
    explicit Reader(std::string_view source_name) : source_name_(source_name) {}

    [[nodiscard]] Result<ConfigDocument> read(toml::table const& document) const {
        ConfigDocument out;
        for (auto const& [key, node] : document) {
            if (key.str() == "registry") {
                RETURN_IF_ERROR(read_registries(node, &out));
                continue;
            }
            auto const* const spec = find_setting_spec(key.str());
            if (spec == nullptr) {
                return invalid_at(source_name_, key.source(), "unknown key " + quoted(key.str()), known_keys());
            }
            ASSIGN_OR_RETURN(out.values[std::string{spec->key}], read_value(*spec, node));
        }
        return out;
    }

private:
    [[nodiscard]] static std::string known_keys() {
        std::string out = "the keys are registry";
        for (auto const& spec : setting_specs()) out += ", " + std::string{spec.key};
        return out;
    }

    [[nodiscard]] Result<std::string> read_value(SettingSpec const& spec, toml::node const& node) const {
        std::string text;
        if (spec.kind == SettingSpec::Kind::text && node.is_string()) {
            text = node.as_string()->get();
        } else if (spec.kind == SettingSpec::Kind::boolean && node.is_boolean()) {
            text = node.as_boolean()->get() ? "true" : "false";
        } else if (spec.kind == SettingSpec::Kind::number && node.is_integer()) {
            text = std::to_string(node.as_integer()->get());
        } else {
            auto const wanted = spec.kind == SettingSpec::Kind::text      ? "a string"
                                : spec.kind == SettingSpec::Kind::boolean ? "true or false"
                                                                          : "a whole number";
            return invalid_at(source_name_, node.source(), fmt::format("{}: expected {}", spec.key, wanted));
        }
        auto checked = check_setting(spec, text);
        if (!checked) return invalid_at(source_name_, node.source(), checked.error().context);
        return checked;
    }

    [[nodiscard]] Result<void> read_registries(toml::node const& node, ConfigDocument* out) const {
        auto const* const tables = node.as_array();
        if (tables == nullptr) return invalid_at(source_name_, node.source(), "registry: expected [[registry]] tables");
        for (auto const& element : *tables) {
            auto const* const table = element.as_table();
            if (table == nullptr) {
                return invalid_at(source_name_, element.source(), "registry: expected [[registry]] tables");
            }
            ASSIGN_OR_RETURN(auto registry, read_registry(*table));
            for (auto const& other : out->registries) {
                if (other.alias == registry.alias) {
                    return invalid_at(source_name_, table->source(), "a second registry " + quoted(registry.alias));
                }
            }
            out->registries.push_back(std::move(registry));
        }
        return ok();
    }

    [[nodiscard]] Result<std::string> text_of(toml::node const& node, std::string_view key) const {
        auto const* const text = node.as_string();
        if (text == nullptr) return invalid_at(source_name_, node.source(), fmt::format("{}: expected a string", key));
        return text->get();
    }

    [[nodiscard]] Result<std::vector<std::string>> texts_of(toml::node const& node, std::string_view key) const {
        auto const* const array = node.as_array();
        if (array == nullptr) {
            return invalid_at(source_name_, node.source(), fmt::format("{}: expected an array of strings", key));
        }
        std::vector<std::string> out;
        for (auto const& element : *array) {
            ASSIGN_OR_RETURN(auto text, text_of(element, key));
            out.push_back(std::move(text));
        }
        return out;
    }

    [[nodiscard]] Result<KnownRegistry> read_registry(toml::table const& table) const {
        for (std::string_view const key : {"alias", "origin", "location", "fingerprint"}) {
            if (table.get(key) == nullptr) {
                return invalid_at(source_name_, table.source(), fmt::format("registry: {} is missing", key),
                                  "`ggen registry add LOCATION` writes the whole table");
            }
        }
        KnownRegistry out;
        for (auto const& [key, node] : table) {
            if (key.str() == "alias") {
                ASSIGN_OR_RETURN(out.alias, text_of(node, "alias"));
            } else if (key.str() == "origin") {
                ASSIGN_OR_RETURN(out.origin, text_of(node, "origin"));
            } else if (key.str() == "location") {
                ASSIGN_OR_RETURN(out.location, text_of(node, "location"));
            } else if (key.str() == "mirrors") {
                ASSIGN_OR_RETURN(out.mirrors, texts_of(node, "mirrors"));
            } else if (key.str() == "namespaces") {
                ASSIGN_OR_RETURN(out.namespaces, texts_of(node, "namespaces"));
            } else if (key.str() == "fingerprint") {
                ASSIGN_OR_RETURN(auto const text, text_of(node, "fingerprint"));
                auto const digest = Digest::parse(text);
                if (!digest) return invalid_at(source_name_, node.source(), "fingerprint: " + digest.error().context);
                out.root_fingerprint = *digest;
            } else {
                return invalid_at(source_name_, key.source(), "registry: unknown key " + quoted(key.str()),
                                  "the keys are alias, origin, location, mirrors, fingerprint, namespaces");
            }
        }
        if (auto const checked = check_known_registry(out); !checked) {
            return invalid_at(source_name_, table.source(), checked.error().context);
        }
        return out;
    }

    std::string_view source_name_;
};

/// The offset of a place that toml++ counts in lines and characters from 1.
std::size_t offset_of(std::string_view text, toml::source_position const& position) {
    std::size_t at = 0;
    for (std::size_t line = 1; line < position.line; ++line) at = text.find('\n', at) + 1;
    for (std::size_t column = 1; column < position.column; ++column) {
        at += std::max<std::size_t>(utf8_length(text.substr(at, 4)), 1);
    }
    return at;
}

/// Offset of the first byte of 1-based line `line`; the end of the text when there is no such line.
std::size_t line_offset(std::string_view text, std::size_t line) {
    std::size_t at = 0;
    for (; line > 1; --line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return text.size();
        ++at;
    }
    return at;
}

std::size_t last_line(toml::node const& node) {
    std::size_t line = std::max(node.source().begin.line, node.source().end.line);
    if (auto const* const table = node.as_table()) {
        for (auto const& [key, child] : *table) line = std::max(line, last_line(child));
    }
    return line;
}

Error not_editable(std::string_view what) {
    return invalid(fmt::format("config.toml: {} is written in a way that cannot be edited here", what),
                   "edit the file by hand");
}

bool same_except(ConfigDocument a, ConfigDocument b, std::string_view key) {
    a.values.erase(std::string{key});
    b.values.erase(std::string{key});
    return a.values == b.values && a.registries == b.registries;
}

std::string string_array(std::vector<std::string> const& texts) {
    std::string out = "[";
    for (auto const& text : texts) out += (out.size() == 1 ? "" : ", ") + toml_string(text);
    return out + "]";
}

std::string print_registry(KnownRegistry const& registry) {
    auto out = fmt::format("[[registry]]\nalias = {}\norigin = {}\nlocation = {}\nfingerprint = {}\n",
                           toml_string(registry.alias), toml_string(registry.origin), toml_string(registry.location),
                           toml_string(registry.root_fingerprint.text()));
    if (!registry.mirrors.empty()) out += fmt::format("mirrors = {}\n", string_array(registry.mirrors));
    if (!registry.namespaces.empty()) out += fmt::format("namespaces = {}\n", string_array(registry.namespaces));
    return out;
}

/// Where a new top-level key goes: behind the last one, else first of all.
std::size_t end_of_top_keys(std::string const& text, toml::table const& document) {
    std::size_t line = 0;
    for (auto const& [key, node] : document) {
        bool const is_plain = !node.is_table() && !node.is_array_of_tables();
        if (is_plain) line = std::max(line, last_line(node));
    }
    return line_offset(text, line + 1);
}

}  // namespace

Result<ConfigDocument> ConfigDocument::parse(std::string_view text, std::string_view source_name) {
    ASSIGN_OR_RETURN(auto const document, parse_toml(text, source_name, k_limits, ErrorId::config_invalid));
    return Reader{source_name}.read(document);
}

Result<std::string> with_setting(std::string const& text, SettingSpec const& spec, std::string const& value) {
    ASSIGN_OR_RETURN(auto const before, ConfigDocument::parse(text, k_source));
    ASSIGN_OR_RETURN(auto const document, parse_toml(text, k_source, k_limits, ErrorId::config_invalid));
    auto const literal = spec.kind == SettingSpec::Kind::text ? toml_string(value) : value;
    auto edited = text;
    if (auto const* const node = document.get(spec.key)) {
        auto const begin = offset_of(text, node->source().begin);
        auto const end = offset_of(text, node->source().end);
        if (!value.empty()) {
            edited.replace(begin, end - begin, literal);
        } else {
            auto const line_begin = line_offset(text, node->source().begin.line);
            auto const line_end = line_offset(text, node->source().end.line + 1);
            edited.erase(line_begin, line_end - line_begin);
        }
    } else if (!value.empty()) {
        auto const at = end_of_top_keys(text, document);
        bool const needs_break = at > 0 && text[at - 1] != '\n';
        bool const needs_gap = at == 0 && !text.empty();
        edited.insert(at, fmt::format("{}{} = {}\n{}", needs_break ? "\n" : "", spec.key, literal,
                                      needs_gap ? "\n" : ""));
    }
    auto const after = ConfigDocument::parse(edited, k_source);
    if (!after || !same_except(before, *after, spec.key)) return not_editable(spec.key);
    auto const found = after->values.find(std::string{spec.key});
    bool const is_as_wanted = value.empty() ? found == after->values.end()
                                            : found != after->values.end() && found->second == value;
    if (!is_as_wanted) return not_editable(spec.key);
    return edited;
}

Result<std::string> with_registry(std::string const& text, KnownRegistry const& registry) {
    RETURN_IF_ERROR(check_known_registry(registry));
    auto edited = text;
    if (auto shorter = without_registry(text, registry.alias)) edited = *std::move(shorter);
    else if (shorter.error().code != Errc::not_found) return std::move(shorter).error();
    if (!edited.empty() && edited.back() != '\n') edited += '\n';
    if (!edited.empty() && !edited.ends_with("\n\n")) edited += '\n';
    edited += print_registry(registry);
    auto const after = ConfigDocument::parse(edited, k_source);
    bool const is_as_wanted = after && std::find(after->registries.begin(), after->registries.end(), registry) !=
                                           after->registries.end();
    if (!is_as_wanted) return not_editable("registry");
    return edited;
}

Result<std::string> without_registry(std::string const& text, std::string const& alias) {
    ASSIGN_OR_RETURN(auto const before, ConfigDocument::parse(text, k_source));
    ASSIGN_OR_RETURN(auto const document, parse_toml(text, k_source, k_limits, ErrorId::config_invalid));
    auto wanted = before;
    auto const gone = std::remove_if(wanted.registries.begin(), wanted.registries.end(),
                                     [&](KnownRegistry const& known) { return known.alias == alias; });
    if (gone == wanted.registries.end()) {
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     "no registry " + quoted(alias) + " stands in the configuration of this user",
                     "`ggen registry list` shows the known ones"};
    }
    wanted.registries.erase(gone, wanted.registries.end());

    auto edited = text;
    for (auto const& element : *document.get("registry")->as_array()) {
        auto const& table = *element.as_table();
        if (table.get("alias")->as_string()->get() != alias) continue;
        auto begin = line_offset(text, table.source().begin.line);
        auto const end = line_offset(text, last_line(table) + 1);
        // The blank line that separated it from what stands above goes with it.
        if (begin >= 2 && text[begin - 1] == '\n' && text[begin - 2] == '\n') --begin;
        edited.erase(begin, end - begin);
    }
    auto const after = ConfigDocument::parse(edited, k_source);
    if (!after || after->values != wanted.values || after->registries != wanted.registries) {
        return not_editable("registry");
    }
    return edited;
}

}  // namespace ggen::detail
