#include "spec/manifest.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "spec/glob.hpp"
#include "spec/text_checks.hpp"
#include "spec/toml_parse.hpp"
#include "spec/toml_text.hpp"

namespace ggen {
namespace {

constexpr TomlLimits k_limits{
    .bytes_max = Manifest::k_bytes_max, .depth_max = Manifest::k_depth_max, .keys_max = Manifest::k_keys_max};

std::string_view type_text(toml::node const& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a float";
        case toml::node_type::boolean:
            return "a boolean";
        default:
            return "a date or time";
    }
}

/// Turns nodes into fields; every error names the place in the file.
class ManifestReader {
public:
    explicit ManifestReader(std::string_view source_name) : source_name_(source_name) {}

    [[nodiscard]] Result<Manifest> read(toml::table const& document) const;

private:
    [[nodiscard]] Error invalid(toml::source_region const& where, std::string_view problem) const {
        return {Errc::invalid, ErrorId::manifest_invalid, place(where) + std::string{problem}};
    }
    /// `error` of a value, with its place put before it; id and help stay.
    [[nodiscard]] Error at(toml::source_region const& where, Error error) const {
        error.context = place(where) + error.context;
        return error;
    }
    [[nodiscard]] std::string place(toml::source_region const& where) const {
        return place_text(source_name_, {where.begin.line, where.begin.column});
    }
    [[nodiscard]] Error wrong_type(toml::node const& node, std::string_view key,
                                   std::string_view wanted) const {
        return invalid(node.source(), fmt::format("{}: expected {}, found {}", key, wanted, type_text(node)));
    }

    [[nodiscard]] Result<std::string> text_of(toml::node const& node, std::string_view key) const;
    [[nodiscard]] Result<void> read_text(toml::table const& table, std::string_view key,
                                         std::string* out) const;
    [[nodiscard]] Result<void> read_texts(toml::table const& table, std::string_view key,
                                          std::vector<std::string>* out) const;
    [[nodiscard]] Result<void> read_globs(toml::table const& table, std::string_view key,
                                          std::vector<std::string>* out) const;
    /// The required keys.
    [[nodiscard]] Result<Manifest> read_identity(toml::table const& table) const;
    [[nodiscard]] Result<void> read_readme(toml::table const& table, Manifest* out) const;
    [[nodiscard]] Result<void> read_dependencies(toml::node const& node, Manifest* out) const;
    [[nodiscard]] Result<Dependency> read_dependency(toml::key const& key, toml::node const& node) const;
    [[nodiscard]] Result<void> read_dependency_table(toml::table const& table, std::string_view name,
                                                     Dependency* out) const;
    [[nodiscard]] Result<VersionRange> read_range(toml::node const& node, std::string_view key) const;

