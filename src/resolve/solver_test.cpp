#include <gtest/gtest.h>

#include <algorithm>

#include "resolve/strategy.hpp"
#include "resolve/testing/oracle.hpp"

namespace ggen {
namespace {

using testing::Universe;
using testing::UniverseProvider;

Universe universe_of(std::string_view text) {
    auto parsed = Universe::parse(text);
    EXPECT_TRUE(parsed) << parsed.error().context;
    return parsed ? std::move(*parsed) : Universe{};
}

/// The solution as text, the explanation, or the error.
std::string answer(Universe const& universe, ResolveOptions const& options = {}) {
    UniverseProvider provider{universe};
    auto const result = resolve(provider, universe.request, options);
    EXPECT_FALSE(provider.was_asked_twice());
    if (!result) return "error: " + result.error().context;
    if (auto const* solution = std::get_if<Solution>(&*result)) {
        EXPECT_EQ(testing::complaint(universe, *solution), "");
        return testing::solution_text(*solution);
    }
    return std::get<Conflict>(*result).explanation;
}

TEST(SolverTest, TakesTheHighestReleaseThatFits) {
    EXPECT_EQ(answer(universe_of("root: a ^1\na 1.0.0\na 1.2.0\na 2.0.0\na 1.3.0-rc.1")), "a 1.2.0\n");
}

TEST(SolverTest, KeepsTheLockedVersion) {
    EXPECT_EQ(answer(universe_of("root: a ^1\nlocked: a 1.0.0\na 1.0.0\na 1.2.0")), "a 1.0.0\n");
}

TEST(SolverTest, LeavesTheLockedVersionThatNoLongerFits) {
    EXPECT_EQ(answer(universe_of("root: a ^2\nlocked: a 1.0.0\na 1.0.0\na 2.2.0")), "a 2.2.0\n");
}

TEST(SolverTest, TakesAPrereleaseOnlyWhenARangeNamesOne) {
    EXPECT_EQ(answer(universe_of("root: a ^2.0.0-rc.1\na 2.0.0-rc.1\na 2.0.0-rc.2\na 1.0.0")),
              "a 2.0.0-rc.2\n");
}

TEST(SolverTest, AdmitsAYankedVersionWhenLockedOrNamedExactly) {
    EXPECT_EQ(answer(universe_of("root: a ^1\nlocked: a 1.1.0\na 1.0.0\na 1.1.0 yanked")),
              "a 1.1.0 (yanked)\n");
    EXPECT_EQ(answer(universe_of("root: a =1.1.0\na 1.0.0\na 1.1.0 yanked")), "a 1.1.0 (yanked)\n");
    EXPECT_EQ(answer(universe_of("root: a ^1\na 1.0.0\na 1.1.0 yanked")), "a 1.0.0\n");
}

TEST(SolverTest, APinOfTheProjectAdmitsAYankedVersionForEveryRange) {
    EXPECT_EQ(answer(universe_of("root: b *, a 1.1.0\na 1.1.0 yanked\nb 1.0.0: a ^1")),
              "a 1.1.0 (yanked)\nb 1.0.0\n");
}

TEST(SolverTest, GoesBackOverADecision) {
    // The newest a needs a b that the project refuses.
    EXPECT_EQ(answer(universe_of("root: a *, b ^1\na 1.0.0: b ^1\na 2.0.0: b ^2\nb 1.0.0\nb 2.0.0")),
              "a 1.0.0\nb 1.0.0\n");
}

TEST(SolverTest, FollowsACycle) {
    EXPECT_EQ(answer(universe_of("root: a *\na 1.0.0: b *\nb 1.0.0: a ^1")), "a 1.0.0\nb 1.0.0\n");
}

TEST(SolverTest, ADependencyOnItselfMustHold) {
    EXPECT_EQ(answer(universe_of("root: a *\na 1.0.0: a ^1\na 2.0.0: a ^1")), "a 1.0.0\n");
}

TEST(SolverTest, AddsAnOptionalDependencyThatFits) {
    EXPECT_EQ(answer(universe_of("root: a *\na 1.0.0: b? ^1\nb 1.0.0\nb 1.1.0: c *\nc 1.0.0")),
              "a 1.0.0\nb 1.1.0\nc 1.0.0\n");
}

TEST(SolverTest, DropsAnOptionalDependencyThatCannotBeHad) {
    EXPECT_EQ(answer(universe_of("root: a *, c ^1\na 1.0.0: b? *, d? *\nb 1.0.0: c ^2\nc 1.0.0\nc 2.0.0")),
              "a 1.0.0\nc 1.0.0\n");
}

TEST(SolverTest, AnOptionalDependencyLimitsAPackageChosenForAnotherReason) {
    EXPECT_EQ(answer(universe_of("root: a *, b *\na 1.0.0: b? ^1\nb 1.0.0\nb 2.0.0")),
              "a 1.0.0\nb 1.0.0\n");
}

TEST(SolverTest, NothingIsNeededByAnEmptyProject) {
    EXPECT_EQ(answer(universe_of("root:\na 1.0.0")), "");
}

TEST(SolverTest, AgreesWithTryingEverythingOnTwoThousandUniverses) {
    for (std::uint64_t seed = 1'000'000; seed < 1'002'000; ++seed) {
        auto const universe = testing::random_universe(seed);
        auto const expected = testing::brute_force(universe);
        UniverseProvider provider{universe};

        auto const result = resolve(provider, universe.request);

        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + universe.text());
        ASSERT_TRUE(result);
        auto const* solution = std::get_if<Solution>(&*result);
        ASSERT_EQ(solution != nullptr, expected.has_value());
        if (solution == nullptr) continue;
        testing::Assignment got;
        for (auto const& [name, chosen] : solution->packages) got.emplace(name, chosen.version);
        ASSERT_EQ(got, *expected);
        ASSERT_EQ(testing::complaint(universe, *solution), "");
    }
}

TEST(SolverTest, StaysValidWhenTheSearchForThePreferredAnswerIsCut) {
    int cut = 0;
    for (std::uint64_t seed = 1; seed < 400; seed += 2) {
        auto const universe = testing::random_universe(seed);
        UniverseProvider provider{universe};
        solver::Tuning tuning;
        tuning.first_conflicts_max = 0;
        tuning.second_conflicts_max = 0;

        solver::Catalog catalog{provider};
        auto const result = solver::resolve_tuned(catalog, universe.request, {}, tuning);

        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + universe.text());
        ASSERT_TRUE(result);
        auto const* solution = std::get_if<Solution>(&*result);
        ASSERT_EQ(solution != nullptr, testing::brute_force(universe).has_value());
        if (solution == nullptr) continue;
        cut += solution->is_preferred ? 0 : 1;
        ASSERT_EQ(testing::complaint(universe, *solution), "");
    }
    EXPECT_GT(cut, 0);
}

