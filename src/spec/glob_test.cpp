#include "spec/glob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ggen {
namespace {

TEST(GlobTest, MatchesAsAGitignoreLineDoes) {
    struct Case {
        char const* pattern;
        char const* path;
        bool expected;
    };
    Case const cases[] = {{"a", "a", true},
                          {"a", "b/a", true},
                          {"a", "a/b", true},
                          {"a", "ab", false},
                          {"a", "x/y/a/z", true},
                          {"*.md", "README.md", true},
                          {"*.md", "docs/x.md", true},
                          {"*.md", "x.mdx", false},
                          {"*.md", "a.md/b", true},
                          {"/a", "a", true},
                          {"/a", "b/a", false},
                          {"docs/*.md", "docs/x.md", true},
                          {"docs/*.md", "docs/y/x.md", false},
                          {"docs/*.md", "z/docs/x.md", false},
                          {"docs/**", "docs/a", true},
                          {"docs/**", "docs/a/b/c", true},
                          {"docs/**", "docs", false},
                          {"**/x", "x", true},
                          {"**/x", "a/x", true},
                          {"**/x", "a/b/x", true},
                          {"**/x", "a/bx", false},
                          {"a/**/b", "a/b", true},
                          {"a/**/b", "a/x/y/b", true},
                          {"a/**/b", "a/xb", false},
                          {"a/**/b", "ab", false},
                          {"build/", "build/x", true},
                          {"build/", "a/build/x/y", true},
                          {"build/", "build", false},
                          {"?", "a", true},
                          {"?", "ab", false},
                          {"?", "\xc3\xa9", true},
                          {"??", "\xc3\xa9", false},
                          {"a?c",
                           "a\xe2\x82\xac"
                           "c",
                           true},
                          {"a?b", "a/b", false},
                          {"*", "a", true},
                          {"*", "a/b", true},
                          {"**", "a/b", true},
                          {"a*b*c", "aXXbYYc", true},
                          {"a*b*c", "acb", false},
                          {"a**b", "axxb", true},
                          {"a**b", "a/b", false},
                          {"src/*/x", "src/a/x", true},
                          {"src/*/x", "src/a/b/x", false},
                          {"[id].ts", "app/[id].ts", true},
                          {"[id].ts", "i.ts", false},
                          {"a/**/", "a/b", false},
                          {"a/**/", "a/b/c", true}};
    for (auto const& c : cases) {
        EXPECT_EQ(Glob::parse(c.pattern).value().matches(c.path), c.expected)
            << c.pattern << " on " << c.path;
    }
}

TEST(GlobTest, RefusesPatternsThatMeanSomethingElse) {
    for (char const* text : {"", "/", "!a", "a\\b", "..", "../a", "a/../b", "./a", "a//b", "//a", "a//"}) {
        EXPECT_FALSE(Glob::parse(text)) << text;
    }
    EXPECT_TRUE(Glob::parse(std::string(Glob::k_bytes_max, 'a')));
    EXPECT_FALSE(Glob::parse(std::string(Glob::k_bytes_max + 1, 'a')));
}

// Backtracking matchers need exponential time here.
TEST(GlobTest, ManyStarsCostNoMoreThanTheirNumber) {
    std::string pattern;
    while (pattern.size() + 2 < Glob::k_bytes_max) pattern += "*a";
    EXPECT_FALSE(Glob::parse(pattern + "b").value().matches(std::string(4'000, 'a')));
    std::string folders;
    while (folders.size() + 5 < Glob::k_bytes_max) folders += "**/a/";
    std::string path;
    for (int i = 0; i < 1'000; ++i) path += "a/";
    EXPECT_FALSE(Glob::parse(folders + "b").value().matches(path + "c"));
}

}  // namespace
}  // namespace ggen
