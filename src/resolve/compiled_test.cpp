// Packages that are compiled answer as packages that are asked for.
#include <gtest/gtest.h>

#include "resolve/strategy.hpp"
#include "resolve/testing/compiled_universe.hpp"

namespace ggen {
namespace {

std::string answer_text(Result<Resolution> const& result) {
    if (!result) return result.error().context;
    if (auto const* const solution = std::get_if<Solution>(&*result)) return testing::solution_text(*solution);
    return std::get<Conflict>(*result).explanation;
}

TEST(CompiledTest, AnswersAndExplanationsAreThoseOfThePlainProvider) {
    int solved = 0;
    for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
        auto const universe = testing::random_universe(seed);
        testing::UniverseProvider plain{universe};
        testing::CompiledUniverse compiled{universe, seed};
        auto const expected = resolve(plain, universe.request);
        auto const result = resolve(compiled, universe.request);
        ASSERT_TRUE(result) << result.error().context;
        ASSERT_EQ(answer_text(result), answer_text(expected)) << "seed " << seed << "\n" << universe.text();
        ASSERT_FALSE(compiled.was_asked_twice());
        solved += std::holds_alternative<Solution>(*result) ? 1 : 0;
    }
    EXPECT_GT(solved, 300);
    EXPECT_LT(solved, 1'200);
}

TEST(CompiledTest, ACatalogThatIsUsedAgainChangesNothing) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        auto const universe = testing::random_universe(seed);
        testing::CompiledUniverse first{universe, seed};
        auto const expected = resolve(first, universe.request);
        testing::CompiledUniverse provider{universe, seed};
        solver::Catalog catalog{provider};
        ResolveRequest other;
        for (auto const& [name, releases] : universe.packages) other.roots.push_back({name, {}, false, {}});
        ASSERT_TRUE(solver::resolve_tuned(catalog, other, {}, {}));
        auto const result = solver::resolve_tuned(catalog, universe.request, {}, {});
        ASSERT_EQ(answer_text(result), answer_text(expected)) << "seed " << seed << "\n" << universe.text();
    }
}

}  // namespace
}  // namespace ggen
