#include "resolve/describe.hpp"

#include <algorithm>
#include <utility>

namespace ggen::solver {
namespace {

/// Longer enumerations are cut to this and a count.
constexpr std::size_t k_listed_max = 3;

std::string cut_list(std::vector<std::string> items, std::string_view last = "and") {
    if (items.size() <= k_listed_max) return enumerated(items, last);
    auto const more = items.size() - (k_listed_max - 1);
    items.resize(k_listed_max - 1);
    items.push_back(std::to_string(more) + " more");
    return enumerated(items, last);
}

/// Runs of neighbours: "1.0.0 to 1.4.0". Yanked neighbours outside the set do not break a run.
std::vector<std::string> runs(std::vector<Candidate> const& versions, StateView states) {
    std::vector<std::string> out;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    auto const text = [&](std::uint32_t state) { return versions[state - 1].version.text(); };
    auto const flush = [&] {
        if (first == 0) return;
        bool const is_pair = first != last && states.size() > last && last == first + 1;
        if (is_pair) {
            out.push_back(text(first));
            out.push_back(text(last));
        } else {
            out.push_back(first == last ? text(first) : text(first) + " to " + text(last));
        }
        first = 0;
    };
    for (std::uint32_t state = 1; state < states.size(); ++state) {
        if (states.contains(state)) {
            if (first == 0) first = state;
            last = state;
        } else if (!versions[state - 1].yanked) {
            flush();
        }
    }
    flush();
    return out;
}

bool covers(std::vector<Candidate> const& versions, StateView states, bool with_prereleases) {
    for (std::uint32_t state = 1; state < states.size(); ++state) {
        auto const& candidate = versions[state - 1];
        if (candidate.yanked || (candidate.version.is_prerelease() && !with_prereleases)) continue;
        if (!states.contains(state)) return false;
    }
    return true;
}

}  // namespace

std::string shown(PackageName const& name, VersionRange const& range) {
    return range.text() == "*" || range.text().empty() ? name.text() : name.text() + " " + range.text();
}

std::string enumerated(std::vector<std::string> const& items, std::string_view last) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i != 0) out += i + 1 == items.size() ? " " + std::string{last} + " " : ", ";
        out += items[i];
    }
    return out;
}

Phrase Describer::states(PackageId package, StateView states, std::string_view last) const {
    if (package == k_root) return {std::string{root_label_}, false};
    auto const& name = facts_.catalog().name(package);
    auto const& versions = facts_.catalog().versions(package);
    if (auto const sole = states.sole(); sole != states.size()) {
        return {name.text() + " " + versions[sole - 1].version.text(), false};
    }
    if (covers(versions, states, true)) return {"every version of " + name.text(), false};
    for (auto const& range : facts_.ranges()) {
        if (range.package == package && range.states == states) {
            return {shown(name, range.range()), false};
        }
    }
    if (covers(versions, states, false)) return {"every release of " + name.text(), false};
    auto items = runs(versions, states);
    bool const is_plural = items.size() > 1;
    return {name.text() + " " + cut_list(std::move(items), last), is_plural};
}

Phrase Describer::depender(Incompatibility const& fact) const {
    auto const* term = fact.term(fact.depender);
    GGEN_ASSERT(term != nullptr);
    return states(fact.depender, term->states);
}

std::string Describer::wanted(Range const& range) const {
    auto text = shown(facts_.catalog().name(range.package), range.range());
    if (range.states.is_empty()) text += ", but " + why_empty(range);
    return text;
}

std::string Describer::why_empty(Range const& range) const {
    auto const name = facts_.catalog().name(range.package).text();
    auto const& versions = facts_.catalog().versions(range.package);
    if (versions.empty()) return "there is no package named " + name;
    std::vector<std::string> yanked;
    std::vector<std::string> prereleases;
    std::vector<std::string> others;
    for (auto entry = versions.rbegin(); entry != versions.rend(); ++entry) {
        auto const& version = entry->version;
        Version const release{version.major(), version.minor(), version.patch()};
        if (range.range().matches(version)) {
            yanked.push_back(version.text());
        } else if (entry->yanked) {
            continue;
        } else if (version.is_prerelease() && range.range().matches(release)) {
            prereleases.push_back(version.text());
        } else {
            others.push_back(version.text());
        }
    }
    if (!yanked.empty()) {
        return yanked.size() == 1
                   ? "the only version of " + name + " that matches, " + yanked[0] + ", was yanked"
                   : "all versions of " + name + " that match were yanked (" + cut_list(yanked) + ")";
    }
    if (!prereleases.empty()) {
        auto const verb = prereleases.size() == 1 ? " exists" : " exist";
        return "only the prerelease" + std::string{prereleases.size() == 1 ? " " : "s "} +
               cut_list(prereleases) + verb + ", and a range admits none that it does not name";
    }
    if (others.empty()) return "every version of " + name + " was yanked";
    auto const verb = others.size() == 1 ? " exists" : " exist";
    return "no version of " + name + " matches (" + cut_list(others) + verb + ")";
}

std::string Describer::clause(Incompatibility const& incompatibility) const {
    if (incompatibility.kind == CauseKind::derived) return derived_clause(incompatibility);
    if (incompatibility.kind == CauseKind::root) return std::string{root_label_} + " is being solved";
    auto const who = depender(incompatibility);
    auto const& range = facts_.range(incompatibility.range);
    if (incompatibility.kind == CauseKind::constraint) {
        return who.text + (who.is_plural ? " work" : " works") + " with no " +
               facts_.catalog().name(range.package).text() + " but " + range.range().text();
    }
    return who.text + (who.is_plural ? " need " : " needs ") + wanted(range);
}

std::string Describer::derived_clause(Incompatibility const& incompatibility) const {
    std::vector<std::string> given;
    std::vector<std::string> needed;
    bool is_plural = false;
    for (auto const& term : incompatibility.terms) {
        if (term.package == k_root) continue;
        if (term.states.contains(0)) {
            needed.push_back(states(term.package, term.states.complement(), "or").text);
        } else {
            auto const phrase = states(term.package, term.states);
            given.push_back(phrase.text);
            is_plural = phrase.is_plural;
        }
    }
    is_plural = is_plural || given.size() > 1;
    if (given.empty() && needed.empty()) {
        return "the requirements of " + std::string{root_label_} + " cannot all be met";
    }
    if (given.empty()) {
        return enumerated(needed, "or") + " is needed";
    }
    if (!needed.empty()) {
        return enumerated(given, "and") + (given.size() > 1 ? " together need " : is_plural ? " need " : " needs ") +
               enumerated(needed, "or");
    }
    if (given.size() == 1) {
        constexpr std::string_view k_every = "every ";
        if (!given[0].starts_with(k_every)) return given[0] + " cannot be used";
        return "no " + given[0].substr(k_every.size()) + " can be used";
    }
    return enumerated(given, "and") + " cannot be used together";
}

}  // namespace ggen::solver