    std::string_view source_name_;
};

Result<std::string> ManifestReader::text_of(toml::node const& node, std::string_view key) const {
    auto const* const text = node.as_string();
    if (text == nullptr) return wrong_type(node, key, "a string");
    if (text->get().find('\0') != std::string::npos) {
        return invalid(node.source(), fmt::format("{}: a NUL character is not allowed", key));
    }
    return text->get();
}

Result<void> ManifestReader::read_text(toml::table const& table, std::string_view key,
                                       std::string* out) const {
    auto const* const node = table.get(key);
    if (node == nullptr) return ok();
    ASSIGN_OR_RETURN(*out, text_of(*node, key));
    return ok();
}

Result<void> ManifestReader::read_texts(toml::table const& table, std::string_view key,
                                        std::vector<std::string>* out) const {
    auto const* const node = table.get(key);
    if (node == nullptr) return ok();
    auto const* const array = node->as_array();
    if (array == nullptr) return wrong_type(*node, key, "an array of strings");
    for (auto const& element : *array) {
        ASSIGN_OR_RETURN(auto text, text_of(element, key));
        out->push_back(std::move(text));
    }
    return ok();
}

Result<void> ManifestReader::read_globs(toml::table const& table, std::string_view key,
                                        std::vector<std::string>* out) const {
    RETURN_IF_ERROR(read_texts(table, key, out));
    for (std::size_t i = 0; i < out->size(); ++i) {
        auto const glob = Glob::parse((*out)[i]);
        if (glob) continue;
        return at(table.get(key)->as_array()->get(i)->source(), wrap(glob.error(), key));
    }
    return ok();
}

Result<Manifest> ManifestReader::read_identity(toml::table const& table) const {
    for (std::string_view const key : {"name", "version"}) {
        if (table.get(key) != nullptr) continue;
        return with_help(invalid(table.source(), fmt::format("[gpack] has no {}", key)),
                         key == "name" ? "add a line such as name = \"my-pack\""
                                       : "add a line such as version = \"0.1.0\"");
    }
    auto const& name_node = *table.get("name");
    ASSIGN_OR_RETURN(auto const name_text, text_of(name_node, "name"));
    auto name = PackageName::parse(name_text);
    if (!name) {
        // Older manifests hold a title in `name` and the name in `id`.
        auto const* const id = table.get("id");
        auto const id_text = id != nullptr ? id->value<std::string>() : std::nullopt;
        bool const id_is_name = id_text && PackageName::parse(*id_text).has_value();
        auto error = at(name_node.source(), std::move(name).error());
        if (id_is_name) error.help = "write name = " + toml_string(*id_text) + ", as in id";
        return error;
    }
    auto const& version_node = *table.get("version");
    ASSIGN_OR_RETURN(auto const version_text, text_of(version_node, "version"));
    auto version = Version::parse(version_text);
    if (!version) return at(version_node.source(), std::move(version).error());
    return Manifest{.name = *std::move(name), .version = *std::move(version)};
}

Result<void> ManifestReader::read_readme(toml::table const& table, Manifest* out) const {
    RETURN_IF_ERROR(read_text(table, "readme", &out->readme));
    std::string_view const path = out->readme;
    if (path.empty()) return ok();
    // The same parts that a pattern may have, and no pattern characters have a meaning here.
    auto const parsed = Glob::parse(path);
    if (parsed && path.front() != '/' && path.back() != '/') return ok();
    return invalid(table.get("readme")->source(),
                   "readme: " + quoted(path) + " is not a path inside the package");
}

Result<VersionRange> ManifestReader::read_range(toml::node const& node, std::string_view key) const {
    ASSIGN_OR_RETURN(auto const text, text_of(node, key));
    auto range = VersionRange::parse(text);
    if (!range) return at(node.source(), wrap(std::move(range).error(), key));
    return *std::move(range);
}

Result<void> ManifestReader::read_dependency_table(toml::table const& table, std::string_view name,
                                                   Dependency* out) const {
    for (auto const& [key, node] : table) {
        if (key.str() == "version") {
            ASSIGN_OR_RETURN(out->range, read_range(node, name));
        } else if (key.str() == "optional") {
            auto const* const flag = node.as_boolean();
            if (flag == nullptr) return wrong_type(node, "optional", "true or false");
            out->optional = flag->get();
        } else if (key.str() == "registry") {
            ASSIGN_OR_RETURN(out->registry, text_of(node, "registry"));
        } else {
            auto error = invalid(key.source(), fmt::format("{}: unknown key {}", name, quoted(key.str())));
            error.help =
                "a dependency has version, optional and registry; a name with a dot or a "
                "slash stands in quotes";
            return error;
        }
    }
    if (table.get("version") == nullptr) {
        return invalid(table.source(), fmt::format("{}: version is missing", name));
    }
    return ok();
}

Result<Dependency> ManifestReader::read_dependency(toml::key const& key, toml::node const& node) const {
    auto name = PackageName::parse(key.str());
    if (!name) return at(key.source(), std::move(name).error());
    Dependency dependency{*std::move(name), {}, false, {}};
    if (node.is_string()) {
        ASSIGN_OR_RETURN(dependency.range, read_range(node, key.str()));
    } else if (auto const* const table = node.as_table()) {
        RETURN_IF_ERROR(read_dependency_table(*table, key.str(), &dependency));
    } else {
        return wrong_type(node, key.str(), "a range such as \"^1.2.3\" or a table");
    }
    return dependency;
}

Result<void> ManifestReader::read_dependencies(toml::node const& node, Manifest* out) const {
    auto const* const table = node.as_table();
    if (table == nullptr) return wrong_type(node, "dependencies", "a table");
    if (table->size() > Manifest::k_dependencies_max) {
        return Error{Errc::too_large, ErrorId::manifest_invalid,
                     place(node.source()) + fmt::format("{} dependencies, at most {} are allowed",
                                                        table->size(), Manifest::k_dependencies_max)};
    }
    for (auto const& [key, value] : *table) {
        ASSIGN_OR_RETURN(auto dependency, read_dependency(key, value));
        out->dependencies.push_back(std::move(dependency));
    }
    std::sort(out->dependencies.begin(), out->dependencies.end(),
              [](Dependency const& a, Dependency const& b) { return a.name < b.name; });
    return ok();
}

Result<Manifest> ManifestReader::read(toml::table const& document) const {
    auto const* const node = document.get("gpack");
    if (node == nullptr) {
        return with_help(invalid(document.source(), "there is no [gpack] table"),
                         "start the file with [gpack], name = \"…\" and version = \"…\"");
    }
    auto const* const gpack = node->as_table();
    if (gpack == nullptr) return wrong_type(*node, "gpack", "a table");
    ASSIGN_OR_RETURN(auto manifest, read_identity(*gpack));
    RETURN_IF_ERROR(read_text(*gpack, "description", &manifest.description));
    RETURN_IF_ERROR(read_text(*gpack, "license", &manifest.license));
    RETURN_IF_ERROR(read_texts(*gpack, "authors", &manifest.authors));
    RETURN_IF_ERROR(read_text(*gpack, "category", &manifest.category));
    RETURN_IF_ERROR(read_texts(*gpack, "tags", &manifest.tags));
    RETURN_IF_ERROR(read_texts(*gpack, "keywords", &manifest.keywords));
    RETURN_IF_ERROR(read_text(*gpack, "homepage", &manifest.homepage));
    RETURN_IF_ERROR(read_text(*gpack, "repository", &manifest.repository));
    RETURN_IF_ERROR(read_readme(*gpack, &manifest));
    RETURN_IF_ERROR(read_globs(*gpack, "include", &manifest.include));
    RETURN_IF_ERROR(read_globs(*gpack, "exclude", &manifest.exclude));
    if (auto const* const dependencies = document.get("dependencies")) {
        RETURN_IF_ERROR(read_dependencies(*dependencies, &manifest));
    }
    return manifest;
}

/// The offset of a place in `text` that toml++ counts in lines and characters.
std::size_t offset_of(std::string_view text, toml::source_position const& position) {
    std::size_t at = 0;
    for (std::size_t line = 1; line < position.line; ++line) at = text.find('\n', at) + 1;
    for (std::size_t column = 1; column < position.column; ++column) {
        at += std::max<std::size_t>(utf8_length(text.substr(at, 4)), 1);
    }
    return at;
}

}  // namespace

