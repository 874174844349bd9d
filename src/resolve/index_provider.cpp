#include "resolve/index_provider.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.hpp"
#include "resolve/index_table.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_line_bytes_max = std::size_t{1024} * 1024;

Error bad(std::string text) { return Error{Errc::invalid, std::move(text)}; }

Result<std::string> text_member(Json const& object, std::string_view key) {
    auto const* member = object.find(key);
    auto const* text = member == nullptr ? nullptr : member->if_string();
    if (text == nullptr) return bad("\"" + std::string{key} + "\" must be a text");
    return *text;
}

Result<IndexTable::Need> read_dependency(std::string const& name_text, Json const& value, IndexTable& out) {
    ASSIGN_OR_RETURN(auto const name, out.name(name_text));
    if (auto const* text = value.if_string()) {
        ASSIGN_OR_RETURN(auto const range, out.range(*text));
        return IndexTable::Need{name, range, false};
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
    ASSIGN_OR_RETURN(auto const range, out.range(range_text));
    return IndexTable::Need{name, range, is_optional};
}

Result<void> read_line(std::string_view line, IndexTable& out) {
    ASSIGN_OR_RETURN(auto const json, Json::parse(line));
    auto const* members = json.if_object();
    if (members == nullptr) return bad("a release must be a JSON object");
    ASSIGN_OR_RETURN(auto const name_text, text_member(json, "name"));
    ASSIGN_OR_RETURN(auto const name, out.name(name_text));
    ASSIGN_OR_RETURN(auto const version_text, text_member(json, "version"));
    bool is_yanked = false;
    std::vector<IndexTable::Need> needs;
    for (auto const& [key, value] : *members) {
        if (key == "name" || key == "version") continue;
        if (key == "yanked" && value.if_bool() != nullptr) {
            is_yanked = *value.if_bool();
        } else if (key == "dependencies" && value.if_object() != nullptr) {
            for (auto const& [target, range] : *value.if_object()) {
                ASSIGN_OR_RETURN(auto const need, read_dependency(target, range, out));
                needs.push_back(need);
            }
        } else {
            return bad("unexpected member \"" + key + "\"");
        }
    }
    return out.add(name, version_text, is_yanked, needs);
}

class FileProvider final : public DependencyProvider {
public:
    explicit FileProvider(std::unique_ptr<metadata::IndexFile> index) : index_(std::move(index)) {}

    Result<std::optional<CompiledPackage>> compiled(PackageName const& name) override {
        ASSIGN_OR_RETURN(auto const record, index_->find(name.text()));
        if (!record) return std::optional<CompiledPackage>{};
        return std::optional{CompiledPackage{*record}};
    }
    Result<std::vector<Candidate>> versions(PackageName const& /*name*/) override {
        return std::vector<Candidate>{};  // Whatever exists is compiled.
    }
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override {
        return Error{Errc::not_found, ErrorId::version_not_found,
                     "the index does not say what " + name.text() + " " + version.text() + " needs"};
    }

private:
    std::unique_ptr<metadata::IndexFile> index_;
};

}  // namespace

Result<void> read_index(std::string_view jsonl, IndexTable& out) {
    PlainLineReader reader;
    for (std::size_t number = 1; !jsonl.empty(); ++number) {
        auto const end = std::min(jsonl.find('\n'), jsonl.size());
        auto line = jsonl.substr(0, end);
        jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        auto const where = "line " + std::to_string(number);
        if (line.size() > k_line_bytes_max) return Error{Errc::too_large, where + ": over 1 MiB"};
        if (reader.read(line, out)) continue;
        if (auto read = read_line(line, out); !read) return wrap(std::move(read).error(), where);
    }
    return ok();
}

Result<std::unique_ptr<DependencyProvider>> load_index(std::string_view jsonl) {
    auto out = std::make_unique<IndexTable>();
    RETURN_IF_ERROR(read_index(jsonl, *out));
    return std::unique_ptr<DependencyProvider>{std::move(out)};
}

std::unique_ptr<DependencyProvider> make_index_provider(std::unique_ptr<metadata::IndexFile> index) {
    return std::make_unique<FileProvider>(std::move(index));
}

}  // namespace ggen
