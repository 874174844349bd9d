#include "import/npm_document.hpp"

#include <algorithm>

#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "crypto/digest.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_text_bytes_max = 1'000;
constexpr std::size_t k_keywords_max = 40;

std::string text_of(Json const& object, std::string_view key) {
    auto const* const member = object.find(key);
    auto const* const text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? *text : std::string{};
}

/// npm writes several fields as a text or as an object with the text inside.
std::string text_or_inner(Json const& object, std::string_view key, std::string_view inner) {
    auto const* const member = object.find(key);
    if (member == nullptr) return {};
    if (auto const* const text = member->if_string()) return *text;
    return text_of(*member, inner);
}

void add_dependencies(Json const& version, std::string_view key, bool optional,
                      std::map<std::string, NpmDependency>& found) {
    auto const* const member = version.find(key);
    auto const* const object = member != nullptr ? member->if_object() : nullptr;
    if (object == nullptr) return;
    for (auto const& [name, range] : *object) {
        if (auto const* const text = range.if_string()) found[name] = {name, *text, optional};
    }
}

NpmVersion read_version(Version version, Json const& json) {
    NpmVersion result;
    result.version = std::move(version);
    std::map<std::string, NpmDependency> found;
    add_dependencies(json, "dependencies", false, found);
    // npm repeats optional ones under "dependencies"; the later entry wins there too.
    add_dependencies(json, "optionalDependencies", true, found);
    for (auto& [name, dependency] : found) result.dependencies.push_back(std::move(dependency));
    if (auto const* const dist = json.find("dist")) {
        result.tarball_url = text_of(*dist, "tarball");
        result.integrity = text_of(*dist, "integrity");
        result.shasum = text_of(*dist, "shasum");
    }
    auto const* const deprecated = json.find("deprecated");
    result.is_deprecated = deprecated != nullptr && !deprecated->is_null() &&
                           !(deprecated->is_bool() && !*deprecated->if_bool());
    return result;
}

