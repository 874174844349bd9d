#include "resolve/testing/universe.hpp"

#include <utility>

namespace ggen::testing {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (true) {
        auto const end = text.find(separator);
        out.push_back(trimmed(text.substr(0, end)));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

Result<std::vector<Dependency>> parse_dependencies(std::string_view text) {
    std::vector<Dependency> out;
    if (trimmed(text).empty()) return out;
    for (auto const item : split(text, ',')) {
        auto const blank = item.find(' ');
        auto name = item.substr(0, blank);
        bool const is_optional = name.ends_with('?');
        if (is_optional) name.remove_suffix(1);
        auto const range = blank == std::string_view::npos ? "*" : trimmed(item.substr(blank));
        ASSIGN_OR_RETURN(auto parsed_name, PackageName::parse(name));
        ASSIGN_OR_RETURN(auto parsed_range, VersionRange::parse(range));
        out.push_back({std::move(parsed_name), std::move(parsed_range), is_optional, {}});
    }
    return out;
}

std::string dependencies_text(std::vector<Dependency> const& dependencies) {
    std::string out;
    for (auto const& dependency : dependencies) {
        if (!out.empty()) out += ", ";
        out += dependency.name.text() + (dependency.optional ? "? " : " ") + dependency.range.text();
    }
    return out;
}

Result<void> parse_line(std::string_view line, Universe& out) {
    auto const colon = line.find(':');
    auto const head = trimmed(line.substr(0, colon));
    auto const tail = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (head == "root") {
        ASSIGN_OR_RETURN(out.request.roots, parse_dependencies(tail));
        return ok();
    }
    auto const words = split(head == "locked" ? trimmed(tail) : head, ' ');
    if (words.size() < 2) return Error{Errc::invalid, "universe: " + std::string{line}};
    ASSIGN_OR_RETURN(auto name, PackageName::parse(words[0]));
    ASSIGN_OR_RETURN(auto version, Version::parse(words[1]));
    if (head == "locked") {
        out.request.locked.insert_or_assign(std::move(name), std::move(version));
        return ok();
    }
    ASSIGN_OR_RETURN(auto dependencies, parse_dependencies(tail));
    bool const is_yanked = words.size() > 2 && words[2] == "yanked";
    out.packages[name].push_back({{std::move(version), is_yanked}, std::move(dependencies)});
    return ok();
}

PackageName name_of(std::string const& text) { return PackageName::parse(text).value(); }
PackageName numbered(std::uint32_t number) { return name_of("p" + std::to_string(number)); }
Dependency any(PackageName name) { return {std::move(name), VersionRange{}, false, {}}; }
Dependency exactly(PackageName name, std::uint32_t major) {
    return {std::move(name), VersionRange::exactly(Version{major, 0, 0}), false, {}};
}
void offer(Universe& universe, PackageName const& name, std::uint32_t major,
           std::vector<Dependency> dependencies) {
    universe.packages[name].push_back({{Version{major, 0, 0}, false}, std::move(dependencies)});
}

}  // namespace

Result<Universe> Universe::parse(std::string_view text) {
    Universe out;
    for (auto const line : split(text, '\n')) {
        if (line.empty() || line.front() == '#') continue;
        RETURN_IF_ERROR(parse_line(line, out));
    }
    return out;
}

std::string Universe::text() const {
    std::string out = "root: " + dependencies_text(request.roots) + "\n";
    for (auto const& [name, version] : request.locked) {
        out += "locked: " + name.text() + " " + version.text() + "\n";
    }
    for (auto const& [name, releases] : packages) {
        for (auto const& release : releases) {
            out += name.text() + " " + release.candidate.version.text();
            if (release.candidate.yanked) out += " yanked";
            if (!release.dependencies.empty()) out += ": " + dependencies_text(release.dependencies);
            out += "\n";
        }
    }
    return out;
}

Universe::Release const* Universe::find(PackageName const& name, Version const& version) const {
    auto const package = packages.find(name);
    if (package == packages.end()) return nullptr;
    for (auto const& release : package->second) {
        if (release.candidate.version == version) return &release;
    }
    return nullptr;
}

void UniverseProvider::note(std::string question) {
    ++questions_;
    if (++asked_[std::move(question)] > 1) was_asked_twice_ = true;
}

Result<std::vector<Candidate>> UniverseProvider::versions(PackageName const& name) {
    note(name.text());
    std::vector<Candidate> out;
    if (auto const found = universe_.packages.find(name); found != universe_.packages.end()) {
        for (auto const& release : found->second) out.push_back(release.candidate);
    }
    return out;
}

Result<std::vector<Dependency>> UniverseProvider::dependencies(PackageName const& name,
                                                               Version const& version) {
    note(name.text() + " " + version.text());
    auto const* release = universe_.find(name, version);
    if (release == nullptr) return Error{Errc::not_found, "no such release: " + name.text()};
    return release->dependencies;
}

std::string solution_text(Solution const& solution) {
    std::string out;
    for (auto const& [name, chosen] : solution.packages) {
        out += name.text() + " " + chosen.version.text() + (chosen.yanked ? " (yanked)" : "") + "\n";
    }
    return out;
}

std::uint64_t Dice::next() {
    state_ += 0x9E3779B97F4A7C15U;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

namespace {

/// Parsing is a third of the time of a test over many universes; the texts repeat.
VersionRange const& range_of(std::string const& text) {
    static std::map<std::string, VersionRange> known;
    auto found = known.find(text);
    if (found == known.end()) found = known.emplace(text, VersionRange::parse(text).value()).first;
    return found->second;
}

/// Everything that a registry may offer: prereleases, yanked and unknown ones, locks, optional ones.
Universe motley_universe(std::uint64_t seed) {
    static char const* const k_versions[] = {"1.0.0",      "1.1.0", "1.2.0-rc.1", "2.0.0-rc.1",
                                             "2.0.0-rc.2", "2.0.0", "2.1.0",      "3.0.0"};
    static char const* const k_ranges[] = {"*",      "^1",     "^2",          "1.0.0",       ">=1.1.0",
                                           "<2",     "=2.0.0", ">=2.0.0-rc.1", "^1 || ^3",   "^3",
                                           "<=1.0.0", "2.0.0", "^1.2.0-rc.1 || 1.0.0", "~1.1", "*"};
    Dice dice{seed};
    auto const package_count = 2 + dice.below(5);
    auto const dependency = [&](std::uint32_t optional_one_in) -> Dependency {
        // One number beyond the last: now and then the package does not exist.
        auto const number = dice.one_in(40) ? package_count : dice.below(package_count);
        auto const* const range = k_ranges[dice.below(std::size(k_ranges))];
        bool const is_optional = dice.one_in(optional_one_in);
        return {numbered(number), range_of(range), is_optional, {}};
    };
    Universe out;
    for (std::uint32_t number = 0; number < package_count; ++number) {
        for (auto const* const version : k_versions) {
            if (!dice.one_in(2)) continue;
            Universe::Release release{{Version::parse(version).value(), dice.one_in(8)}, {}};
            for (auto i = dice.below(4); i > 0; --i) release.dependencies.push_back(dependency(5));
            out.packages[numbered(number)].push_back(std::move(release));
        }
    }
    for (auto i = 1 + dice.below(3); i > 0; --i) out.request.roots.push_back(dependency(8));
    for (auto const& [name, releases] : out.packages) {
        if (!dice.one_in(4)) continue;
        auto const pick = dice.below(static_cast<std::uint32_t>(releases.size()));
        out.request.locked.insert_or_assign(name, releases[pick].candidate.version);
    }
    return out;
}

/// Plain releases whose ranges are random sets of versions: many conflicts before an answer.
Universe dense_universe(std::uint64_t seed) {
    Dice dice{seed};
    auto const package_count = 4 + dice.below(4);
    auto const version_count = 2 + dice.below(3);
    auto const dependency = [&](std::uint32_t not_this) -> Dependency {
        auto number = dice.below(package_count - 1);
        if (number >= not_this) ++number;
        std::string range;
        for (std::uint32_t major = 1; major <= version_count; ++major) {
            if (dice.one_in(3)) continue;
            if (!range.empty()) range += " || ";
            range += std::to_string(major);
        }
        if (range.empty()) range = "1";
        return {numbered(number), range_of(range), dice.one_in(12), {}};
    };
    Universe out;
    for (std::uint32_t number = 0; number < package_count; ++number) {
        for (std::uint32_t major = 1; major <= version_count; ++major) {
            std::vector<Dependency> needs;
            for (auto i = 1 + dice.below(3); i > 0; --i) needs.push_back(dependency(number));
            offer(out, numbered(number), major, std::move(needs));
        }
    }
    for (auto i = 2 + dice.below(2); i > 0; --i) {
        out.request.roots.push_back(dependency(package_count - 1));
    }
    return out;
}

}  // namespace

Universe random_universe(std::uint64_t seed) {
    return seed % 2 == 0 ? motley_universe(seed) : dense_universe(seed);
}

Universe singletons(std::uint32_t packages, std::uint32_t versions) {
    Universe out;
    out.request.roots.push_back(any(numbered(1)));
    for (std::uint32_t n = 1; n < packages; ++n) {
        if (n == 1) offer(out, numbered(1), 0, {});
        for (std::uint32_t v = 1; v < versions; ++v) {
            offer(out, numbered(n), v, {exactly(numbered(n + 1), v)});
        }
    }
    return out;
}

Universe disjoint(std::uint32_t packages, std::uint32_t versions) {
    auto out = singletons(packages, versions);
    auto const last = name_of("q");
    out.request.roots.push_back(exactly(last, 0));
    for (std::uint32_t v = 0; v < versions; ++v) offer(out, last, v, {});
    for (std::uint32_t v = 1; v < versions; ++v) {
        offer(out, numbered(packages), v, {exactly(last, v)});
    }
    return out;
}

Universe ranges(std::uint32_t packages, std::uint32_t versions) {
    Universe out;
    out.request.roots.push_back(any(numbered(1)));
    for (std::uint32_t n = 1; n < packages; ++n) {
        if (n == 1) offer(out, numbered(1), 0, {});
        for (std::uint32_t v = 1; v < versions; ++v) {
            auto range = VersionRange::parse(">=" + std::to_string(versions - v) + ".0.0").value();
            offer(out, numbered(n), v, {{numbered(n + 1), std::move(range), false, {}}});
        }
    }
    return out;
}

Universe lists(std::uint32_t packages, std::uint32_t versions) {
    Universe out;
    out.request.roots.push_back(any(numbered(1)));
    for (std::uint32_t n = 1; n < packages; ++n) {
        if (n == 1) offer(out, numbered(1), 0, {});
        for (std::uint32_t v = 1; v < versions; ++v) {
            std::string text;
            for (auto other = versions - v; other < versions; ++other) {
                text += (text.empty() ? "" : "||") + std::to_string(other) + ".0.0";
            }
            offer(out, numbered(n), v, {{numbered(n + 1), VersionRange::parse(text).value(), false, {}}});
        }
    }
    return out;
}

Universe pigeons(std::uint32_t holes) {
    Universe out;
    auto const hole = [](std::uint32_t n) { return PackageName::parse("hole" + std::to_string(n)).value(); };
    for (std::uint32_t pigeon = 0; pigeon <= holes; ++pigeon) {
        auto const name = PackageName::parse("pigeon" + std::to_string(pigeon)).value();
        out.request.roots.push_back(any(name));
        for (std::uint32_t n = 0; n < holes; ++n) {
            auto alone = VersionRange::exactly(Version{pigeon, 0, 0});
            offer(out, name, n, {{hole(n), std::move(alone), false, {}}});
        }
    }
    for (std::uint32_t n = 0; n < holes; ++n) {
        for (std::uint32_t pigeon = 0; pigeon <= holes; ++pigeon) offer(out, hole(n), pigeon, {});
    }
    return out;
}

Universe tree(std::uint32_t packages) {
    Universe out;
    out.request.roots.push_back(any(numbered(1)));
    for (std::uint32_t n = 1; n <= packages; ++n) {
        std::vector<Dependency> children;
        for (auto const child : {2 * n, 2 * n + 1}) {
            if (child <= packages) children.push_back(any(numbered(child)));
        }
        offer(out, numbered(n), 1, children);
    }
    return out;
}

Universe chain(std::uint32_t packages, bool is_cycle) {
    Universe out;
    out.request.roots.push_back(any(numbered(1)));
    for (std::uint32_t n = 1; n <= packages; ++n) {
        std::vector<Dependency> next;
        if (n < packages) next.push_back(any(numbered(n + 1)));
        if (n == packages && is_cycle) next.push_back(any(numbered(1)));
        offer(out, numbered(n), 1, next);
        offer(out, numbered(n), 2, next);
    }
    return out;
}

Universe star(std::uint32_t packages) {
    Universe out;
    for (std::uint32_t n = 1; n <= packages; ++n) {
        out.request.roots.push_back(any(numbered(n)));
        offer(out, numbered(n), 1, {});
        offer(out, numbered(n), 2, {});
    }
    return out;
}

}  // namespace ggen::testing
