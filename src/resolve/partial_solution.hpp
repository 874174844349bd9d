#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "resolve/arena.hpp"
#include "resolve/incompatibility.hpp"

namespace ggen::solver {

/// What is known of one package after one more step of the search.
struct Assignment {
    StateView accumulated;  ///< The states left after this and all earlier assignments.
    PackageId package = 0;
    IncompatibilityId cause = k_no_incompatibility;  ///< None for a decision.
    std::uint32_t level = 0;
    std::uint32_t chosen = 0;    ///< The only state left; 0 when more are left or it is state 0.
    std::uint32_t previous = 0;  ///< Position of the one before it of the same package.
    std::uint32_t jump = 0;      ///< Position of an earlier one: makes the search for it logarithmic.
    std::uint32_t depth = 0;     ///< So many of the same package lie before it.
    [[nodiscard]] bool is_decision() const { return cause == k_no_incompatibility; }
};

/// The trail of assignments, oldest first. Levels never fall along it, and the states left of a
/// package only shrink, so that a satisfier is found in logarithmic time.
class PartialSolution {
public:
    PartialSolution();
    /// Makes room for `package` with `size` states, all of them possible.
    void open(PackageId package, std::uint32_t size);
    void assign(PackageId package, StateView accumulated, IncompatibilityId cause, std::uint32_t level);
    /// Undoes every assignment above `level` and gives the memory since `mark` back.
    void backjump(std::uint32_t level, Arena::Mark mark);

    [[nodiscard]] bool is_open(PackageId package) const {
        return package < packages_.size() && packages_[package].everything.size() != 0;
    }
    [[nodiscard]] StateView states(PackageId package) const { return packages_[package].left; }
    /// The only state left, or 0 when more are left or the package need not be chosen.
    [[nodiscard]] std::uint32_t chosen(PackageId package) const { return packages_[package].chosen; }
    /// How the states left of the term's package lie to the term.
    [[nodiscard]] Relation relation_to(Term const& term) const {
        auto const& package = packages_[term.package];
        if (term.states.is_small() || package.chosen == 0) return package.left.relation_to(term.states);
        return term.states.contains(package.chosen) ? Relation::subset : Relation::disjoint;
    }
    [[nodiscard]] bool is_required(PackageId package) const { return !states(package).contains(0); }
    [[nodiscard]] Assignment const& at(std::uint32_t position) const { return trail_[position]; }
    /// The position of the first assignment of `package` by which its states lie in `target`; or,
    /// those in `removed` set aside, among the ones before the position `before`. One must do it.
    [[nodiscard]] std::uint32_t satisfier(PackageId package, StateView target) const;
    [[nodiscard]] std::uint32_t satisfier_before(std::uint32_t before, StateView target,
                                                 StateView removed) const;
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(trail_.size()); }
    /// Where the states of new assignments are to be made; cut back by `backjump`.
    [[nodiscard]] Arena& arena() { return arena_; }

private:
    static constexpr std::uint32_t k_none = std::numeric_limits<std::uint32_t>::max();
    template <class LiesInside>
    [[nodiscard]] std::uint32_t first_inside(std::uint32_t position, LiesInside const& lies_inside) const;

    struct Package {
        StateView left;
        std::uint32_t chosen = 0;
        std::uint32_t latest = k_none;
        StateView everything;
    };
    Arena arena_;
    Arena opened_;  ///< Never cut back: what `open` made.
    std::vector<Assignment> trail_;
    std::vector<Package> packages_;
};

}  // namespace ggen::solver
