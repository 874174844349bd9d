#include "spec/lockfile.hpp"

#include <algorithm>
#include <utility>

#include "spec/lockfile_reader.hpp"
#include "spec/text_checks.hpp"
#include "spec/toml_text.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_head =
    "# Written by ggen; commit it, do not edit it. ggen joins both sides of a merge conflict.\n";

/// The two sides of a text with conflict markers, every other line blank, so that line numbers
/// stay what they are in the file.
struct Sides {
    std::string ours;
    std::string theirs;
};

bool is_marker(std::string_view line, char c) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    constexpr std::size_t k_marker_length = 7;
    if (line.size() < k_marker_length || line.substr(0, 7) != std::string(k_marker_length, c)) {
        return false;
    }
    return line.size() == k_marker_length || line[k_marker_length] == ' ';
}

bool has_markers(std::string_view text) {
    return text.starts_with("<<<<<<<") || text.find("\n<<<<<<<") != std::string_view::npos;
}

Result<Sides> split_sides(std::string_view text) {
    enum class In : std::uint8_t { both, ours, base, theirs };
    Sides sides;
    In in = In::both;
    std::size_t number = 0;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        ++number;
        auto const enter = [&](In from, In also_from, In to) -> Result<void> {
            if (in != from && in != also_from) {
                return lockfile_error(number, 1, "this conflict marker is out of place");
            }
            in = to;
            return ok();
        };
        bool is_content = false;
        if (is_marker(line, '<')) {
            RETURN_IF_ERROR(enter(In::both, In::both, In::ours));
        } else if (is_marker(line, '|')) {
            RETURN_IF_ERROR(enter(In::ours, In::ours, In::base));
        } else if (is_marker(line, '=')) {
            RETURN_IF_ERROR(enter(In::ours, In::base, In::theirs));
        } else if (is_marker(line, '>')) {
            RETURN_IF_ERROR(enter(In::theirs, In::theirs, In::both));
        } else {
            is_content = true;
        }
        if (is_content && (in == In::both || in == In::ours)) sides.ours += line;
        if (is_content && (in == In::both || in == In::theirs)) sides.theirs += line;
        sides.ours += '\n';
        sides.theirs += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (in != In::both) return lockfile_error(number, 1, "a conflict does not end");
    return sides;
}

void print_text(std::string_view key, std::string_view value, std::string* out) {
    *out += key;
    *out += " = ";
    *out += toml_string(value);
    *out += '\n';
}

void print_package(LockedPackage const& package, std::string* out) {
    *out += "\n[[package]]\n";
    print_text("name", package.name.text(), out);
    print_text("version", package.version.text(), out);
    print_text("origin", package.origin, out);
    print_text("archive", package.archive.text(), out);
    print_text("tree", package.tree.text(), out);
    print_text("leaf", package.leaf.text(), out);
    *out += "index = " + std::to_string(package.index) + "\n";
    *out += "size = " + std::to_string(package.archive_bytes) + "\n";
    if (package.dependencies.empty()) return;
    *out += "dependencies = [\n";
    for (auto const& [name, range] : package.dependencies) {
        *out += "  " + toml_string(range.empty() ? name.text() : name.text() + " " + range) + ",\n";
    }
    *out += "]\n";
}

/// Whether `a` stands before `b` where only one can stay: by version, then by anything that gives
/// the same answer for both orders of the sides.
bool gives_way(LockedPackage const& a, LockedPackage const& b) {
    if (a.version != b.version) return a.version < b.version;
    std::string a_text;
    std::string b_text;
    print_package(a, &a_text);
    print_package(b, &b_text);
    return a_text < b_text;
}

/// The union of both; of two versions of a package the higher one, of two ranges the one that
/// sorts last: the order of the sides has no say, and the caller resolves again anyway.
Lockfile joined(Lockfile ours, Lockfile theirs) {
    for (auto& [name, range] : theirs.requirements) {
        auto const [found, is_new] = ours.requirements.try_emplace(name, range);
        if (!is_new) found->second = std::max(found->second, range);
    }
    for (auto& [name, package] : theirs.packages) {
        auto const [found, is_new] = ours.packages.try_emplace(name, package);
        if (!is_new && gives_way(found->second, package)) found->second = std::move(package);
    }
    ours.had_conflict_markers = true;
    return ours;
}

}  // namespace

Result<Lockfile> Lockfile::parse(std::string_view text) {
    if (text.size() > k_bytes_max) {
        return Error{Errc::too_large, ErrorId::lockfile_invalid, "ggen.lock: it is larger than 64 MiB"};
    }
    if (auto const bad = first_invalid_utf8(text)) {
        auto const position = position_at(text, *bad);
        return lockfile_error(position.line, position.column, "this byte is not valid UTF-8");
    }
    if (!has_markers(text)) return read_lockfile(text);
    ASSIGN_OR_RETURN(auto const sides, split_sides(text));
    ASSIGN_OR_RETURN(auto ours, read_lockfile(sides.ours));
    ASSIGN_OR_RETURN(auto theirs, read_lockfile(sides.theirs));
    return joined(std::move(ours), std::move(theirs));
}

std::string Lockfile::print() const {
    std::string out{k_head};
    out += "version = " + std::to_string(k_format_version) + "\n";
    if (!requirements.empty()) out += "\n[requirements]\n";
    for (auto const& [name, range] : requirements) print_text(toml_string(name.text()), range, &out);
    for (auto const& [name, package] : packages) print_package(package, &out);
    return out;
}

}  // namespace ggen
