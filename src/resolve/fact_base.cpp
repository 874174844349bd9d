#include "resolve/fact_base.hpp"

#include <algorithm>
#include <utility>

namespace ggen::solver {
namespace {

constexpr RangeId k_no_range = ~RangeId{0};
/// Room for small solves, so that their lists are not moved again and again.
constexpr std::size_t k_usual_packages = 32;
constexpr std::size_t k_usual_facts = 128;

}  // namespace

std::map<PackageName, std::vector<Version>> exact_pins(std::vector<Dependency> const& roots) {
    std::map<PackageName, std::vector<Version>> out;
    for (auto const& root : roots) {
        if (is_exact(root.range)) out[root.name].push_back(root.range.sets()[0][0].version);
    }
    return out;
}

FactBase::FactBase(Catalog& catalog, Problem const& problem, bool expands_known)
    : catalog_(catalog), problem_(problem), expands_known_(expands_known), packages_(1) {
    packages_.reserve(k_usual_packages);
    opened_.reserve(k_usual_packages);
    ranges_.reserve(k_usual_facts);
    watched_.reserve(k_usual_facts);
    causes_.reserve(k_usual_facts);
    make_room(k_root);
    packages_[k_root].state_count = 2;
    packages_[k_root].expanded = arena_.allocate<std::uint64_t>(1);
    packages_[k_root].expanded[0] = 0;
    Term const needed{k_root, StateView::only(2, 0, arena_)};
    watch(add({&needed, 1}, {k_no_incompatibility, k_no_incompatibility, 0, 0, CauseKind::root}));
}

void FactBase::make_room(PackageId package) {
    if (package >= packages_.size()) packages_.resize(catalog_.package_count());
}

void FactBase::open(PackageId id) {
    make_room(id);
    auto& package = packages_[id];
    if (package.state_count != 0) return;
    opened_.push_back(id);
    package.state_count = catalog_.version_count(id) + 1;
    auto const words = (std::size_t{package.state_count} + 63) / 64;
    package.expanded = arena_.allocate<std::uint64_t>(words);
    std::fill(package.expanded, package.expanded + words, 0);
    StateView admitted;
    auto const admit = [&](std::uint32_t state) {
        if (state == 0) return;
        auto const one = StateView::only(package.state_count, state, arena_);
        admitted = admitted.size() == 0 ? one : admitted.united(one, arena_);
    };
    if (!problem_.locked.empty()) {
        auto const locked = problem_.locked.find(catalog_.name(id));
        if (locked != problem_.locked.end()) package.locked_state = catalog_.state_of(id, locked->second);
    }
    if (catalog_.yanked(id).is_empty()) return;
    admit(package.locked_state);
    if (auto const pinned = problem_.pinned.find(catalog_.name(id)); pinned != problem_.pinned.end()) {
        for (auto const& version : pinned->second) admit(catalog_.state_of(id, version));
    }
    if (admitted.size() == 0) return;
    auto* const kept = arena_.allocate<StateView>(1);
    *kept = admitted;
    package.admitted_yanked = kept;
}

RangeId FactBase::register_range(Need const& need) {
    auto& id = range_ids_.at(need.range, k_no_range);
    if (id != k_no_range) return id;
    id = static_cast<RangeId>(ranges_.size());
    auto const& known = catalog_.range(need.range);
    auto const package = catalog_.number(need.entry);
    auto states = known.matches.view();
    auto refused = catalog_.yanked(package);
    if (!refused.is_empty() && !known.is_exact) {
        auto const* const admitted = packages_[package].admitted_yanked;
        if (admitted != nullptr) refused = refused.without(*admitted, arena_);
        states = states.without(refused, arena_);
    }
    ranges_.push_back({package, &known, states, states.inverted(arena_)});
    return id;
}

Result<void> FactBase::expand(PackageId package, std::uint32_t state,
                              std::vector<IncompatibilityId>& fresh) {
    RETURN_IF_ERROR(expand_one(package, state, fresh));
    if (!expands_known_ || package == k_root) return ok();
    for (std::uint32_t other = 1; other < packages_[package].state_count; ++other) {
        if (is_expanded(package, other)) continue;
        if (!catalog_.is_known(package, other - 1)) continue;
        RETURN_IF_ERROR(expand_one(package, other, fresh));
    }
    return ok();
}

Result<void> FactBase::expand_one(PackageId package, std::uint32_t state,
                                  std::vector<IncompatibilityId>& fresh) {
    packages_[package].expanded[state / 64] |= std::uint64_t{1} << (state % 64);
    std::span<Need const> needs;
    if (package == k_root) {
        ASSIGN_OR_RETURN(root_needs_, catalog_.needs_of(problem_.roots));
        needs = root_needs_;
    } else {
        ASSIGN_OR_RETURN(needs, catalog_.needs(package, state - 1));
    }
    for (auto const& need : needs) {
        open(catalog_.number(need.entry));
        add_dependency(package, state, need, fresh);
    }
    return ok();
}

void FactBase::add_dependency(PackageId depender, std::uint32_t state, Need const& need,
                              std::vector<IncompatibilityId>& fresh) {
    auto const range = register_range(need);
    auto const wanted = ranges_[range];
    if (need.is_optional && wanted.states.is_empty()) return;
    auto mine = StateView::only(packages_[depender].state_count, state, arena_);
    Cause const cause{k_no_incompatibility, k_no_incompatibility, depender, range,
                      need.is_optional ? CauseKind::constraint : CauseKind::dependency};
    if (wanted.package == depender) {
        if (wanted.states.contains(state)) return;
        Term const term{depender, mine};
        fresh.push_back(add({&term, 1}, cause));
        watch(fresh.back());
        return;
    }
    auto& merged = merged_.at((std::uint64_t{range} << 32) | (std::uint64_t{depender} << 1) |
                                  (need.is_optional ? 1U : 0U),
                              k_no_incompatibility);
    if (merged != k_no_incompatibility) {
        for (auto const& term : terms(merged)) {
            if (term.package == depender) mine = mine.united(term.states, arena_);
        }
        retire(merged);
    }
    auto others = wanted.others;
    if (need.is_optional) {
        others = others.without(StateView::only(others.size(), 0, arena_), arena_);
        if (others.is_empty()) return;  // An optional dependency on any version forbids nothing.
    }
    Term both[2] = {{depender, mine}, {wanted.package, others}};
    if (wanted.package < depender) std::swap(both[0], both[1]);
    std::size_t count = 0;
    for (auto const& term : both) {
        if (!term.states.is_all()) both[count++] = term;
    }
    merged = add({both, count}, cause);
    fresh.push_back(merged);
    watch(merged);
}

void FactBase::retire(IncompatibilityId id) {
    causes_[id].is_retired = true;
    for (auto const& term : terms(id)) {
        auto& list = packages_[term.package].about;
        auto* const end = list.ids + list.count;
        auto* place = end - 1;
        while (*place != id) --place;
        std::copy(place + 1, end, place);
        --list.count;
    }
}

IncompatibilityId FactBase::add(std::span<Term const> terms, Cause const& cause) {
    auto const id = static_cast<IncompatibilityId>(watched_.size());
    auto* const kept = arena_.allocate<Term>(terms.size());
    std::copy(terms.begin(), terms.end(), kept);
    watched_.push_back({kept, static_cast<std::uint32_t>(terms.size()), 0, 0});
    causes_.push_back(cause);
    return id;
}

IncompatibilityId FactBase::add_derived(std::span<Term const> terms, IncompatibilityId left,
                                        IncompatibilityId right) {
    return add(terms, {left, right, 0, 0, CauseKind::derived});
}

Incompatibility FactBase::at(IncompatibilityId id) const {
    auto const& cause = causes_[id];
    return {terms(id), cause.kind, cause.left, cause.right, cause.depender, cause.range};
}

void FactBase::put(PackageId package, IncompatibilityId id) {
    auto& list = packages_[package].about;
    if (list.count == list.capacity) {
        auto const capacity = std::max<std::uint32_t>(4, list.capacity * 2);
        auto* const wider = arena_.allocate<IncompatibilityId>(capacity);
        std::copy(list.ids, list.ids + list.count, wider);
        list.ids = wider;
        list.capacity = capacity;
    }
    list.ids[list.count++] = id;
}

void FactBase::watch(IncompatibilityId id) {
    for (auto const& term : terms(id)) put(term.package, id);
}

}  // namespace ggen::solver
