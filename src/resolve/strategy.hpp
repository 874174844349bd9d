#pragma once

#include <memory>
#include <vector>

#include "resolve/resolve.hpp"
#include "resolve/solver.hpp"

namespace ggen::solver {

/// When the preferred order of decisions is given up for one that finds any answer sooner.
struct Tuning {
    std::uint64_t first_conflicts_max = 2'000;   ///< In the preferred order, at first.
    std::uint64_t second_conflicts_max = 20'000; ///< In it again, once it is known that an answer exists.
    std::uint64_t explain_steps_max = 2'000'000; ///< For each solve that only improves an explanation.
};

/// A finished solve and what it found.
struct Solved {
    std::unique_ptr<Solver> solver;
    Outcome outcome = Outcome::undecided;  ///< solved or impossible.
    bool is_preferred = true;              ///< False when the search for the preferred answer was cut.
};

/// Solves one problem to the end. Errors: of the provider, too_large (resolution_limit), cancelled.
[[nodiscard]] Result<Solved> solve(Catalog& catalog, Problem const& problem, Budget& budget,
                                   Tuning const& tuning, bool expands_known = false);

/// `resolve` with other thresholds, for tests; a catalog that is used again asks nothing twice.
[[nodiscard]] Result<Resolution> resolve_tuned(Catalog& catalog, ResolveRequest const& request,
                                               ResolveOptions const& options, Tuning const& tuning);

}  // namespace ggen::solver
