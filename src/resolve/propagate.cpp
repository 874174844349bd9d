#include <algorithm>
#include <utility>

#include "resolve/solver.hpp"

namespace ggen::solver {
namespace {

/// Looking at so many incompatibilities counts as one more step.
constexpr std::size_t k_incompatibilities_per_step = 16;

/// Both lists are sorted by package. For `pivot` either side may hold, for the others both must.
void join(std::span<Term const> a, std::span<Term const> b, PackageId pivot, Arena& arena,
          std::vector<Term>& out) {
    out.clear();
    auto left = a.begin();
    auto right = b.begin();
    while (left != a.end() && right != b.end()) {
        if (left->package < right->package) {
            out.push_back(*left++);
        } else if (right->package < left->package) {
            out.push_back(*right++);
        } else {
            auto const states = left->package == pivot ? left->states.united(right->states, arena)
                                                       : left->states.with(right->states, arena);
            if (!states.is_all()) out.push_back({left->package, states});
            ++left;
            ++right;
        }
    }
    out.insert(out.end(), left, a.end());
    out.insert(out.end(), right, b.end());
}

}  // namespace

Result<void> Solver::stop() const {
    if (auto const* cancel = budget_.cancel()) RETURN_IF_ERROR(cancel->check());
    std::string where;
    auto const most = std::max_element(package_conflicts_.begin(), package_conflicts_.end());
    if (most != package_conflicts_.end() && *most != 0) {
        auto const package = static_cast<PackageId>(most - package_conflicts_.begin());
        where = "; most conflicts were about " + catalog_.name(package).text();
    }
    return Error{Errc::too_large, ErrorId::resolution_limit,
                 "the search for versions was stopped after " + std::to_string(budget_.spent()) +
                     " steps and " + std::to_string(conflicts_) + " conflicts" + where};
}

Result<void> Solver::propagate() {
    while (!fresh_.empty() || !changed_.empty()) {
        RETURN_IF_ERROR(check_limits());
        if (!fresh_.empty()) {
            auto const id = fresh_.back();
            fresh_.pop_back();
            if (facts_.is_retired(id)) continue;
            // Dated first: a conflict right now may undo the level and bring the fact back.
            dated_.push_back({level(), id});
            if (!apply(id)) return ok();
            continue;
        }
        auto const package = changed_.back();
        changed_.pop_back();
        is_changed_[package] = false;
        auto const about = facts_.about(package);
        budget_.spend(1 + about.size() / k_incompatibilities_per_step);
        for (auto i = about.size(); i-- > 0;) {
            auto const conflicts_before = conflicts_;
            if (!apply(about[i])) return ok();
            if (conflicts_ != conflicts_before) break;
        }
    }
    return ok();
}

Solver::Verdict Solver::evaluate(IncompatibilityId id) {
    auto& incompatibility = facts_.watched(id);
    auto const known_level = incompatibility.contradicted_level;
    if (known_level < levels_.size() &&
        levels_[known_level].stamp == incompatibility.contradicted_stamp) {
        return {Verdict::Kind::open};
    }
    Term const* open_term = nullptr;
    for (auto const& term : incompatibility.all()) {
        auto const relation = partial_.relation_to(term);
        if (relation == Relation::disjoint) {
            incompatibility.contradicted_level = level();
            incompatibility.contradicted_stamp = levels_.back().stamp;
            return {Verdict::Kind::open};
        }
        if (relation == Relation::subset) continue;
        if (open_term != nullptr) return {Verdict::Kind::open};
        open_term = &term;
    }
    if (open_term == nullptr) return {Verdict::Kind::conflict};
    return {Verdict::Kind::unit, open_term};
}

bool Solver::apply(IncompatibilityId id) {
    auto const verdict = evaluate(id);
    if (verdict.kind == Verdict::Kind::conflict) return learn_from(id);
    if (verdict.kind == Verdict::Kind::unit) {
        auto const& term = *verdict.open_term;
        assign(term.package, partial_.states(term.package).without(term.states, partial_.arena()), id);
    }
    return true;
}

void Solver::assign(PackageId package, StateView accumulated, IncompatibilityId cause) {
    partial_.assign(package, accumulated, cause, level());
    if (partial_.chosen(package) != 0) forced_.push_back(package);
    if (package >= is_changed_.size()) is_changed_.resize(package + 1);
    if (is_changed_[package] != 0) return;
    is_changed_[package] = 1;
    changed_.push_back(package);
}

bool Solver::is_failure(IncompatibilityId id) const {
    auto const terms = facts_.terms(id);
    if (terms.empty()) return true;
    return terms.size() == 1 && terms[0].package == k_root && terms[0].states.contains(1);
}

/// Resolves the conflict with the causes of its newest assignments until what remains turns a
/// decision around, and goes back to the level where it does.
bool Solver::learn_from(IncompatibilityId conflict) {
    ++conflicts_;
    auto id = conflict;
    while (!is_failure(id)) {
        auto const terms = facts_.terms(id);
        budget_.spend(terms.size());
        auto const satisfier = find_satisfier(terms);
        auto const& assignment = partial_.at(satisfier.position);
        if (assignment.is_decision() || satisfier.previous_level < assignment.level) {
            auto const target = std::max(satisfier.previous_level, floor_);
            GGEN_ASSERT(target < level());
            note_conflict(terms);
            if (id != conflict) facts_.watch(id);
            backjump(target);
            return apply(id);
        }
        id = resolvent(id, assignment.cause, satisfier.term->package);
    }
    failure_ = id;
    is_impossible_ = true;
    return false;
}

Solver::Satisfier Solver::find_satisfier(std::span<Term const> conflict) const {
    Satisfier out;
    bool is_first = true;
    for (auto const& term : conflict) {
        auto const position = partial_.satisfier(term.package, term.states);
        if (is_first || position > out.position) {
            if (!is_first) {
                out.previous_level = std::max(out.previous_level, partial_.at(out.position).level);
            }
            out.position = position;
            out.term = &term;
            is_first = false;
        } else {
            out.previous_level = std::max(out.previous_level, partial_.at(position).level);
        }
    }
    auto const& assignment = partial_.at(out.position);
    if (assignment.is_decision()) return out;
    // The satisfier alone may not be enough; then its predecessor's level counts too.
    for (auto const& cause : facts_.terms(assignment.cause)) {
        if (cause.package != assignment.package) continue;
        // What the cause leaves lies outside of its term.
        auto const own = cause.states;
        if (own.complements_into(out.term->states)) break;
        auto const earlier = partial_.satisfier_before(out.position, out.term->states, own);
        out.previous_level = std::max(out.previous_level, partial_.at(earlier).level);
        break;
    }
    return out;
}

IncompatibilityId Solver::resolvent(IncompatibilityId conflict, IncompatibilityId cause,
                                    PackageId package) {
    join(facts_.terms(conflict), facts_.terms(cause), package, facts_.arena(), joined_);
    return facts_.add_derived(joined_, conflict, cause);
}

void Solver::note_conflict(std::span<Term const> learned) {
    if (package_conflicts_.size() < facts_.package_count()) {
        package_conflicts_.resize(facts_.package_count());
    }
    for (auto const& term : learned) {
        auto const count = ++package_conflicts_[term.package];
        if (count == k_trouble_conflicts && restarts_on_trouble_) wants_restart_ = true;
    }
}

void Solver::backjump(std::uint32_t target) {
    if (target >= level()) return;
    // What is pending belongs to the levels that go: lower ones were propagated to the end.
    for (auto const package : changed_) is_changed_[package] = false;
    changed_.clear();
    forced_.clear();
    auto const& left = levels_[target + 1];
    partial_.backjump(target, left.mark);
    head_ = left.head;
    while (queue_.size() > left.queue_size) {
        is_queued_[queue_.back()] = false;
        queue_.pop_back();
    }
    levels_.resize(target + 1);
    while (!dated_.empty() && dated_.back().level > target) {
        fresh_.push_back(dated_.back().id);
        dated_.pop_back();
    }
}

}  // namespace ggen::solver
