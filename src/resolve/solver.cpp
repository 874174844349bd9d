#include "resolve/solver.hpp"

#include <tuple>
#include <utility>

namespace ggen::solver {

Solver::Solver(Catalog& catalog, Problem const& problem, Budget& budget, bool expands_known)
    : catalog_(catalog), budget_(budget), facts_(catalog, problem, expands_known) {
    constexpr std::size_t k_usual_packages = 32;
    for (auto* list : {&changed_, &forced_, &queue_, &preferred_, &package_conflicts_}) {
        list->reserve(k_usual_packages);
    }
    fresh_.reserve(k_usual_packages);
    dated_.reserve(4 * k_usual_packages);
    levels_.reserve(k_usual_packages);
    partial_.open(k_root, 2);
    levels_.push_back({++stamps_, 0, 1, {}});
    fresh_.push_back(0);
    enqueue(k_root);
}

void Solver::restart() {
    backjump(0);
    while (queue_.size() > 1) {
        is_queued_[queue_.back()] = false;
        queue_.pop_back();
    }
    head_ = 0;
}

Result<Outcome> Solver::run(Order order, std::uint64_t conflicts_max) {
    floor_ = 0;
    optional_package_ = 0;
    optional_dependency_ = 0;
    restart();
    wants_restart_ = false;
    restarts_on_trouble_ = order == Order::by_conflicts;
    return search(order, conflicts_max);
}

Result<Outcome> Solver::search(Order order, std::uint64_t conflicts_max) {
    auto const conflicts_before = conflicts_;
    while (true) {
        RETURN_IF_ERROR(propagate());
        if (is_impossible_) return Outcome::impossible;
        if (conflicts_ - conflicts_before > conflicts_max) return Outcome::undecided;
        if (std::exchange(wants_restart_, false)) restart();
        ASSIGN_OR_RETURN(bool const has_news, expand_forced());
        if (has_news) continue;
        auto const in_order = next_canonical();
        if (in_order == k_root) return Outcome::solved;
        auto const package = order == Order::canonical ? in_order : next_by_conflicts();
        auto const state = best_state(package);
        if (!facts_.is_expanded(package, state)) {
            // Its needs may rule it out without a conflict.
            RETURN_IF_ERROR(expand(package, state));
            continue;
        }
        begin_level();
        assign(package, StateView::only(facts_.state_count(package), state, partial_.arena()),
               k_no_incompatibility);
    }
}

/// Packages with one state left are as good as decided: looking at their needs early changes no
/// choice and prunes the others.
Result<bool> Solver::expand_forced() {
    bool has_news = false;
    while (!forced_.empty()) {
        auto const package = forced_.back();
        forced_.pop_back();
        auto const state = partial_.chosen(package);
        if (state == 0 || facts_.is_expanded(package, state)) continue;
        RETURN_IF_ERROR(expand(package, state));
        has_news = true;
    }
    return has_news;
}

Result<void> Solver::expand(PackageId package, std::uint32_t state) {
    RETURN_IF_ERROR(facts_.expand(package, state, fresh_));
    auto const count = facts_.package_count();
    if (is_changed_.size() < count) {
        is_changed_.resize(count);
        is_queued_.resize(count);
        preferred_.resize(count);
        package_conflicts_.resize(count);
    }
    for (; opened_ < facts_.opened().size(); ++opened_) {
        auto const met = facts_.opened()[opened_];
        partial_.open(met, facts_.state_count(met));
    }
    return check_limits();
}

void Solver::enqueue(PackageId package) {
    if (package >= is_queued_.size()) is_queued_.resize(package + 1);
    if (is_queued_[package] != 0) return;
    is_queued_[package] = 1;
    queue_.push_back(package);
}

/// The first undecided package, breadth first from the root; k_root when there is none.
PackageId Solver::next_canonical() {
    for (; head_ < queue_.size(); ++head_) {
        auto const package = queue_[head_];
        auto const state = partial_.chosen(package);
        if (state == 0) return package;
        for (auto const& need : facts_.needs(package, state)) {
            if (!need.is_optional) enqueue(catalog_.number(need.entry));
        }
    }
    return k_root;
}

PackageId Solver::next_by_conflicts() const {
    using Rank = std::tuple<std::uint32_t, std::uint32_t, PackageId>;
    Rank best{~std::uint32_t{0}, 0, k_root};
    for (PackageId package = 1; package < is_changed_.size(); ++package) {
        if (!partial_.is_open(package) || !partial_.is_required(package)) continue;
        if (partial_.chosen(package) != 0) continue;
        auto const conflicts = package_conflicts_[package];
        auto const trouble = conflicts < k_trouble_conflicts ? 0 : conflicts;
        best = std::min(best, Rank{~std::uint32_t{0} - 1 - trouble, partial_.states(package).count(),
                                   package});
    }
    return std::get<2>(best);
}

/// The preference: what `prefer` says, the locked version, the highest release, the highest
/// prerelease; yanked ones last.
std::uint32_t Solver::best_state(PackageId package) const {
    auto const left = partial_.states(package);
    if (auto const state = preferred_[package]; state != 0 && left.contains(state)) return state;
    auto const locked = facts_.locked_state(package);
    if (locked != 0 && left.contains(locked)) return locked;
    return catalog_.best(package, left);
}

void Solver::begin_level() {
    levels_.push_back({++stamps_, head_, queue_.size(), partial_.arena().mark()});
}

void Solver::prefer(std::vector<std::pair<PackageId, std::uint32_t>> const& states) {
    for (auto const& [package, state] : states) preferred_[package] = state;
}

Result<void> Solver::add_optional() {
    restarts_on_trouble_ = false;
    wants_restart_ = false;
    while (true) {
        floor_ = level();
        if (!decide_next_optional()) return ok();
        ASSIGN_OR_RETURN(auto const outcome, search(Order::canonical, ~std::uint64_t{0}));
        GGEN_ASSERT(outcome == Outcome::solved);
    }
}

/// Decides "the package is chosen, within the range" for the next optional dependency that can still
/// be had. The cursor stays on it: when the attempt fails, propagation has ruled the package out and
/// the next call passes over it.
bool Solver::decide_next_optional() {
    for (; optional_package_ < queue_.size(); ++optional_package_, optional_dependency_ = 0) {
        auto const package = queue_[optional_package_];
        auto const needs = facts_.needs(package, partial_.chosen(package));
        for (; optional_dependency_ < needs.size(); ++optional_dependency_) {
            auto const& need = needs[optional_dependency_];
            if (!need.is_optional) continue;
            auto const target = catalog_.number(need.entry);
            if (partial_.is_required(target)) continue;
            auto const wanted = facts_.range_of(need).states;
            if (partial_.states(target).relation_to(wanted) == Relation::disjoint) continue;
            begin_level();
            assign(target, partial_.states(target).with(wanted, partial_.arena()), k_no_incompatibility);
            enqueue(target);
            return true;
        }
    }
    return false;
}

}  // namespace ggen::solver
