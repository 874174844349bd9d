#pragma once

#include "resolve/strategy.hpp"

namespace ggen::solver {

/// Why `failed` found no answer: the smallest set of the project's requirements that still fails,
/// their proof in words, and relaxations that were tried with success.
///
/// Asks the provider little more: extra solves that meet an error or their own step limit only make
/// the text poorer. Errors: cancelled.
[[nodiscard]] Result<Conflict> diagnose(Catalog& catalog, ResolveRequest const& request,
                                        ResolveOptions const& options, Tuning const& tuning,
                                        Solver const& failed);

}  // namespace ggen::solver
