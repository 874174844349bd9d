#pragma once

#include <vector>

#include "resolve/resolve.hpp"
#include "resolve/state_set.hpp"

namespace ggen::solver {

/// The states of the versions that `range` matches (`VersionRange::matches`, yanked ones included).
/// `versions` ascend, no two of equal precedence; `prereleases` holds the states of those among them.
/// Looks at a few versions only: each comparator cuts the list at one place.
[[nodiscard]] StateSet matching_states(VersionRange const& range, std::vector<Candidate> const& versions,
                                       StateView prereleases);

}  // namespace ggen::solver
