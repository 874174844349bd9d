#include "resolve/index_provider.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codec/json.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_line_bytes_max = std::size_t{1024} * 1024;

struct Release {
    Candidate candidate;
    std::vector<Dependency> dependencies;
};

class IndexProvider final : public DependencyProvider {
public:
    Result<std::vector<Candidate>> versions(PackageName const& name) override {
        std::vector<Candidate> out;
        if (auto const found = packages.find(name); found != packages.end()) {
            for (auto const& release : found->second) out.push_back(release.candidate);
        }
        return out;
    }

    Result<std::vector<Dependency>> dependencies(PackageName const& name,
                                                 Version const& version) override {
        if (auto const* release = find(name, version)) return release->dependencies;
        return Error{Errc::not_found, ErrorId::version_not_found,
                     name.text() + " " + version.text() + " is not in the index"};
    }

    [[nodiscard]] Release const* find(PackageName const& name, Version const& version) const {
        auto const found = packages.find(name);
        if (found == packages.end()) return nullptr;
        auto const same = [&](Release const& release) {
            return release.candidate.version == version &&
                   release.candidate.version.build() == version.build();
        };
        auto const release = std::find_if(found->second.begin(), found->second.end(), same);
        return release == found->second.end() ? nullptr : &*release;
    }

    std::unordered_map<PackageName, std::vector<Release>> packages;
};

Error bad(std::string text) { return Error{Errc::invalid, std::move(text)}; }

Result<std::string> text_member(Json const& object, std::string_view key) {
    auto const* member = object.find(key);
    auto const* text = member == nullptr ? nullptr : member->if_string();
    if (text == nullptr) return bad("\"" + std::string{key} + "\" must be a text");
    return *text;
}

Result<Dependency> read_dependency(std::string const& name_text, Json const& value) {
    ASSIGN_OR_RETURN(auto name, PackageName::parse(name_text));
    if (auto const* text = value.if_string()) {
        ASSIGN_OR_RETURN(auto range, VersionRange::parse(*text));
        return Dependency{std::move(name), std::move(range), false, {}};
    }
    auto const* members = value.if_object();
    if (members == nullptr) return bad("the dependency on " + name_text + " must be a text or an object");
    bool is_optional = false;
    for (auto const& [key, member] : *members) {
        if (key == "version") continue;
        auto const* flag = member.if_bool();
        if (key != "optional" || flag == nullptr) return bad("unexpected member \"" + key + "\"");
        is_optional = *flag;
    }
    ASSIGN_OR_RETURN(auto const range_text, text_member(value, "version"));
    ASSIGN_OR_RETURN(auto range, VersionRange::parse(range_text));
    return Dependency{std::move(name), std::move(range), is_optional, {}};
}

Result<void> read_line(std::string_view line, IndexProvider& out) {
    ASSIGN_OR_RETURN(auto const json, Json::parse(line));
    auto const* members = json.if_object();
    if (members == nullptr) return bad("a release must be a JSON object");
    ASSIGN_OR_RETURN(auto const name_text, text_member(json, "name"));
    ASSIGN_OR_RETURN(auto name, PackageName::parse(name_text));
    ASSIGN_OR_RETURN(auto const version_text, text_member(json, "version"));
    ASSIGN_OR_RETURN(auto version, Version::parse(version_text));
    if (out.find(name, version) != nullptr) {
        return bad(name.text() + " " + version.text() + " stands twice");
    }
    Release release{{std::move(version), false}, {}};
    for (auto const& [key, value] : *members) {
        if (key == "name" || key == "version") continue;
        if (key == "yanked" && value.if_bool() != nullptr) {
            release.candidate.yanked = *value.if_bool();
        } else if (key == "dependencies" && value.if_object() != nullptr) {
            for (auto const& [target, range] : *value.if_object()) {
                ASSIGN_OR_RETURN(auto dependency, read_dependency(target, range));
                release.dependencies.push_back(std::move(dependency));
            }
        } else {
            return bad("unexpected member \"" + key + "\"");
        }
    }
    out.packages[std::move(name)].push_back(std::move(release));
    return ok();
}

}  // namespace

Result<std::unique_ptr<DependencyProvider>> load_index(std::string_view jsonl) {
    auto out = std::make_unique<IndexProvider>();
    for (std::size_t number = 1; !jsonl.empty(); ++number) {
        auto const end = std::min(jsonl.find('\n'), jsonl.size());
        auto line = jsonl.substr(0, end);
        jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        auto const where = "line " + std::to_string(number);
        if (line.size() > k_line_bytes_max) return Error{Errc::too_large, where + ": over 1 MiB"};
        if (auto read = read_line(line, *out); !read) return wrap(std::move(read).error(), where);
    }
    return std::unique_ptr<DependencyProvider>{std::move(out)};
}

}  // namespace ggen
