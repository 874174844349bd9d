#include "resolve/fact_base.hpp"

#include <algorithm>
#include <utility>

namespace ggen::solver {
namespace {

/// `terms` sorted, without the one that is always true.
std::vector<Term> two_terms(Term a, Term b) {
    std::vector<Term> out;
    if (b.package < a.package) std::swap(a, b);
    if (!a.states.is_all()) out.push_back(std::move(a));
    if (!b.states.is_all()) out.push_back(std::move(b));
    return out;
}

}  // namespace

bool is_exact(VersionRange const& range) {
    return range.sets().size() == 1 && range.sets()[0].size() == 1 &&
           range.sets()[0][0].op == VersionRange::Operator::equal;
}

std::map<PackageName, std::vector<Version>> exact_pins(std::vector<Dependency> const& roots) {
    std::map<PackageName, std::vector<Version>> out;
    for (auto const& root : roots) {
        if (is_exact(root.range)) out[root.name].push_back(root.range.sets()[0][0].version);
    }
    return out;
}

FactBase::FactBase(Catalog& catalog, Problem problem, bool expands_known)
    : catalog_(catalog), problem_(std::move(problem)), expands_known_(expands_known), packages_(1) {
    packages_[k_root].state_count = 2;
    packages_[k_root].expanded = StateSet::none(2);
    Incompatibility needed;
    needed.terms.push_back({k_root, StateSet::only(2, 0)});
    watch(add(std::move(needed)));
}

Result<PackageId> FactBase::open(PackageName const& name) {
    ASSIGN_OR_RETURN(auto const id, catalog_.open(name));
    if (id >= packages_.size()) packages_.resize(catalog_.package_count());
    auto& package = packages_[id];
    if (package.state_count != 0) return id;
    opened_.push_back(id);
    auto const& versions = catalog_.versions(id);
    package.state_count = static_cast<std::uint32_t>(versions.size()) + 1;
    package.expanded = StateSet::none(package.state_count);
    package.admitted_yanked = StateSet::none(package.state_count);
    auto const find = [&](Version const& version) -> std::uint32_t {
        auto const found = std::lower_bound(
            versions.begin(), versions.end(), version,
            [](Candidate const& a, Version const& b) { return a.version < b; });
        if (found == versions.end() || found->version != version) return 0;
        return static_cast<std::uint32_t>(found - versions.begin()) + 1;
    };
    if (auto const locked = problem_.locked.find(name); locked != problem_.locked.end()) {
        package.locked_state = find(locked->second);
        if (package.locked_state != 0) package.admitted_yanked.add(package.locked_state);
    }
    if (auto const pinned = problem_.pinned.find(name); pinned != problem_.pinned.end()) {
        for (auto const& version : pinned->second) {
            if (auto const state = find(version); state != 0) package.admitted_yanked.add(state);
        }
    }
    return id;
}

RangeId FactBase::register_range(PackageId package, VersionRange const& range) {
    auto& entry = packages_[package];
    auto const next = static_cast<RangeId>(ranges_.size());
    auto const [found, is_new] = entry.ranges.emplace(range.text(), next);
    if (!is_new) return found->second;
    Range out{package, range, StateSet::none(entry.state_count)};
    auto const& versions = catalog_.versions(package);
    bool const admits_yanked = is_exact(range);
    for (std::uint32_t state = 1; state < entry.state_count; ++state) {
        auto const& candidate = versions[state - 1];
        if (candidate.yanked && !admits_yanked && !entry.admitted_yanked.contains(state)) continue;
        if (range.matches(candidate.version)) out.states.add(state);
    }
    ranges_.push_back(std::move(out));
    return next;
}

Result<void> FactBase::expand(PackageId package, std::uint32_t state,
                              std::vector<IncompatibilityId>& fresh) {
    RETURN_IF_ERROR(expand_one(package, state, fresh));
    if (!expands_known_ || package == k_root) return ok();
    for (std::uint32_t other = 1; other < packages_[package].state_count; ++other) {
        if (is_expanded(package, other)) continue;
        if (catalog_.known_dependencies(package, other - 1) == nullptr) continue;
        RETURN_IF_ERROR(expand_one(package, other, fresh));
    }
    return ok();
}

Result<void> FactBase::expand_one(PackageId package, std::uint32_t state,
                                  std::vector<IncompatibilityId>& fresh) {
    packages_[package].expanded.add(state);
    auto const* needs = &problem_.roots;
    if (package != k_root) {
        ASSIGN_OR_RETURN(needs, catalog_.dependencies(package, state - 1));
    }
    for (auto const& need : *needs) catalog_.prefetch(need.name);
    for (auto const& need : *needs) {
        ASSIGN_OR_RETURN(auto const target, open(need.name));
        auto const range = register_range(target, need.range);
        add_dependency(package, state, range, need.optional, fresh);
    }
    return ok();
}

void FactBase::add_dependency(PackageId depender, std::uint32_t state, RangeId range, bool optional,
                              std::vector<IncompatibilityId>& fresh) {
    auto const& wanted = ranges_[range];
    if (optional && wanted.states.is_empty()) return;
    auto mine = StateSet::only(packages_[depender].state_count, state);
    Incompatibility fact;
    fact.kind = optional ? CauseKind::constraint : CauseKind::dependency;
    fact.depender = depender;
    fact.range = range;
    if (wanted.package == depender) {
        if (wanted.states.contains(state)) return;
        fact.terms.push_back({depender, std::move(mine)});
    } else {
        auto const key = std::tuple{depender, range, optional};
        if (auto const found = merged_.find(key); found != merged_.end()) {
            auto& narrower = arena_[found->second];
            narrower.is_retired = true;
            mine = mine | narrower.term(depender)->states;
            for (auto const& term : narrower.terms) {
                auto& list = packages_[term.package].about;
                list.erase(std::find(list.begin(), list.end(), found->second));
            }
        }
        auto others = wanted.states.complement();
        if (optional) others.remove(0);
        if (others.is_empty()) return;  // An optional dependency on any version forbids nothing.
        if (depender == k_root) mine = StateSet::only(2, 1);
        fact.terms = two_terms({depender, std::move(mine)}, {wanted.package, std::move(others)});
    }
    fresh.push_back(add(std::move(fact)));
    watch(fresh.back());
    if (wanted.package != depender) merged_[{depender, range, optional}] = fresh.back();
}

IncompatibilityId FactBase::add(Incompatibility incompatibility) {
    auto const id = static_cast<IncompatibilityId>(arena_.size());
    bytes_ += sizeof(Incompatibility);
    for (auto const& term : incompatibility.terms) {
        bytes_ += sizeof(Term) + term.states.heap_bytes();
    }
    arena_.push_back(std::move(incompatibility));
    return id;
}

void FactBase::watch(IncompatibilityId id) {
    for (auto const& term : arena_[id].terms) packages_[term.package].about.push_back(id);
}

std::vector<Dependency> const& FactBase::dependencies(PackageId package, std::uint32_t state) const {
    if (package == k_root) return problem_.roots;
    auto const* known = catalog_.known_dependencies(package, state - 1);
    GGEN_ASSERT(known != nullptr);
    return *known;
}

Range const& FactBase::range_of(Dependency const& dependency) const {
    auto const package = catalog_.find(dependency.name);
    GGEN_ASSERT(package != 0);
    return ranges_[packages_[package].ranges.at(dependency.range.text())];
}

}  // namespace ggen::solver
