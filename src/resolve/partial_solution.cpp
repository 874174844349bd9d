#include "resolve/partial_solution.hpp"

#include <algorithm>

namespace ggen::solver {
namespace {

/// Room for small solves, so that the lists are not moved again and again.
constexpr std::size_t k_usual_packages = 32;
constexpr std::size_t k_usual_assignments = 128;

}  // namespace

PartialSolution::PartialSolution() {
    packages_.reserve(k_usual_packages);
    trail_.reserve(k_usual_assignments);
}

void PartialSolution::open(PackageId package, std::uint32_t size) {
    if (package >= packages_.size()) packages_.resize(package + 1);
    auto& entry = packages_[package];
    entry.everything = StateView::all(size, opened_);
    entry.left = entry.everything;
}

void PartialSolution::assign(PackageId package, StateView accumulated, IncompatibilityId cause,
                             std::uint32_t level) {
    auto& entry = packages_[package];
    Assignment next{accumulated, package, cause, level};
    auto const sole = accumulated.sole();
    next.chosen = sole == accumulated.size() ? 0 : sole;
    next.previous = entry.latest;
    next.jump = entry.latest;
    if (entry.latest != k_none) {
        // Skew-binary jump pointers: two jumps of equal length are joined to one of twice the length.
        auto const& previous = trail_[entry.latest];
        next.depth = previous.depth + 1;
        if (previous.jump != k_none) {
            auto const& middle = trail_[previous.jump];
            if (middle.jump != k_none &&
                previous.depth - middle.depth == middle.depth - trail_[middle.jump].depth) {
                next.jump = middle.jump;
            }
        }
    }
    entry.left = accumulated;
    entry.chosen = next.chosen;
    entry.latest = size();
    trail_.push_back(next);
}

void PartialSolution::backjump(std::uint32_t level, Arena::Mark mark) {
    while (!trail_.empty() && trail_.back().level > level) {
        auto& entry = packages_[trail_.back().package];
        entry.latest = trail_.back().previous;
        bool const is_first = entry.latest == k_none;
        entry.left = is_first ? entry.everything : trail_[entry.latest].accumulated;
        entry.chosen = is_first ? 0 : trail_[entry.latest].chosen;
        trail_.pop_back();
    }
    arena_.cut(mark);
}

template <class LiesInside>
std::uint32_t PartialSolution::first_inside(std::uint32_t position, LiesInside const& lies_inside) const {
    // `position` lies inside; go back as long as the one before it does too.
    while (true) {
        auto const& here = trail_[position];
        if (here.jump != k_none && lies_inside(trail_[here.jump])) {
            position = here.jump;
        } else if (here.previous != k_none && lies_inside(trail_[here.previous])) {
            position = here.previous;
        } else {
            return position;
        }
    }
}

std::uint32_t PartialSolution::satisfier(PackageId package, StateView target) const {
    return first_inside(packages_[package].latest, [&](Assignment const& assignment) {
        return assignment.accumulated.is_subset_of(target);
    });
}

std::uint32_t PartialSolution::satisfier_before(std::uint32_t before, StateView target,
                                                StateView removed) const {
    return first_inside(trail_[before].previous, [&](Assignment const& assignment) {
        return assignment.accumulated.is_subset_without(removed, target);
    });
}

}  // namespace ggen::solver
