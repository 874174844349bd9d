// Large graphs, and graphs that have no short answer: bounded, told, and stopped on request.
#include <gtest/gtest.h>

#include <algorithm>

#include "resolve/strategy.hpp"
#include "resolve/testing/universe.hpp"

namespace ggen {
namespace {

using testing::UniverseProvider;

std::size_t package_count(testing::Universe const& universe) {
    UniverseProvider provider{universe};
    auto const result = resolve(provider, universe.request);
    if (!result || !std::holds_alternative<Solution>(*result)) return 0;
    return std::get<Solution>(*result).packages.size();
}

TEST(HardGraphsTest, TenThousandPackagesAndAChainOfTenThousand) {
    EXPECT_EQ(package_count(testing::tree(10'000)), 10'000U);
    EXPECT_EQ(package_count(testing::chain(10'000, true)), 10'000U);
}

TEST(HardGraphsTest, AFewPigeonsAreToldWhyTheyDoNotFit) {
    auto const universe = testing::pigeons(3);
    UniverseProvider provider{universe};
    auto const result = resolve(provider, universe.request);
    ASSERT_TRUE(result) << result.error().context;
    auto const* const conflict = std::get_if<Conflict>(&*result);
    ASSERT_NE(conflict, nullptr);
    EXPECT_NE(conflict->explanation.find("pigeon"), std::string::npos);
    EXPECT_LT(conflict->explanation.size(), 20'000U);
}

TEST(HardGraphsTest, ManyPigeonsEndAtTheLimitAndNameWhatIsEntangled) {
    auto const universe = testing::pigeons(12);
    UniverseProvider provider{universe};
    constexpr std::uint64_t k_steps = 100'000;
    auto const result = resolve(provider, universe.request, {.steps_max = k_steps});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::too_large);
    EXPECT_EQ(result.error().id, ErrorId::resolution_limit);
    EXPECT_NE(result.error().context.find("most conflicts were about "), std::string::npos) << result.error().context;
}

/// Cancels after a number of questions.
class ImpatientProvider final : public DependencyProvider {
public:
    ImpatientProvider(testing::Universe const& universe, std::size_t questions)
        : plain_(universe), left_(questions) {}
    Result<std::vector<Candidate>> versions(PackageName const& name) override {
        count();
        return plain_.versions(name);
    }
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override {
        count();
        return plain_.dependencies(name, version);
    }
    [[nodiscard]] CancelToken const& token() const { return token_; }
    [[nodiscard]] std::size_t questions() const { return plain_.questions(); }

private:
    void count() {
        if (left_-- == 0) token_.cancel();
    }
    UniverseProvider plain_;
    std::size_t left_;
    CancelToken token_;
};

TEST(HardGraphsTest, StopsSoonWhenCancelledInTheMiddle) {
    auto const universe = testing::chain(2'000, false);
    ImpatientProvider provider{universe, 500};
    auto const result = resolve(provider, universe.request, {.cancel = &provider.token()});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::cancelled);
    EXPECT_LT(provider.questions(), 510U);
}

/// Work is counted in steps, so this holds on any machine.
std::uint64_t steps_of(testing::Universe const& universe) {
    UniverseProvider provider{universe};
    solver::Catalog catalog{provider};
    solver::Budget budget{ResolveOptions{}.steps_max, nullptr};
    auto const pinned = solver::exact_pins(universe.request.roots);
    auto const solved =
        solver::solve(catalog, {universe.request.roots, universe.request.locked, pinned}, budget, {});
    EXPECT_TRUE(solved && solved->outcome == solver::Outcome::solved);
    return budget.spent();
}

TEST(HardGraphsTest, ASetCostsTheSameHoweverItIsWritten) {
    EXPECT_EQ(steps_of(testing::lists(5, 100)), steps_of(testing::ranges(5, 100)));
    EXPECT_GT(steps_of(testing::ranges(5, 100)), 0U);
}

}  // namespace
}  // namespace ggen
