// lint_package: things that are allowed and yet probably a mistake.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "market/package_files.hpp"
#include "spec/text_checks.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_skill_name_bytes_max = 64;
constexpr std::size_t k_skill_description_bytes_max = 1024;
constexpr std::size_t k_readme_bytes_max = std::size_t{512} * 1024;
constexpr std::size_t k_secret_scan_bytes_max = std::size_t{64} * 1024;

std::string_view base_name(std::string_view path) {
    auto const slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view trimmed(std::string_view text) {
    auto const is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view unquoted(std::string_view text) {
    bool const has_quotes = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                            text.back() == text.front();
    return has_quotes ? text.substr(1, text.size() - 2) : text;
}

/// What the frontmatter of a SKILL.md says, as far as its top-level keys go.
struct Frontmatter {
    std::optional<std::string> name;
    std::optional<std::string> description;
};

std::optional<Frontmatter> read_frontmatter(std::string_view text) {
    auto const next_line = [&text]() -> std::optional<std::string_view> {
        if (text.empty()) return std::nullopt;
        auto const end = text.find('\n');
        auto const line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        return line;
    };
    auto const first = next_line();
    if (!first || trimmed(*first) != "---") return std::nullopt;
    Frontmatter out;
    std::optional<std::string>* open = nullptr;  // A value that goes on in indented lines.
    while (auto const line = next_line()) {
        if (trimmed(*line) == "---") return out;
        bool const is_indented = line->starts_with(' ') || line->starts_with('\t');
        if (is_indented) {
            if (open != nullptr) **open += (open->value().empty() ? "" : " ") + std::string{trimmed(*line)};
            continue;
        }
        auto const colon = line->find(':');
        if (colon == std::string_view::npos) continue;
        auto const key = line->substr(0, colon);
        auto value = trimmed(line->substr(colon + 1));
        open = key == "name" ? &out.name : key == "description" ? &out.description : nullptr;
        bool const is_block = !value.empty() && (value.front() == '|' || value.front() == '>') && value.size() <= 2;
        if (open != nullptr) *open = is_block ? std::string{} : std::string{unquoted(value)};
    }
    return std::nullopt;  // Never closed.
}

bool is_skill_name(std::string_view text) {
    bool const has_bad = std::any_of(text.begin(), text.end(), [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
    });
    return !text.empty() && text.size() <= k_skill_name_bytes_max && !has_bad && text.front() != '-' &&
           text.back() != '-' && text.find("--") == std::string_view::npos;
}

void lint_skill(Manifest const& manifest, ArchiveFile const& file, std::vector<std::string>* warnings) {
    auto const warn = [&](std::string text) { warnings->push_back(file.path + ": " + std::move(text)); };
    auto const front = read_frontmatter(as_text(file.content));
    if (!front) return warn("it does not begin with frontmatter between two lines of ---");
    auto const parent = parent_path(file.path);
    auto const directory = parent == "." ? manifest.name.base() : base_name(parent);
    if (!front->name || front->name->empty()) {
        warn("the frontmatter has no name");
    } else if (!is_skill_name(*front->name)) {
        warn(fmt::format("the name {} is not made of lower-case letters, digits and single hyphens (at most {})",
                         quoted(*front->name), k_skill_name_bytes_max));
    } else if (*front->name != directory) {
        warn(fmt::format("the name is {}, but its directory will be {}; agents want them equal", *front->name,
                         directory));
    }
    if (!front->description || front->description->empty()) {
        warn("the frontmatter has no description, so no agent will know when to use it");
    } else if (front->description->size() > k_skill_description_bytes_max) {
        warn(fmt::format("the description is longer than {} bytes", k_skill_description_bytes_max));
    }
}

bool looks_secret(ArchiveFile const& file) {
    auto const name = base_name(file.path);
    for (std::string_view const known : {".env", "id_rsa", "id_ed25519", ".npmrc", ".netrc", ".pypirc"}) {
        if (name == known) return true;
    }
    auto const head = as_text(file.content).substr(0, k_secret_scan_bytes_max);
    // In two pieces, so that this file is not reported itself.
    for (auto const& mark : {std::string{"PRIVATE "} + "KEY-----", std::string{"PRIVATE+"} + "KEY+"}) {
        if (head.find(mark) != std::string_view::npos) return true;
    }
    return false;
}

}  // namespace

std::vector<std::string> lint_package(Manifest const& manifest, std::vector<ArchiveFile> const& files) {
    std::vector<std::string> warnings;
    if (manifest.description.empty()) warnings.emplace_back("gpack.toml: no description, so nobody finds it");
    if (manifest.license.empty()) {
        warnings.emplace_back("gpack.toml: no license, so nobody may use it; for example license = \"MIT\"");
    }
    bool has_readme = false;
    for (auto const& file : files) {
        bool const is_readme = manifest.readme.empty() ? file.path == "README.md" : file.path == manifest.readme;
        if (is_readme) {
            has_readme = true;
            if (file.content.size() > k_readme_bytes_max) warnings.push_back(file.path + ": longer than 512 KiB");
        }
        if (base_name(file.path) == "SKILL.md") lint_skill(manifest, file, &warnings);
        if (looks_secret(file)) {
            warnings.push_back(file.path + ": looks like a secret; what is published cannot be taken back");
        }
    }
    if (!manifest.readme.empty() && !has_readme) {
        warnings.push_back("gpack.toml: readme = " + quoted(manifest.readme) + " is not in the package");
    }
    return warnings;
}

}  // namespace ggen::detail