TEST(SolverTest, RepeatsItsAnswer) {
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
        auto const universe = testing::random_universe(seed);
        EXPECT_EQ(answer(universe), answer(universe)) << "seed " << seed;
    }
}

/// What a catalog learned for another project changes neither answers nor explanations.
TEST(SolverTest, ACatalogThatIsUsedAgainChangesNothing) {
    int conflicts = 0;
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        auto const universe = testing::random_universe(seed);
        auto other = universe.request;
        std::reverse(other.roots.begin(), other.roots.end());
        other.locked.clear();
        UniverseProvider provider{universe};
        solver::Catalog catalog{provider};

        ASSERT_TRUE(solver::resolve_tuned(catalog, other, {}, {}));
        auto const result = solver::resolve_tuned(catalog, universe.request, {}, {});

        ASSERT_TRUE(result);
        EXPECT_FALSE(provider.was_asked_twice());
        auto const* solution = std::get_if<Solution>(&*result);
        conflicts += solution == nullptr ? 1 : 0;
        EXPECT_EQ(solution != nullptr ? testing::solution_text(*solution)
                                      : std::get<Conflict>(*result).explanation,
                  answer(universe))
            << "seed " << seed;
    }
    EXPECT_GT(conflicts, 0);
}

TEST(SolverTest, UnrelatedPackagesAndTheOrderOfVersionsChangeNothing) {
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
        auto const universe = testing::random_universe(seed);
        auto other = universe;
        for (auto& [name, releases] : other.packages) std::reverse(releases.begin(), releases.end());
        auto const stranger = PackageName::parse("stranger").value();
        other.packages[stranger].push_back({{Version{1, 0, 0}, false}, universe.request.roots});

        EXPECT_EQ(answer(universe), answer(other)) << "seed " << seed;
    }
}

TEST(SolverTest, TheOrderOfDependenciesDoesNotDecideWhetherThereIsAnAnswer) {
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
        auto const universe = testing::random_universe(seed);
        auto other = universe;
        std::reverse(other.request.roots.begin(), other.request.roots.end());
        for (auto& [name, releases] : other.packages) {
            for (auto& release : releases) {
                std::reverse(release.dependencies.begin(), release.dependencies.end());
            }
        }
        auto const has_answer = [](Universe const& one) {
            UniverseProvider provider{one};
            return std::holds_alternative<Solution>(resolve(provider, one.request).value());
        };

        EXPECT_EQ(has_answer(universe), has_answer(other)) << "seed " << seed;
    }
}

TEST(SolverTest, SolvesThePathologicalGraphs) {
    EXPECT_EQ(answer(testing::singletons(15, 40)), "p1 0.0.0\n");
    EXPECT_EQ(answer(testing::disjoint(20, 30)), "p1 0.0.0\nq 0.0.0\n");
    EXPECT_EQ(answer(testing::ranges(5, 40)), "p1 0.0.0\n");
    auto const lines = [](std::string const& text) { return std::count(text.begin(), text.end(), '\n'); };
    EXPECT_EQ(lines(answer(testing::tree(500))), 500);
    EXPECT_EQ(lines(answer(testing::chain(1'000, false))), 1'000);
    EXPECT_EQ(lines(answer(testing::chain(1'000, true))), 1'000);
    EXPECT_EQ(lines(answer(testing::star(10'000))), 10'000);
}

TEST(SolverTest, StopsAtTheStepLimit) {
    auto const universe = testing::singletons(15, 40);
    UniverseProvider entangled{universe};

    auto const result = resolve(entangled, universe.request, {.steps_max = 50});

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::too_large);
    EXPECT_EQ(result.error().id, ErrorId::resolution_limit);
}

TEST(SolverTest, StopsWhenCancelled) {
    auto const universe = testing::chain(10, false);
    UniverseProvider provider{universe};
    CancelToken cancel;
    cancel.cancel();

    auto const result = resolve(provider, universe.request, {.cancel = &cancel});

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST(SolverTest, PassesTheErrorOfTheProviderOn) {
    class Broken final : public DependencyProvider {
    public:
        Result<std::vector<Candidate>> versions(PackageName const&) override {
            return std::vector<Candidate>{{Version{1, 0, 0}, false}};
        }
        Result<std::vector<Dependency>> dependencies(PackageName const&, Version const&) override {
            return Error{Errc::unavailable, "the registry does not answer"};
        }
    };
    Broken provider;

    auto const result = resolve(provider, universe_of("root: a *").request);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace ggen
