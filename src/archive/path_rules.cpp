#include "archive/path_rules.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>

#include "archive/archive.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_key_bytes_max = 4 * ArchiveLimits::k_path_bytes_max;
constexpr std::size_t k_shown_bytes_max = 320;
constexpr int k_fold_rounds_max = 8;

struct Character {
    std::int32_t code_point = 0;
    std::size_t bytes = 0;  ///< 0: not valid UTF-8 here (overlong forms and surrogates count).
};

Character character_at(std::string_view text, std::size_t at) {
    if (auto const byte = static_cast<unsigned char>(text[at]); byte < 0x80) return {byte, 1};
    utf8proc_int32_t code_point = 0;
    auto const rest = text.substr(at, 4);
    auto const bytes = utf8proc_iterate(reinterpret_cast<utf8proc_uint8_t const*>(rest.data()),
                                        static_cast<utf8proc_ssize_t>(rest.size()), &code_point);
    if (bytes <= 0) return {};
    return {code_point, static_cast<std::size_t>(bytes)};
}

bool is_default_ignorable(std::int32_t code_point) {
    return utf8proc_get_property(code_point)->ignorable != 0;
}

bool is_variation_selector(std::int32_t code_point) {
    return code_point == 0xFE0E || code_point == 0xFE0F;
}

/// Why a character may not stand in a path; null when it may.
char const* objection_in_path(std::int32_t code_point) {
    if (code_point < 0x80) return code_point < 0x20 || code_point == 0x7F ? "a control character" : nullptr;
    switch (utf8proc_category(code_point)) {
        case UTF8PROC_CATEGORY_CC: return "a control character";
        case UTF8PROC_CATEGORY_CF: return "an invisible or direction-changing character";
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return "a space that is not the plain one";
        case UTF8PROC_CATEGORY_CS: return "a surrogate";
        // Cygwin and WSL keep characters that Windows forbids in the private area.
        case UTF8PROC_CATEGORY_CO: return "a private-use character";
        // What it will fold to is not known yet, so no collision rule can hold.
        case UTF8PROC_CATEGORY_CN: return "a character that Unicode has not assigned";
        default: break;
    }
    constexpr std::int32_t k_braille_blank = 0x2800;
    if (is_default_ignorable(code_point) || code_point == k_braille_blank) return "an invisible character";
    return nullptr;
}

bool is_harmful_on_terminal(std::int32_t code_point) {
    if (code_point < 0x80) return code_point < 0x20 || code_point == 0x7F;
    switch (utf8proc_category(code_point)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO: return true;
        default: return is_default_ignorable(code_point);
    }
}

Error unsafe(std::string_view path, std::string_view reason) {
    return Error{Errc::refused, ErrorId::archive_path_unsafe,
                 fmt::format("{}: {}", path_rules::shown(path), reason)};
}

Error too_long(std::string_view path, std::string_view what, std::size_t bytes_max) {
    return Error{Errc::too_large, ErrorId::archive_too_large,
                 fmt::format("{}: {} is longer than {} bytes", path_rules::shown(path), what, bytes_max)};
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lower_ascii(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

/// One pass of full case folding and NFKC; nothing when the text is not UTF-8.
std::optional<std::string> fold_once(std::string const& text) {
    utf8proc_uint8_t* mapped = nullptr;
    auto const options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                        UTF8PROC_CASEFOLD);
    auto const bytes = utf8proc_map(reinterpret_cast<utf8proc_uint8_t const*>(text.data()),
                                    static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
    if (bytes < 0) {
        std::free(mapped);
        return std::nullopt;
    }
    std::string out{reinterpret_cast<char const*>(mapped), static_cast<std::size_t>(bytes)};
    std::free(mapped);
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        text.replace(at, from.size(), to);  // shorter: what stands now at `at` may be one more
    }
}

/// Names that Windows gives to devices, whatever stands after the first dot.
bool is_device_name(std::string_view folded) {
    auto stem = folded.substr(0, folded.find('.'));
    while (!stem.empty() && stem.back() == ' ') stem.remove_suffix(1);
    constexpr std::array<std::string_view, 6> k_names{"con", "prn", "aux", "nul", "conin$", "conout$"};
    if (std::find(k_names.begin(), k_names.end(), stem) != k_names.end()) return true;
    bool const is_port = stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
    return is_port && stem[3] >= '0' && stem[3] <= '9';
}

/// Why the name of one file or directory is refused; "" when it is fine. `folded` is its collision
/// key: systems that fold names see that one.
std::string objection_to_component(std::string_view component, std::string_view folded) {
    if (component.empty()) return "an empty component (\"//\", or a slash at an end)";
    if (folded == ".") return "a \".\" component";
    if (folded == "..") return "a \"..\" component";
    for (auto const text : {component, folded}) {
        if (text.find('/') != std::string_view::npos) return "a character that some systems read as \"/\"";
        if (text.find('\\') != std::string_view::npos) return "a backslash, which is a separator on Windows";
        if (text.find(':') != std::string_view::npos) {
            return "a colon, which names a drive or a hidden stream on Windows";
        }
        if (text.back() == '.' || text.back() == ' ') {
            return "a component that ends with a dot or a space, which Windows drops";
        }
    }
    if (is_device_name(folded)) return "a name that Windows reserves for a device";
    if (folded == ".git" || folded == "git~1") return "a \".git\" component, which git would obey";
    if (folded.starts_with(".ggen")) return "a component that starts with \".ggen\", which ggen keeps for itself";
    return {};
}

Result<void> check_characters(std::string_view path) {
    for (std::size_t at = 0; at < path.size();) {
        auto const character = character_at(path, at);
        if (character.bytes == 0) return unsafe(path, fmt::format("byte {} is not valid UTF-8", at));
        if (char const* const objection = objection_in_path(character.code_point); objection != nullptr) {
            return unsafe(path, fmt::format("U+{:04X} is {}", character.code_point, objection));
        }
        at += character.bytes;
    }
    return ok();
}

/// A collision key whose components sort together: the separator is lower than any character.
struct KeyedPath {
    std::string key;
    std::string_view path;
};
constexpr char k_separator = '\x01';

Error collision(KeyedPath const& a, KeyedPath const& b, std::string_view reason) {
    return Error{Errc::refused, ErrorId::archive_collision,
                 fmt::format("{} and {} {}", path_rules::shown(a.path), path_rules::shown(b.path), reason)};
}

/// The first `count` components of `path`.
std::string_view head_of(std::string_view path, std::size_t count) {
    std::size_t end = 0;
    for (; count > 0; --count) end = path.find('/', end) + 1;
    return path.substr(0, end);
}

Result<void> check_neighbours(KeyedPath const& a, KeyedPath const& b) {
    if (a.key == b.key) {
        if (a.path == b.path) return collision(a, b, "are the same path twice");
        return collision(a, b, "are one file where names fold by case or Unicode form");
    }
    if (b.key.starts_with(a.key) && b.key[a.key.size()] == k_separator) {
        return collision(a, b, "make one name a file and a directory");
    }
    auto const different = std::mismatch(a.key.begin(), a.key.end(), b.key.begin(), b.key.end()).first;
    auto const shared_directories =
        static_cast<std::size_t>(std::count(a.key.begin(), different, k_separator));
    if (head_of(a.path, shared_directories) != head_of(b.path, shared_directories)) {
        return collision(a, b, "spell one directory in two ways");
    }
    return ok();
}

}  // namespace

