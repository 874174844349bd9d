#pragma once

#include <vector>

#include "metadata/package_record.hpp"
#include "metadata/range_code.hpp"
#include "resolve/resolve.hpp"
#include "resolve/state_set.hpp"

namespace ggen::solver {

/// The states of the versions that `range` matches (`VersionRange::matches`, yanked ones included).
/// `versions` ascend, no two of equal precedence; `prereleases` holds the states of those among them.
/// Looks at a few versions only: each comparator cuts the list at one place.
[[nodiscard]] StateSet matching_states(VersionRange const& range, std::vector<Candidate> const& versions,
                                       StateView prereleases);
[[nodiscard]] StateSet matching_states(VersionRange const& range, metadata::PackageRecord const& versions,
                                       StateView prereleases);
/// The same for a range that was read from a record.
[[nodiscard]] StateSet matching_states(std::vector<metadata::KeyComparatorSet> const& sets,
                                       metadata::PackageRecord const& versions, StateView prereleases);

/// The state of the version with the precedence of `version`, 0 when there is none.
[[nodiscard]] std::uint32_t state_of_version(Version const& version, std::vector<Candidate> const& versions);
[[nodiscard]] std::uint32_t state_of_version(Version const& version, metadata::PackageRecord const& versions);

}  // namespace ggen::solver
