#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "resolve/testing/oracle.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_separator = "----\n";

std::string read_text(std::string const& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

std::string shown(Resolution const& resolution) {
    if (auto const* solution = std::get_if<Solution>(&resolution)) {
        return testing::solution_text(*solution);
    }
    return std::get<Conflict>(resolution).explanation;
}

/// testdata/explanations.txt holds cases "== title", universe, "----", expected text.
/// GGEN_ACCEPT=1 writes what the solver says now.
TEST(ExplainTest, TellsEachConflictAsRecorded) {
    std::string const path = GGEN_SOURCE_DIR "/src/resolve/testdata/explanations.txt";
    auto const recorded = read_text(path);
    bool const accepts = std::getenv("GGEN_ACCEPT") != nullptr;
    std::string now;
    std::size_t cases = 0;
    for (std::size_t begin = 0; begin < recorded.size(); ++cases) {
        auto const end = std::min(recorded.find("\n== ", begin), recorded.size() - 1) + 1;
        auto const item = recorded.substr(begin, end - begin);
        begin = end;
        auto const cut = item.find(k_separator);
        ASSERT_NE(cut, std::string::npos) << item;
        auto const title = item.substr(0, item.find('\n') + 1);
        auto const body = item.substr(title.size(), cut - title.size());
        auto const universe = testing::Universe::parse(body);
        ASSERT_TRUE(universe) << title << universe.error().context;
        testing::UniverseProvider provider{*universe};

        auto const result = resolve(provider, universe->request);

        ASSERT_TRUE(result) << title << result.error().context;
        EXPECT_FALSE(provider.was_asked_twice()) << title;
        EXPECT_EQ(std::holds_alternative<Solution>(*result),
                  testing::brute_force(*universe).has_value()) << title;
        auto text = title + body + std::string{k_separator} + shown(*result);
        if (end != recorded.size()) text += "\n";
        if (!accepts) {
            EXPECT_EQ(text, item);
        }
        now += text;
    }
    EXPECT_GE(cases, 25U);
    if (accepts) std::ofstream{path, std::ios::binary} << now;
}

/// Whatever a hint names was tried: with "*" or its newest prerelease instead, there is an answer.
TEST(ExplainTest, EveryHintLeadsToASolution) {
    int hints = 0;
    for (std::uint64_t seed = 1; seed < 400; ++seed) {
        auto const universe = testing::random_universe(seed);
        testing::UniverseProvider provider{universe};
        auto const result = resolve(provider, universe.request).value();
        auto const* conflict = std::get_if<Conflict>(&result);
        if (conflict == nullptr) continue;
        EXPECT_TRUE(conflict->explanation.ends_with("\n"));
        EXPECT_NE(conflict->explanation.find("help: "), std::string::npos);
        for (auto const& hint : conflict->hints) {
            auto relaxed = universe;
            bool is_solved = false;
            for (auto& root : relaxed.request.roots) {
                if (root.name.text() != hint) continue;
                // The same requirement may stand twice; relaxing means both.
                auto const kept = root.range;
                auto const replace = [&](VersionRange const& by) {
                    for (std::size_t i = 0; i < relaxed.request.roots.size(); ++i) {
                        auto const& before = universe.request.roots[i];
                        if (before.name == root.name && before.range == kept) {
                            relaxed.request.roots[i].range = by;
                        }
                    }
                };
                std::vector<VersionRange> wider{VersionRange{}};
                for (auto const& release : universe.packages.at(root.name)) {
                    wider.push_back(VersionRange::exactly(release.candidate.version));
                }
                for (auto const& range : wider) {
                    replace(range);
                    is_solved = is_solved || testing::brute_force(relaxed).has_value();
                }
                replace(kept);
            }
            EXPECT_TRUE(is_solved) << "seed " << seed << ": " << hint << "\n" << universe.text();
            ++hints;
        }
    }
    EXPECT_GT(hints, 30);
}

}  // namespace
}  // namespace ggen