namespace path_rules {

std::string shown(std::string_view path) {
    auto text = escape_for_terminal(path.substr(0, k_shown_bytes_max));
    if (path.size() > k_shown_bytes_max) text += "…";
    return fmt::format("path \"{}\"", text);
}

Result<void> check(std::string_view path, std::size_t bytes_max) {
    if (path.empty()) return unsafe(path, "it is empty");
    if (path.size() > bytes_max) return too_long(path, "it", bytes_max);
    if (path.front() == '/') return unsafe(path, "it is absolute");
    RETURN_IF_ERROR(check_characters(path));
    for (std::size_t begin = 0; begin <= path.size();) {
        auto const end = std::min(path.find('/', begin), path.size());
        auto const component = path.substr(begin, end - begin);
        if (component.size() > ArchiveLimits::k_component_bytes_max) {
            return too_long(path, "a component", ArchiveLimits::k_component_bytes_max);
        }
        if (auto const objection = objection_to_component(component, collision_key(component)); !objection.empty()) {
            return unsafe(path, "it has " + objection);
        }
        begin = end + 1;
    }
    return ok();
}

Result<void> check_collisions(std::vector<std::string_view> const& paths) {
    std::vector<KeyedPath> keyed;
    keyed.reserve(paths.size());
    for (auto const path : paths) {
        keyed.push_back({collision_key(path), path});
        auto& key = keyed.back().key;
        if (key.size() > k_key_bytes_max) return unsafe(path, "it grows too long when its characters are folded");
        std::replace(key.begin(), key.end(), '/', k_separator);
    }
    auto const by_key = [](KeyedPath const& a, KeyedPath const& b) { return a.key < b.key; };
    std::sort(keyed.begin(), keyed.end(), by_key);
    for (std::size_t i = 1; i < keyed.size(); ++i) RETURN_IF_ERROR(check_neighbours(keyed[i - 1], keyed[i]));
    return ok();
}

}  // namespace path_rules

Result<void> check_archive_path(std::string_view path) {
    return path_rules::check(path, ArchiveLimits::k_path_bytes_max);
}

std::string collision_key(std::string_view path) {
    if (is_ascii(path)) return lower_ascii(path);
    std::string key{path};
    // Folding can make characters that compose, and composing characters that fold again.
    for (int round = 0; round < k_fold_rounds_max; ++round) {
        auto folded = fold_once(key);
        if (!folded) return lower_ascii(path);
        // The Turkish letters: some systems take dotted and dotless i for one.
        replace_all(*folded, "\u0131", "i");
        replace_all(*folded, "i\u0307", "i");
        if (*folded == key) break;
        key = *std::move(folded);
    }
    return key;
}

std::string escape_for_terminal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool after_visible = false;
    for (std::size_t at = 0; at < text.size();) {
        auto const [code_point, bytes] = character_at(text, at);
        // An emoji and the selector of its style belong together.
        bool const is_emoji_style = bytes != 0 && after_visible && is_variation_selector(code_point);
        if (bytes == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
        } else if (is_harmful_on_terminal(code_point) && !is_emoji_style) {
            out += code_point < 0x80 ? fmt::format("\\x{:02x}", code_point) : fmt::format("\\u{{{:04X}}}", code_point);
        } else {
            out += text.substr(at, bytes);
        }
        after_visible = bytes > 1 && !is_emoji_style && !is_harmful_on_terminal(code_point);
        at += bytes == 0 ? 1 : bytes;
    }
    return out;
}

}  // namespace ggen