/// A TOML basic string. Control characters become escapes, invalid UTF-8 was replaced by the JSON parser.
std::string toml_string(std::string_view text) {
    constexpr char k_hex[] = "0123456789ABCDEF";
    std::string out = "\"";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += k_hex[byte >> 4U];
            out += k_hex[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// At most `bytes_max`, cut between characters.
std::string shortened(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

void add_line(std::string& out, std::string_view key, std::string const& value) {
    if (value.empty()) return;
    out += key;
    out += " = " + toml_string(value) + "\n";
}

}  // namespace

Result<NpmPackument> NpmPackument::parse(std::string_view json) {
    auto parsed = Json::parse_lenient(json);
    if (!parsed) return Error{Errc::invalid, ErrorId::import_package, "npm's document: " + parsed.error().context};
    NpmPackument packument;
    packument.name = text_of(*parsed, "name");
    auto const* const versions = parsed->find("versions");
    auto const* const object = versions != nullptr ? versions->if_object() : nullptr;
    if (packument.name.empty() || object == nullptr) {
        return Error{Errc::invalid, ErrorId::import_package, "npm's document has no name or no versions"};
    }
    for (auto const& [text, value] : *object) {
        auto version = Version::parse(text);
        if (version) packument.versions.push_back(read_version(std::move(*version), value));
    }
    std::sort(packument.versions.begin(), packument.versions.end(),
              [](auto const& a, auto const& b) { return a.version < b.version; });
    if (auto const* const tags = parsed->find("dist-tags"); tags != nullptr && tags->is_object()) {
        for (auto const& [tag, value] : *tags->if_object()) {
            if (auto const* const target = value.if_string()) packument.dist_tags[tag] = *target;
        }
    }
    return packument;
}

NpmVersion const* NpmPackument::find(Version const& version) const {
    auto const at = std::lower_bound(versions.begin(), versions.end(), version,
                                     [](auto const& entry, auto const& wanted) { return entry.version < wanted; });
    return at != versions.end() && at->version == version ? &*at : nullptr;
}

Result<void> check_npm_integrity(BytesView tarball, NpmVersion const& version) {
    constexpr std::string_view k_prefix = "sha512-";
    // Several values may stand there, separated by blanks; any sha512 one decides.
    auto const at = version.integrity.find(k_prefix);
    if (at != std::string::npos) {
        auto const begin = at + k_prefix.size();
        auto const wanted = std::string_view{version.integrity}.substr(
            begin, version.integrity.find_first_of(" ?", begin) - begin);
        if (base64_encode(sha512(tarball)) == wanted) return ok();
        return Error{Errc::refused, ErrorId::import_package, "the archive does not match its sha512"};
    }
    if (version.shasum.empty()) {
        return Error{Errc::refused, ErrorId::import_package, "npm names no checksum for the archive"};
    }
    if (hex_encode(sha1(tarball)) == version.shasum) return ok();
    return Error{Errc::refused, ErrorId::import_package, "the archive does not match its sha1"};
}

Result<PackageName> map_npm_name(std::string_view npm_name, std::string_view name_space) {
    if (npm_name.starts_with('@')) {
        ASSIGN_OR_RETURN(auto name, PackageName::parse(npm_name.substr(1)));
        if (name.scope() != name_space) return name;
        return Error{Errc::invalid, ErrorId::name_invalid,
                     "npm's scope @" + std::string{name_space} + " is the namespace of packages without a scope"};
    }
    return PackageName::parse(std::string{name_space} + "/" + std::string{npm_name});
}

MappedDependency map_npm_dependency(NpmDependency const& dependency, std::string_view name_space,
                                    std::map<std::string, std::string> const* tags) {
    MappedDependency mapped;
    mapped.npm_name = dependency.name;
    auto name = map_npm_name(dependency.name, name_space);
    if (!name) {
        mapped.dropped_because = name.error().context;
        return mapped;
    }
    std::string range_text = dependency.range;
    if (tags != nullptr) {
        if (auto const tag = tags->find(range_text); tag != tags->end() && range_text != "latest") {
            range_text = "=" + tag->second;
        }
    }
    auto range = VersionRange::parse(range_text);
    if (!range) {
        mapped.dropped_because = "needs " + dependency.name + " from \"" + dependency.range +
                                 "\", which is no version range";
        return mapped;
    }
    mapped.dependency = Dependency{std::move(*name), std::move(*range), dependency.optional, {}};
    return mapped;
}

NpmDescription NpmDescription::from_package_json(BytesView json) {
    NpmDescription result;
    auto const parsed = Json::parse_lenient(as_text(json));
    if (!parsed) return result;
    result.description = shortened(text_of(*parsed, "description"), k_text_bytes_max);
    result.license = shortened(text_or_inner(*parsed, "license", "type"), 100);
    result.homepage = shortened(text_of(*parsed, "homepage"), k_text_bytes_max);
    result.repository = shortened(text_or_inner(*parsed, "repository", "url"), k_text_bytes_max);
    result.author = shortened(text_or_inner(*parsed, "author", "name"), 200);
    if (auto const* const keywords = parsed->find("keywords"); keywords != nullptr && keywords->is_array()) {
        for (auto const& keyword : *keywords->if_array()) {
            if (result.keywords.size() == k_keywords_max) break;
            if (auto const* const text = keyword.if_string()) result.keywords.push_back(shortened(*text, 60));
        }
    }
    return result;
}

std::string manifest_from_npm(PackageName const& name, Version const& version, NpmDescription const& description,
                              std::vector<Dependency> const& dependencies) {
    std::string out = "[gpack]\n";
    add_line(out, "name", name.text());
    add_line(out, "version", version.text());
    add_line(out, "description", description.description);
    add_line(out, "license", description.license);
    if (!description.author.empty()) out += "authors = [" + toml_string(description.author) + "]\n";
    if (!description.keywords.empty()) {
        out += "keywords = [";
        for (std::size_t i = 0; i < description.keywords.size(); ++i) {
            out += (i > 0 ? ", " : "") + toml_string(description.keywords[i]);
        }
        out += "]\n";
    }
    add_line(out, "homepage", description.homepage);
    add_line(out, "repository", description.repository);
    if (dependencies.empty()) return out;
    out += "\n[dependencies]\n";
    for (auto const& dependency : dependencies) {
        out += toml_string(dependency.name.text()) + " = ";
        auto const range = toml_string(dependency.range.text());
        out += dependency.optional ? "{ version = " + range + ", optional = true }\n" : range + "\n";
    }
    return out;
}

}  // namespace ggen
