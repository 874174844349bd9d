#pragma once

#include <string>
#include <string_view>

#include "resolve/fact_base.hpp"

namespace ggen::solver {

/// The derivation of `failure` as sentences, one a line, each ending with LF. A line that is used
/// again later carries a number, as in pub. Proofs of more than 200 steps are summed up instead.
[[nodiscard]] std::string explain(FactBase const& facts, IncompatibilityId failure,
                                  std::string_view root_label);

/// The requirements of the root that the proof of `failure` uses, each as (package, range).
[[nodiscard]] std::vector<RangeId> root_ranges(FactBase const& facts, IncompatibilityId failure);

}  // namespace ggen::solver
