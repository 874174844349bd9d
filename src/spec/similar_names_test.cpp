#include "spec/similar_names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ggen {
namespace {

TEST(SimilarNamesTest, CountsEdits) {
    struct Case {
        char const* a;
        char const* b;
        std::size_t distance;
    };
    Case const cases[] = {{"", "", 0},        {"a", "", 1},
                          {"abc", "abc", 0},  {"abc", "acb", 1},
                          {"abc", "abd", 1},  {"abc", "ab", 1},
                          {"abc", "xabc", 1}, {"kitten", "sitting", 3},
                          {"ca", "abc", 3},   {"publish", "pubilsh", 1}};
    for (auto const& c : cases) {
        EXPECT_EQ(edit_distance(c.a, c.b, 10), c.distance) << c.a << ' ' << c.b;
        EXPECT_EQ(edit_distance(c.b, c.a, 10), c.distance) << c.b << ' ' << c.a;
    }
}

TEST(SimilarNamesTest, StopsAtTheLimit) {
    EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3U);
    EXPECT_EQ(edit_distance("a", std::string(100'000, 'b'), 2), 3U);
}

TEST(SimilarNamesTest, OffersTheNearestFirst) {
    std::vector<std::string> const commands{"install", "info", "init",    "inspect",
                                            "list",    "lock", "publish", "install"};
    EXPECT_EQ(closest("instal", commands, 3), (std::vector<std::string>{"install"}));
    EXPECT_EQ(closest("inti", commands, 3), (std::vector<std::string>{"init"}));
    EXPECT_EQ(closest("lisk", commands, 3), (std::vector<std::string>{"list"}));
    EXPECT_EQ(closest("zzz", commands, 3), (std::vector<std::string>{}));
    EXPECT_EQ(closest("list", commands, 3), (std::vector<std::string>{})) << "the word itself is no hint";
    EXPECT_EQ(closest("a", std::vector<std::string>{"b", "c", "d"}, 2), (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace ggen
