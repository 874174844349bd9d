#include "resolve/range_states.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "metadata/package_encoder.hpp"
#include "resolve/testing/universe.hpp"

namespace ggen::solver {
namespace {

Version random_version(ggen::testing::Dice& dice) {
    std::vector<Version::Identifier> prerelease;
    if (dice.one_in(3)) prerelease.emplace_back(dice.one_in(2) ? "alpha" : "rc");
    if (!prerelease.empty() && dice.one_in(2)) prerelease.emplace_back(std::uint64_t{dice.below(3)});
    if (dice.one_in(12)) prerelease = {std::uint64_t{0}};
    return {dice.below(3), dice.below(3), dice.below(3), prerelease};
}

std::string random_range(ggen::testing::Dice& dice) {
    std::string out;
    for (auto sets = 1 + dice.below(2); sets > 0; --sets) {
        if (!out.empty()) out += " || ";
        constexpr char const* k_operators[] = {"", "^", "~", ">=", ">", "<", "<="};
        for (auto parts = 1 + dice.below(2); parts > 0; --parts) {
            out += std::string{k_operators[dice.below(7)]} + random_version(dice).text() + " ";
        }
        if (dice.one_in(8)) out += "*";
    }
    return out;
}

TEST(RangeStatesTest, AgreesWithAskingTheRangeAboutEachVersion) {
    ggen::testing::Dice dice{3};
    int matched = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::vector<Candidate> versions;
        for (auto n = dice.below(30); n > 0; --n) versions.push_back({random_version(dice), false});
        std::sort(versions.begin(), versions.end(), [](auto& a, auto& b) { return a.version < b.version; });
        auto const same = [](auto& a, auto& b) { return a.version == b.version; };
        versions.erase(std::unique(versions.begin(), versions.end(), same), versions.end());
        auto const size = static_cast<std::uint32_t>(versions.size()) + 1;
        auto prereleases = StateSet::none(size);
        for (std::uint32_t state = 1; state < size; ++state) {
            if (versions[state - 1].version.is_prerelease()) prereleases.add(state);
        }
        auto const text = dice.one_in(50) ? std::string{"latest"} : random_range(dice);
        auto const range = VersionRange::parse(text);
        ASSERT_TRUE(range) << text;
        auto expected = StateSet::none(size);
        for (std::uint32_t state = 1; state < size; ++state) {
            if (range->matches(versions[state - 1].version)) expected.add(state);
        }
        matched += static_cast<int>(expected.count());
        ASSERT_EQ(matching_states(*range, versions, prereleases), expected) << text;
        std::vector<ggen::metadata::ReleaseFacts> facts;
        facts.reserve(versions.size());
        for (auto const& candidate : versions) facts.push_back({&candidate.version});
        auto const bytes = ggen::metadata::encode_package(ggen::PackageName::parse("a").value(), facts).value();
        auto const record = ggen::metadata::PackageRecord::open(bytes).value();
        ASSERT_TRUE(record.check_contents());
        ASSERT_EQ(matching_states(*range, record, prereleases), expected) << text;
        auto const sought = random_version(dice);
        ASSERT_EQ(state_of_version(sought, record), state_of_version(sought, versions)) << sought.text();
    }
    EXPECT_GT(matched, 1'000);
}

TEST(RangeStatesTest, KnowsAnyReleaseOfNoVersions) {
    EXPECT_EQ(matching_states(VersionRange{}, std::vector<Candidate>{}, {}), StateSet::none(1));
}

}  // namespace
}  // namespace ggen::solver
