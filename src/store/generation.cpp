#include "store/generation.hpp"

#include <algorithm>
#include <charconv>

namespace ggen {
namespace {

constexpr std::string_view k_root_first_line = "ggen-root 2\n";
constexpr std::string_view k_end = "end ";
constexpr std::string_view k_checks_first_line = "ggen-checked 1\n";
constexpr std::size_t k_hex_digits = 2 * Digest::k_bytes;

/// Takes "word " from the front of `rest`.
bool take(std::string_view& rest, std::string_view word) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
}

std::optional<std::uint64_t> take_number(std::string_view& rest) {
    std::uint64_t number = 0;
    auto const [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (code != std::errc{}) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return number;
}

std::optional<Digest> take_digest(std::string_view& rest) {
    auto const digest = Digest::from_hex(rest.substr(0, k_hex_digits));
    if (!digest) return std::nullopt;
    rest.remove_prefix(k_hex_digits);
    return *digest;
}

/// "<word> <length> <bytes>\n": paths may hold anything but NUL, line feeds too.
std::optional<std::string> take_path(std::string_view& rest, std::string_view word) {
    if (!take(rest, word)) return std::nullopt;
    auto const length = take_number(rest);
    if (!length || !take(rest, " ") || *length >= rest.size() || rest[*length] != '\n') return std::nullopt;
    std::string path{rest.substr(0, *length)};
    rest.remove_prefix(*length + 1);
    return path;
}

std::string path_line(std::string_view word, std::string const& path) {
    return std::string{word} + std::to_string(path.size()) + " " + path + "\n";
}

}  // namespace

void ProjectRoot::push(Digest const& id) {
    std::erase(generations, id);
    generations.insert(generations.begin(), id);
    if (generations.size() > k_generations_max) generations.resize(k_generations_max);
}

bool ProjectRoot::keeps(Digest const& id) const {
    return std::find(generations.begin(), generations.end(), id) != generations.end();
}

std::string ProjectRoot::print() const {
    std::string text{k_root_first_line};
    text += path_line("project ", project) + path_line("target ", target);
    for (auto const& id : generations) text += "generation " + id.hex() + "\n";
    if (seen) text += "seen " + seen->generation.hex() + " " + seen->key.hex() + " " + seen->identity + "\n";
    // A power loss may cut or blank the text anywhere.
    text += std::string{k_end} + sha256(as_bytes(text)).hex() + "\n";
    return text;
}

std::optional<ProjectRoot> ProjectRoot::parse(std::string_view text) {
    if (text.size() > k_bytes_max) return std::nullopt;
    auto rest = text;
    if (!take(rest, k_root_first_line)) return std::nullopt;
    auto project = take_path(rest, "project ");
    auto target = project ? take_path(rest, "target ") : std::nullopt;
    if (!target) return std::nullopt;
    ProjectRoot root{std::move(*project), std::move(*target), {}, {}};
    while (take(rest, "generation ")) {
        auto const id = take_digest(rest);
        if (root.generations.size() == k_generations_max || !id || !take(rest, "\n")) return std::nullopt;
        root.generations.push_back(*id);
    }
    if (take(rest, "seen ")) {
        auto const generation = take_digest(rest);
        auto const key = generation && take(rest, " ") ? take_digest(rest) : std::nullopt;
        auto const line_end = rest.find('\n');
        if (!key || !take(rest, " ") || line_end == std::string_view::npos) return std::nullopt;
        root.seen = SeenFiles{*generation, *key, std::string{rest.substr(0, line_end - 1)}};
    }
    // Its last line is compared with all the others.
    if (root.print() != text) return std::nullopt;
    return root;
}

std::string print_checks(std::vector<GenerationCheck> const& checks) {
    std::string text{k_checks_first_line};
    for (std::size_t i = 0; i < std::min(checks.size(), k_checks_max); ++i) {
        text += checks[i].key.hex() + " " + std::to_string(checks[i].packages) + "\n";
    }
    return text;
}

std::vector<GenerationCheck> parse_checks(std::string_view text) {
    std::vector<GenerationCheck> checks;
    if (!take(text, k_checks_first_line)) return checks;
    while (!text.empty() && checks.size() < k_checks_max) {
        auto const key = take_digest(text);
        if (!key || !take(text, " ")) break;
        auto const packages = take_number(text);
        if (!packages || !take(text, "\n")) break;
        checks.push_back({*key, *packages});
    }
    return checks;
}

std::optional<Digest> generation_of_link(std::string_view link) {
    constexpr std::string_view k_before = "/env/";
    constexpr std::string_view k_after = "/tree";
    if (!link.ends_with(k_after)) return std::nullopt;
    link.remove_suffix(k_after.size());
    if (link.size() < k_before.size() + k_hex_digits) return std::nullopt;
    auto const id = Digest::from_hex(link.substr(link.size() - k_hex_digits));
    link.remove_suffix(k_hex_digits);
    if (!id || !link.ends_with(k_before)) return std::nullopt;
    return *id;
}

}  // namespace ggen
