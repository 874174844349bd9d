#include "resolve/strategy.hpp"

#include <utility>

#include "resolve/diagnosis.hpp"

namespace ggen::solver {
namespace {

Solution solution_of(Solved const& solved) {
    Solution out;
    auto const& facts = solved.solver->facts();
    out.is_preferred = solved.is_preferred;
    for (auto const package : solved.solver->reached()) {
        if (package == k_root) continue;
        auto const state = solved.solver->chosen(package);
        out.packages.emplace(facts.catalog().name(package),
                             Solution::Chosen{facts.catalog().version(package, state - 1),
                                              facts.catalog().yanked(package).contains(state)});
    }
    return out;
}

}  // namespace

Result<Solved> solve(Catalog& catalog, Problem const& problem, Budget& budget, Tuning const& tuning,
                     bool expands_known) {
    Solved out;
    out.solver = std::make_unique<Solver>(catalog, problem, budget, expands_known);
    auto& solver = *out.solver;
    ASSIGN_OR_RETURN(out.outcome, solver.run(Order::canonical, tuning.first_conflicts_max));
    if (out.outcome == Outcome::undecided) {
        ASSIGN_OR_RETURN(out.outcome, solver.run(Order::by_conflicts, ~std::uint64_t{0}));
        if (out.outcome == Outcome::solved) {
            // An answer exists. Look for the preferred one with all that was learned; failing that,
            // walk to the known answer again, in the order that optional dependencies expect.
            std::vector<std::pair<PackageId, std::uint32_t>> known;
            for (auto const package : solver.reached()) {
                known.emplace_back(package, solver.chosen(package));
            }
            ASSIGN_OR_RETURN(out.outcome,
                             solver.run(Order::canonical, tuning.second_conflicts_max));
            if (out.outcome == Outcome::undecided) {
                out.is_preferred = false;
                solver.prefer(known);
                ASSIGN_OR_RETURN(out.outcome, solver.run(Order::canonical, ~std::uint64_t{0}));
            }
        }
    }
    if (out.outcome == Outcome::solved) RETURN_IF_ERROR(solver.add_optional());
    return out;
}

Result<Resolution> resolve_tuned(Catalog& catalog, ResolveRequest const& request,
                                 ResolveOptions const& options, Tuning const& tuning) {
    Budget budget{options.steps_max, options.cancel};
    catalog.start();
    for (auto const& [name, version] : request.locked) catalog.prefetch(name);
    auto const pinned = exact_pins(request.roots);
    ASSIGN_OR_RETURN(auto const solved,
                     solve(catalog, {request.roots, request.locked, pinned}, budget, tuning));
    if (solved.outcome == Outcome::solved) return Resolution{solution_of(solved)};
    ASSIGN_OR_RETURN(auto conflict, diagnose(catalog, request, options, tuning, *solved.solver));
    return Resolution{std::move(conflict)};
}

}  // namespace ggen::solver

namespace ggen {

Result<Resolution> resolve(DependencyProvider& provider, ResolveRequest const& request,
                           ResolveOptions const& options) {
    solver::Catalog catalog{provider};
    return solver::resolve_tuned(catalog, request, options, {});
}

}  // namespace ggen
