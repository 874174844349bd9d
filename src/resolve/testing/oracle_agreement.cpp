#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

#include "resolve/strategy.hpp"
#include "resolve/testing/compiled_universe.hpp"
#include "resolve/testing/oracle.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_universes = 20'000;
constexpr std::uint64_t k_first_seed = 1;

/// What the solver worked with must be what the universe says: for every chosen release the same needs, each with the
/// states that its range admits. "" when it is.
std::string wrong_needs(solver::Catalog const& catalog, testing::Universe const& universe, Solution const& solution) {
    for (auto const& [name, chosen] : solution.packages) {
        auto const label = name.text() + " " + chosen.version.text();
        auto const package = catalog.find(name);
        auto const state = package == 0 ? 0 : catalog.state_of(package, chosen.version);
        if (state == 0 || !catalog.is_known(package, state - 1)) return label + " was chosen unseen";
        std::multiset<std::string> expected;
        for (auto const& need : universe.find(name, chosen.version)->dependencies)
            expected.insert(need.name.text() + (need.optional ? "? " : " ") + need.range.text());
        std::multiset<std::string> got;
        for (auto const& need : catalog.known_needs(package, state - 1)) {
            auto const needed = catalog.number(need.entry);
            auto const& range = catalog.range(need.range);
            if (range.entry != need.entry) return label + ": a range of another package";
            got.insert(catalog.name(needed).text() + (need.is_optional ? "? " : " ") + range.written().text());
            for (std::uint32_t i = 0; i < catalog.version_count(needed); ++i) {
                if (range.matches.contains(i + 1) != range.written().matches(catalog.version(needed, i)))
                    return label + ": " + range.text + " and " + catalog.version(needed, i).text();
            }
        }
        if (got != expected) return "wrong dependencies of " + label;
    }
    return {};
}

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
        EXPECT_EQ(wrong_needs(catalog, universe, std::get<Solution>(*result)), "");
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
        ASSERT_EQ(wrong_needs(catalog, universe, *solution), "");
        testing::Assignment got;
        for (auto const& [name, chosen] : solution->packages) got.emplace(name, chosen.version);
        ASSERT_EQ(got, *expected) << testing::solution_text(*solution);
    }
    std::printf("%llu universes, %llu solvable\n", static_cast<unsigned long long>(k_universes),
                static_cast<unsigned long long>(solvable));
}

}  // namespace
}  // namespace ggen
