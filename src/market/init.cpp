// init_package: the first files of a package.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "market/labels.hpp"
#include "market/publish.hpp"
#include "market/registries.hpp"
#include "spec/text_checks.hpp"
#include "spec/toml_text.hpp"

namespace ggen {
namespace {

using FileTexts = std::map<std::string, std::string>;

std::string last_part(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    auto const slash = path.rfind('/');
    return std::string{slash == std::string_view::npos ? path : path.substr(slash + 1)};
}

/// "code-review" -> "Code review".
std::string title_of(PackageName const& name) {
    std::string title{name.base()};
    for (char& c : title) {
        if (c == '-' || c == '_' || c == '.') c = ' ';
    }
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
    return title;
}

std::string manifest_text(PackageName const& name, std::string_view kind) {
    auto const tags = kind == "skill"  ? R"(["agent-skill"])"
                      : kind == "data" ? R"(["data"])"
                      : kind == "code" ? R"(["library"])"
                                       : R"(["template"])";
    return fmt::format(
        "[gpack]\nname = {}\nversion = \"0.1.0\"\ndescription = {}\nlicense = \"MIT\"\ncategory = {}\ntags = {}\n"
        "# include = [\"**\"]\n# exclude = [\"*.tmp\"]\n\n[dependencies]\n# \"acme/other\" = \"^1.2\"\n",
        toml_string(name.text()), toml_string(title_of(name) + ": say in one sentence what this package does."),
        toml_string(kind), tags);
}

FileTexts files_for(PackageName const& name, std::string_view kind) {
    auto const title = title_of(name);
    FileTexts files;
    files["gpack.toml"] = manifest_text(name, kind);
    files["README.md"] = fmt::format("# {}\n\nWhat it is for, and how to use it.\n\n    ggen install {}\n", title,
                                     name.text());
    if (kind == "skill") {
        files["SKILL.md"] = fmt::format(
            "---\nname: {}\ndescription: Says what the skill does and when an agent should use it, in words that a "
            "user would say.\n---\n\n# {}\n\n## When to use it\n\n- …\n\n## Steps\n\n1. …\n\n## Check before you "
            "finish\n\n- …\n",
            name.base(), title);
    } else if (kind == "data") {
        files["data/example.tsv"] = "code\tname\nA\tfirst\nB\tsecond\n";
        files["data/SOURCES.md"] = "# Sources\n\nWhere each table comes from, its date and its license.\n";
    } else if (kind == "code") {
        files["src/example.sh"] = "#!/bin/sh\n# Prints its arguments, one a line.\nprintf '%s\\n' \"$@\"\n";
    } else {
        files["templates/README.md.tmpl"] = "# {{ project }}\n\n{{ description }}\n";
        files["templates/gitignore.tmpl"] = "/build/\n*.log\n";
    }
    return files;
}

Result<PackageName> name_for(Market& market, InitRequest const& request) {
    if (!request.name.empty()) return PackageName::parse(request.name);
    auto const base = detail::name_word(last_part(request.directory), "my-pack");
    auto const key = load_publisher_key(market);
    if (!key) return PackageName::parse(base);
    auto const owner = key->verifier().name;
    return PackageName::parse(owner.substr(0, owner.find('/')) + "/" + base);
}

}  // namespace

Result<InitReport> init_package(Market& market, InitRequest const& request) {
    bool const is_known = request.kind == "template" || request.kind == "skill" || request.kind == "code" ||
                          request.kind == "data";
    if (!is_known) {
        return Error{Errc::invalid, ErrorId::usage, "there is no kind of package called " + quoted(request.kind),
                     "the kinds are template, skill, code and data"};
    }
    ASSIGN_OR_RETURN(auto name, name_for(market, request));
    auto const files = files_for(name, request.kind);
    for (auto const& [path, text] : files) {
        auto const full = join_path(request.directory, path);
        if (request.force || !market.files.info(full)) continue;
        return Error{Errc::conflict, ErrorId::target_occupied, full + " exists already",
                     "choose another directory, or overwrite with --force"};
    }
    InitReport report{std::move(name), {}};
    for (auto const& [path, text] : files) {
        auto const full = join_path(request.directory, path);
        RETURN_IF_ERROR(market.files.make_directories(parent_path(full)));
        bool const is_program = path.ends_with(".sh");
        RETURN_IF_ERROR(market.files.write_file_atomic(full, as_bytes(text), Sync::none, is_program ? 0755 : 0644));
        report.written.push_back(full);
    }
    return report;
}

}  // namespace ggen
