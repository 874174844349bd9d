#include <gtest/gtest.h>

#include <cstdio>

#include "resolve/strategy.hpp"
#include "resolve/testing/compiled_universe.hpp"
#include "resolve/testing/oracle.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_universes = 20'000;
constexpr std::uint64_t k_first_seed = 1;

/// Packages in the form of the solver give the same answer, word for word.
void expect_same_when_compiled(testing::Universe const& universe, std::uint64_t seed, solver::Tuning const& tuning,
                               Resolution const& expected) {
    testing::CompiledUniverse provider{universe, seed};
    solver::Catalog catalog{provider};
    auto const result = solver::resolve_tuned(catalog, universe.request, {}, tuning);
    ASSERT_TRUE(result) << result.error().context;
    EXPECT_FALSE(provider.was_asked_twice());
    ASSERT_EQ(result->index(), expected.index());
    if (auto const* const solution = std::get_if<Solution>(&expected)) {
        EXPECT_EQ(testing::solution_text(std::get<Solution>(*result)), testing::solution_text(*solution));
    } else {
        auto const& conflict = std::get<Conflict>(expected);
        EXPECT_EQ(std::get<Conflict>(*result).explanation, conflict.explanation);
        EXPECT_EQ(std::get<Conflict>(*result).hints, conflict.hints);
    }
}

/// Every way through the strategy must give the same answer as trying everything.
TEST(OracleTest, AgreesOnTwentyThousandRandomUniverses) {
    std::uint64_t solvable = 0;
    for (auto seed = k_first_seed; seed < k_first_seed + k_universes; ++seed) {
        auto const universe = testing::random_universe(seed);
        auto const expected = testing::brute_force(universe);
        testing::UniverseProvider provider{universe};
        // Every third pair of seeds gives the preferred order up at the first conflict.
        solver::Tuning tuning;
        if (seed / 2 % 3 == 0) tuning.first_conflicts_max = 0;

        solver::Catalog catalog{provider};
        auto const result = solver::resolve_tuned(catalog, universe.request, {}, tuning);

        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + universe.text());
        ASSERT_TRUE(result) << result.error().context;
        expect_same_when_compiled(universe, seed, tuning, *result);
        ASSERT_FALSE(provider.was_asked_twice());
        auto const* solution = std::get_if<Solution>(&*result);
        ASSERT_EQ(solution != nullptr, expected.has_value());
        if (solution == nullptr) {
            ASSERT_FALSE(std::get<Conflict>(*result).explanation.empty());
            continue;
        }
        ++solvable;
        ASSERT_TRUE(solution->is_preferred);
        ASSERT_EQ(testing::complaint(universe, *solution), "");
        testing::Assignment got;
        for (auto const& [name, chosen] : solution->packages) got.emplace(name, chosen.version);
        ASSERT_EQ(got, *expected) << testing::solution_text(*solution);
    }
    std::printf("%llu universes, %llu solvable\n", static_cast<unsigned long long>(k_universes),
                static_cast<unsigned long long>(solvable));
}

}  // namespace
}  // namespace ggen
