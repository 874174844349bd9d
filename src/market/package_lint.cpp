// PackageLint: things that are allowed and yet probably a mistake.
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

void lint_skill(Manifest const& manifest, std::string const& path, BytesView head,
                std::vector<std::string>* warnings) {
    auto const warn = [&](std::string text) { warnings->push_back(path + ": " + std::move(text)); };
    auto const front = read_frontmatter(as_text(head));
    if (!front) return warn("it does not begin with frontmatter between two lines of ---");
    auto const parent = parent_path(path);
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

bool looks_secret(std::string const& path, BytesView bytes) {
    auto const name = base_name(path);
    for (std::string_view const known : {".env", "id_rsa", "id_ed25519", ".npmrc", ".netrc", ".pypirc"}) {
        if (name == known) return true;
    }
    auto const head = as_text(bytes).substr(0, PackageLint::k_head_bytes);
    // In two pieces, so that this file is not reported itself.
    for (auto const& mark : {std::string{"PRIVATE "} + "KEY-----", std::string{"PRIVATE+"} + "KEY+"}) {
        if (head.find(mark) != std::string_view::npos) return true;
    }
    return false;
}

}  // namespace

PackageLint::PackageLint(Manifest const& manifest) : manifest_(manifest) {
    if (manifest.description.empty()) warnings_.emplace_back("gpack.toml: no description, so nobody finds it");
    if (manifest.license.empty()) {
        warnings_.emplace_back("gpack.toml: no license, so nobody may use it; for example license = \"MIT\"");
    }
}

void PackageLint::look_at(std::string const& path, std::uint64_t size_bytes, BytesView head) {
    bool const is_readme = manifest_.readme.empty() ? path == "README.md" : path == manifest_.readme;
    if (is_readme) {
        has_readme_ = true;
        if (size_bytes > k_readme_bytes_max) warnings_.push_back(path + ": longer than 512 KiB");
    }
    if (base_name(path) == "SKILL.md") lint_skill(manifest_, path, head, &warnings_);
    if (looks_secret(path, head)) {
        warnings_.push_back(path + ": looks like a secret; what is published cannot be taken back");
    }
}

std::vector<std::string> PackageLint::finish() && {
    if (!manifest_.readme.empty() && !has_readme_) {
        warnings_.push_back("gpack.toml: readme = " + quoted(manifest_.readme) + " is not in the package");
    }
    return std::move(warnings_);
}

}  // namespace ggen::detail
