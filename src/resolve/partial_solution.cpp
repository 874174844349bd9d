#include "resolve/partial_solution.hpp"

#include <algorithm>
#include <utility>

namespace ggen::solver {

void PartialSolution::open(PackageId package, std::uint32_t size) {
    if (package >= packages_.size()) packages_.resize(package + 1);
    packages_[package].everything = StateSet::all(size);
}

void PartialSolution::assign(PackageId package, StateSet accumulated, IncompatibilityId cause,
                             std::uint32_t level) {
    packages_[package].positions.push_back(size());
    trail_.push_back({package, std::move(accumulated), cause, level});
    note_chosen(package);
}

void PartialSolution::backjump(std::uint32_t level) {
    while (!trail_.empty() && trail_.back().level > level) {
        auto const package = trail_.back().package;
        packages_[package].positions.pop_back();
        trail_.pop_back();
        note_chosen(package);
    }
}

StateSet const& PartialSolution::states(PackageId package) const {
    auto const& entry = packages_[package];
    return entry.positions.empty() ? entry.everything : trail_[entry.positions.back()].accumulated;
}

void PartialSolution::note_chosen(PackageId package) {
    auto const& left = states(package);
    auto const sole = left.sole();
    packages_[package].chosen = sole == left.size() ? 0 : sole;
}

std::uint32_t PartialSolution::satisfier(PackageId package, StateSet const& target,
                                         StateSet const* filter, std::uint32_t before) const {
    auto const& positions = packages_[package].positions;
    auto const lies_inside = [&](std::uint32_t position) {
        auto const& left = trail_[position].accumulated;
        return filter == nullptr ? left.is_subset_of(target) : (left & *filter).is_subset_of(target);
    };
    auto const found = std::partition_point(positions.begin(), positions.end(),
                                            [&](auto position) { return !lies_inside(position); });
    return found == positions.end() || *found >= before ? before : *found;
}

}  // namespace ggen::solver