Result<Manifest> Manifest::parse(std::string_view text, std::string_view source_name) {
    ASSIGN_OR_RETURN(auto const document, parse_toml(text, source_name, k_limits, ErrorId::manifest_invalid));
    ASSIGN_OR_RETURN(auto manifest, ManifestReader{source_name}.read(document));
    manifest.source_text = text;
    return manifest;
}

Result<Manifest> Manifest::with_version(Version const& wanted) const {
    constexpr std::string_view k_name = "gpack.toml";
    ASSIGN_OR_RETURN(auto const document, parse_toml(source_text, k_name, k_limits, ErrorId::manifest_invalid));
    auto const node = document.at_path("gpack.version");
    if (!node.is_string()) {
        return Error{Errc::invalid, ErrorId::manifest_invalid, "gpack.toml: [gpack] has no version"};
    }
    auto const& where = node.node()->source();
    auto const begin = offset_of(source_text, where.begin);
    auto const end = offset_of(source_text, where.end);
    std::string changed = source_text;
    changed.replace(begin, end - begin, toml_string(wanted.text()));
    ASSIGN_OR_RETURN(auto manifest, parse(changed, k_name));
    GGEN_ASSERT(manifest.version == wanted && manifest.name == name);
    return manifest;
}

}  // namespace ggen
