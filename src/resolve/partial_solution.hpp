#pragma once

#include <cstdint>
#include <vector>

#include "resolve/incompatibility.hpp"

namespace ggen::solver {

/// What is known of one package after one more step of the search.
struct Assignment {
    PackageId package = 0;
    StateSet accumulated;  ///< The states left after this and all earlier assignments.
    IncompatibilityId cause = k_no_incompatibility;  ///< None for a decision.
    std::uint32_t level = 0;
    [[nodiscard]] bool is_decision() const { return cause == k_no_incompatibility; }
};

/// The trail of assignments, oldest first. Levels never fall along it, and the states left of a
/// package only shrink, so that a satisfier is found by binary search.
class PartialSolution {
public:
    /// Makes room for `package` with `size` states, all of them possible.
    void open(PackageId package, std::uint32_t size);
    void assign(PackageId package, StateSet accumulated, IncompatibilityId cause, std::uint32_t level);
    /// Undoes every assignment above `level`.
    void backjump(std::uint32_t level);

    [[nodiscard]] bool is_open(PackageId package) const {
        return package < packages_.size() && packages_[package].everything.size() != 0;
    }
    [[nodiscard]] StateSet const& states(PackageId package) const;
    /// The only state left, or 0 when more are left or the package need not be chosen.
    [[nodiscard]] std::uint32_t chosen(PackageId package) const { return packages_[package].chosen; }
    /// How the states left of the term's package lie to the term.
    [[nodiscard]] Relation relation_to(Term const& term) const {
        auto const sole = packages_[term.package].chosen;
        if (sole == 0) return states(term.package).relation_to(term.states);
        return term.states.contains(sole) ? Relation::subset : Relation::disjoint;
    }
    [[nodiscard]] bool is_required(PackageId package) const { return !states(package).contains(0); }
    [[nodiscard]] Assignment const& at(std::uint32_t position) const { return trail_[position]; }
    /// The position of the first assignment of `package` by which its states, cut with `filter`,
    /// lie in `target`; `before` when none of the positions below `before` does it.
    [[nodiscard]] std::uint32_t satisfier(PackageId package, StateSet const& target,
                                          StateSet const* filter, std::uint32_t before) const;
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(trail_.size()); }

private:
    void note_chosen(PackageId package);

    struct Package {
        StateSet everything;
        std::uint32_t chosen = 0;  ///< Kept beside the trail because it is asked all the time.
        std::vector<std::uint32_t> positions;
    };
    std::vector<Assignment> trail_;
    std::vector<Package> packages_;
};

}  // namespace ggen::solver
