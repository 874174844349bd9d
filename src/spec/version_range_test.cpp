#include "spec/version_range.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "spec/range_parser.hpp"

namespace ggen {
namespace {

std::string canonical(std::string_view text) {
    auto const range = VersionRange::parse(text);
    return range ? range->canonical_text() : "invalid";
}

bool matches(std::string_view range, std::string_view version) {
    return VersionRange::parse(range).value().matches(Version::parse(version).value());
}

TEST(VersionRangeTest, DesugarsEveryForm) {
    struct Case {
        char const* text;
        char const* canonical;
    };
    Case const cases[] = {{"1.2.3", "1.2.3"},
                          {"=1.2.3", "1.2.3"},
                          {"v1.2.3", "1.2.3"},
                          {"=v1.2.3", "1.2.3"},
                          {"1.2.3+b", "1.2.3"},
                          {"", ""},
                          {"*", ""},
                          {"x", ""},
                          {"||", ""},
                          {" \t\n", ""},
                          {">=0.0.0", ""},
                          {"1 || ", ""},
                          {"*.*", ""},
                          {"1", ">=1.0.0 <2.0.0-0"},
                          {"1.x", ">=1.0.0 <2.0.0-0"},
                          {"1.2.X", ">=1.2.0 <1.3.0-0"},
                          {"0.x", "<1.0.0-0"},
                          {"^1.2.3", ">=1.2.3 <2.0.0-0"},
                          {"^0.2.3", ">=0.2.3 <0.3.0-0"},
                          {"^0.0.3", ">=0.0.3 <0.0.4-0"},
                          {"^0.0", "<0.1.0-0"},
                          {"^0", "<1.0.0-0"},
                          {"^0.0.0", "<0.0.1-0"},
                          {"^x", ""},
                          {"^1.2.3-rc.1", ">=1.2.3-rc.1 <2.0.0-0"},
                          {"^0.0.1-beta", ">=0.0.1-beta <0.0.2-0"},
                          {"^ 1", ">=1.0.0 <2.0.0-0"},
                          {"^v1", ">=1.0.0 <2.0.0-0"},
                          {"^1.x.3", ">=1.0.0 <2.0.0-0"},
                          {"~1.2.3", ">=1.2.3 <1.3.0-0"},
                          {"~1.2", ">=1.2.0 <1.3.0-0"},
                          {"~1", ">=1.0.0 <2.0.0-0"},
                          {"~>1.2.3", ">=1.2.3 <1.3.0-0"},
                          {"~> 1", ">=1.0.0 <2.0.0-0"},
                          {"~ > 1", ">=1.0.0 <2.0.0-0"},
                          {"~0.2.3-b", ">=0.2.3-b <0.3.0-0"},
                          {"~x", ""},
                          {">1", ">=2.0.0"},
                          {">1.2", ">=1.3.0"},
                          {">1.2.3", ">1.2.3"},
                          {"<1", "<1.0.0-0"},
                          {"<1.2", "<1.2.0-0"},
                          {"<=1", "<2.0.0-0"},
                          {"<=1.2", "<1.3.0-0"},
                          {"<=1.2.3", "<=1.2.3"},
                          {">=1", ">=1.0.0"},
                          {">=1.2", ">=1.2.0"},
                          {">X", "<0.0.0-0"},
                          {"<*", "<0.0.0-0"},
                          {">=x", ""},
                          {"<=x", ""},
                          {"= 1.2", ">=1.2.0 <1.3.0-0"},
                          {"> 1.2.3 < 2", ">1.2.3 <2.0.0-0"},
                          {">=1.2.3\n<2", ">=1.2.3 <2.0.0-0"},
                          {"1.2.3 - 2.3.4", ">=1.2.3 <=2.3.4"},
                          {"1.2 - 2.3.4", ">=1.2.0 <=2.3.4"},
                          {"1.2.3 - 2.3", ">=1.2.3 <2.4.0-0"},
                          {"1.2.3 - 2", ">=1.2.3 <3.0.0-0"},
                          {"x - 2", "<3.0.0-0"},
                          {"1 - x", ">=1.0.0"},
                          {"1.0.0-a - 2.0.0-b", ">=1.0.0-a <=2.0.0-b"},
                          {"0 - 1", "<2.0.0-0"},
                          {"v1.0.0 - v2.0.0", ">=1.0.0 <=2.0.0"},
                          {"^1 || ^3", ">=1.0.0 <2.0.0-0||>=3.0.0 <4.0.0-0"},
                          {"1.2.3||2.3.4", "1.2.3||2.3.4"},
                          {"<x || 1.2.3", "1.2.3"},
                          {"<x || >x", "<0.0.0-0"},
                          {"^1 *", ">=1.0.0 <2.0.0-0"},
                          {"1.2.3 1.2.3", "1.2.3"},
                          {"^1 >x", "<0.0.0-0"},
                          {"1.2.3*", "1.2.3"},
                          {"1.2.3+*b", "1.2.3"},
                          {"==1.2", ">=1.2.0 <1.3.0-0"},
                          {"latest", ""}};
    for (auto const& c : cases) EXPECT_EQ(canonical(c.text), c.canonical) << '"' << c.text << '"';
}

TEST(VersionRangeTest, RefusesWhatNpmRefuses) {
    for (char const* text : {"a",
                             "1.2.3.4",
                             "01.2.3",
                             "1.02.3",
                             ">01.02.03",
                             "1.2.3beta",
                             "==1.2.3",
                             "vv1.2.3",
                             ">",
                             "<",
                             "=",
                             ">=",
                             "^",
                             "~",
                             "~>",
                             ">>1",
                             "=>1",
                             "^^1",
                             "^~1",
                             "^>1",
                             "1.2.3 -",
                             "- 1.2.3",
                             "1 -2",
                             "1 - 2 - 3",
                             "1,2",
                             "1 && 2",
                             "1|2",
                             "|",
                             "> = 1.2.3",
                             "~> = 1.2.3",
                             "v 1.2.3",
                             "1.x.3",
                             "x.1.2",
                             "1.2.3-01",
                             "1.2.3-",
                             "1.2.3 || a",
                             "latest || 1",
                             ("\xc2\xa0"
                              "1"),
                             "1..2",
                             "1.",
                             "!1",
                             "1.2.3\xc3\xa9"}) {
        auto const range = VersionRange::parse(text);
        EXPECT_FALSE(range) << '"' << text << "\" gave " << canonical(text);
        if (!range) {
            EXPECT_EQ(range.error().id, ErrorId::range_invalid);
        }
    }
}

TEST(VersionRangeTest, MatchesAtTheBounds) {
    struct Case {
        char const* range;
        char const* version;
        bool expected;
    };
    Case const cases[] = {
        {"^1.2.3", "1.2.3", true},    {"^1.2.3", "1.2.2", false},     {"^1.2.3", "1.99.99", true},
        {"^1.2.3", "2.0.0", false},   {"^0.0.3", "0.0.3", true},      {"^0.0.3", "0.0.4", false},
        {"~1.2", "1.2.99", true},     {"~1.2", "1.3.0", false},       {">1.2", "1.2.9", false},
        {">1.2", "1.3.0", true},      {"<=1.2", "1.2.9", true},       {"<1.2", "1.1.9", true},
        {"<1.2", "1.2.0", false},     {"1.2.3 - 2", "2.9.9", true},   {"1.2.3 - 2", "3.0.0", false},
        {"<1 || >2", "1.5.0", false}, {"<1 || >2", "3.0.0", true},    {">x", "0.0.0", false},
        {"*", "0.0.0", true},         {"1.2.3", "1.2.3+build", true}, {"=1.2.3+a", "1.2.3+b", true}};
    for (auto const& c : cases)
        EXPECT_EQ(matches(c.range, c.version), c.expected) << c.range << " of " << c.version;
}

TEST(VersionRangeTest, PrereleasesMatchOnlyNextToOneThatIsNamed) {
    EXPECT_FALSE(matches("*", "1.0.0-a"));
    EXPECT_FALSE(matches("^1.2.3", "2.0.0-a"));
    EXPECT_FALSE(matches("^1.2.3", "1.3.0-a"));
    EXPECT_FALSE(matches("<=1.2.3", "1.2.3-a")) << "same numbers, but no prerelease is named";
    EXPECT_TRUE(matches("^1.2.3-a", "1.2.3-b"));
    EXPECT_FALSE(matches("^1.2.3-b", "1.2.3-a"));
    EXPECT_FALSE(matches("^1.2.3-a", "1.2.4-b"));
    EXPECT_FALSE(matches(">=1.0.0-a || >=2.0.0", "2.0.0-a")) << "the other set must not lend its prerelease";
    EXPECT_TRUE(matches(">0.9.0 <=1.0.0-b", "1.0.0-a"));
}

TEST(VersionRangeTest, SaysWhetherAPrereleaseCanMatch) {
    for (char const* text : {"^1.2.3", "1.x", "*", "1 - 2", "<2", "latest"}) {
        EXPECT_FALSE(VersionRange::parse(text).value().allows_prerelease()) << text;
    }
    for (char const* text : {"^1.2.3-a", ">=1.0.0-0", "1 || 2.0.0-rc", "<2.0.0-1"}) {
        EXPECT_TRUE(VersionRange::parse(text).value().allows_prerelease()) << text;
    }
}

TEST(VersionRangeTest, KnowsTheLatestTag) {
    EXPECT_TRUE(VersionRange::parse(" latest ").value().is_latest_tag());
    EXPECT_FALSE(VersionRange::parse("*").value().is_latest_tag());
    EXPECT_TRUE(matches("latest", "3.0.0"));
    EXPECT_FALSE(matches("latest", "3.0.0-rc.1"));
}

TEST(VersionRangeTest, KeepsTheTextAsWritten) {
    EXPECT_EQ(VersionRange::parse("  ^1.2 ||  3 ").value().text(), "^1.2 ||  3");
    EXPECT_EQ(VersionRange{}.text(), "*");
    EXPECT_TRUE(VersionRange{}.matches(Version{1, 2, 3}));
}

TEST(VersionRangeTest, ExactlyMatchesOneVersion) {
    auto const range = VersionRange::exactly(Version::parse("1.2.3-rc.1+b").value());
    EXPECT_EQ(range.text(), "1.2.3-rc.1");
    EXPECT_TRUE(range.matches(Version::parse("1.2.3-rc.1").value()));
    EXPECT_FALSE(range.matches(Version{1, 2, 3}));
    EXPECT_EQ(range, VersionRange::parse("1.2.3-rc.1").value());
}

TEST(VersionRangeTest, NumbersBeyondADoubleAreExact) {
    EXPECT_TRUE(matches("^9007199254740993.0.0", "9007199254740993.5.0"));
    EXPECT_FALSE(matches(">9007199254740992.0.0", "9007199254740992.0.0"));
    EXPECT_TRUE(matches(">9007199254740992.0.0", "9007199254740993.0.0"));
    EXPECT_EQ(canonical("1.9223372036854775808"), "invalid");
    EXPECT_EQ(canonical("^18446744073709551616"), "invalid");
}

TEST(VersionRangeTest, BoundsSaturateAtTheLargestNumber) {
    EXPECT_EQ(canonical("^9223372036854775807.1.0"), ">=9223372036854775807.1.0");
    EXPECT_EQ(canonical("~1.9223372036854775807.0"), ">=1.9223372036854775807.0 <2.0.0-0");
    EXPECT_EQ(canonical("^0.0.9223372036854775807"), ">=0.0.9223372036854775807 <0.1.0-0");
    EXPECT_EQ(canonical(">9223372036854775807"), "<0.0.0-0");
    EXPECT_EQ(canonical("<=9223372036854775807"), "");
    EXPECT_TRUE(matches("^9223372036854775807.0.0", "9223372036854775807.9223372036854775807.0"));
}

TEST(VersionRangeTest, RefusesHostileLengthsByTheLimit) {
    for (char const* unit : {">", " ", "1 ", "||", "x.", "~", "1.2.3 ", "-", "9", "+", "*"}) {
        std::string text;
        while (text.size() < 50'000) text += unit;
        auto const range = VersionRange::parse(text);
        ASSERT_FALSE(range) << unit;
        EXPECT_EQ(range.error().code, Errc::too_large);
        EXPECT_LT(range.error().context.size(), 300U);
    }
    EXPECT_TRUE(VersionRange::parse("1" + std::string(VersionRange::k_bytes_max - 1, ' ')));
    EXPECT_FALSE(VersionRange::parse("1" + std::string(VersionRange::k_bytes_max, ' ')));
    EXPECT_EQ(canonical("1.2.3-" + std::string(251, 'a')), "invalid");
}

std::clock_t cpu_time_of_parsing(std::string_view unit, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += unit;
    std::clock_t best = 0;
    for (int run = 0; run < 3; ++run) {
        auto const start = std::clock();
        EXPECT_FALSE(parse_range(text).sets.empty());
        auto const took = std::clock() - start;
        best = run == 0 ? took : std::min(best, took);
    }
    return best;
}

// The parser itself, without the limit that protects it: 8 times the text may take at most 24 times
// the processor time, where quadratic work takes 64 times. 2 ms stand for what the clock rounds.
TEST(VersionRangeTest, ParsingTakesLinearTime) {
    for (char const* unit : {">", "> ",  " ", "1 ",       "||",  "x.", "~",  "~ ",       "1.2.3 ",
                             "-", " - ", "9", "0",        "0.",  "+",  "+a", "+a.",      "*",
                             "v", "v ",  "=", "1.2.3-a.", "1.1", "^",  "<=", ">=0.0.0 ", "1 - 2 "}) {
        auto const small = cpu_time_of_parsing(unit, 8'000);
        auto const large = cpu_time_of_parsing(unit, 64'000);
        EXPECT_LT(large, 24 * small + 2 * CLOCKS_PER_SEC / 1'000) << '"' << unit << '"';
    }
}

TEST(VersionRangeTest, ErrorsNameTheWord) {
    EXPECT_EQ(
        VersionRange::parse(">=1 <2.y").error().context,
        "version range \">=1 <2.y\": at \"<2.y\": it is not a range such as ^1.2.3, ~1.2, >=1 <3 or 1.x");
}

std::string random_range(std::mt19937_64& random) {
    static std::vector<std::string> const pieces{"1",  "0",   "2",  ".",     ".",
                                                 "x",  "*",   "^",  "~",     ">",
                                                 "<",  "=",   " ",  " ",     " - ",
                                                 "||", "-",   "a",  "1.2.3", "0.0.1",
                                                 "v",  "1.2", "+b", "~>",    "9223372036854775807"};
    std::string text;
    for (auto count = 1 + random() % 6; count > 0; --count) text += pieces[random() % pieces.size()];
    return text;
}

TEST(VersionRangeTest, CanonicalTextMeansTheSame) {
    std::mt19937_64 random{11};
    int valid = 0;
    for (int i = 0; i < 30'000; ++i) {
        auto const text = random_range(random);
        auto const range = VersionRange::parse(text);
        if (!range) continue;
        ++valid;
        auto const again = VersionRange::parse(range->canonical_text());
        ASSERT_TRUE(again) << text;
        EXPECT_EQ(again->canonical_text(), range->canonical_text()) << text;
        for (char const* version :
             {"0.0.0", "0.0.1", "0.0.1-a", "1.2.3-a", "1.2.3", "2.0.0", "9223372036854775807.0.0"}) {
            auto const parsed = Version::parse(version).value();
            EXPECT_EQ(again->matches(parsed), range->matches(parsed)) << text << " of " << version;
        }
    }
    EXPECT_GT(valid, 3'000);
}

}  // namespace
}  // namespace ggen
