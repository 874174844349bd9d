#include "spec/version.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace ggen {
namespace {

TEST(VersionTest, PrintsWhatItParsed) {
    for (char const* text : {"0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7",
                             "1.0.0-x.7.z.92", "1.0.0-x-y-z.--", "1.0.0+20130313144700",
                             "1.0.0-beta+exp.sha.5114f85", "1.0.0+21AF26D3---117B344092BD",
                             "1.0.0-0A.is.legal", "1.0.0--", "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
                             "9223372036854775807.0.0", "1.0.0-9223372036854775807", "1.0.0+001"}) {
        auto const version = Version::parse(text);
        ASSERT_TRUE(version) << text;
        EXPECT_EQ(version->text(), text);
    }
}

TEST(VersionTest, RefusesEverythingOutsideTheGrammar) {
    using std::string_literals::operator""s;
    std::string const bad[] = {"",
                               "1",
                               "1.2",
                               "1.2.3.4",
                               "v1.2.3",
                               "=1.2.3",
                               " 1.2.3",
                               "1.2.3 ",
                               "01.2.3",
                               "1.02.3",
                               "1.2.03",
                               "1.2.3-01",
                               "1.2.3-",
                               "1.2.3-a..b",
                               "1.2.3-a.",
                               "1.2.3+",
                               "1.2.3+a..b",
                               "1.2.3+a+b",
                               "1.2.3-\xc3\xa9",
                               "1.2.x",
                               "1.2.*",
                               "-1.2.3",
                               "1.-2.3",
                               "+1.2.3",
                               "1.2.3-a_b",
                               "1..3",
                               ".1.2",
                               "1.2.",
                               "1.2.3\0"s,
                               "1.2.3\n",
                               "1e3.0.0",
                               "0x1.0.0",
                               "9223372036854775808.0.0",
                               "18446744073709551616.0.0",
                               "1.0.0-9223372036854775808",
                               "latest",
                               "1.2.3-a/b"};
    for (auto const& text : bad) {
        auto const version = Version::parse(text);
        ASSERT_FALSE(version) << text;
        EXPECT_EQ(version.error().id, ErrorId::version_invalid);
    }
}

TEST(VersionTest, LimitsItsText) {
    std::string const at_limit = "1.2.3-" + std::string(250, 'a');
    EXPECT_TRUE(Version::parse(at_limit));
    EXPECT_FALSE(Version::parse(at_limit + "a"));
    EXPECT_FALSE(Version::parse(std::string(400, '1') + ".0.0"));
    EXPECT_FALSE(Version::parse("1.0.0-" + std::string(70'000, '1')));
}

TEST(VersionTest, SuggestsTheSpellingWithoutNoise) {
    EXPECT_EQ(Version::parse(" v1.2.3").error().help, "did you mean 1.2.3?");
    EXPECT_EQ(Version::parse("1.2").error().help, "");
}

TEST(VersionTest, OrdersAsSemVerSays) {
    // Section 11 of SemVer, and numbers beyond what a double holds.
    std::vector<std::string> const ascending{"0.0.0-0",
                                             "0.0.0",
                                             "0.0.1",
                                             "0.1.0",
                                             "0.9.0",
                                             "0.10.0",
                                             "1.0.0--",
                                             "1.0.0-alpha",
                                             "1.0.0-alpha.1",
                                             "1.0.0-alpha.beta",
                                             "1.0.0-beta",
                                             "1.0.0-beta.2",
                                             "1.0.0-beta.11",
                                             "1.0.0-rc.1",
                                             "1.0.0",
                                             "2.0.0-9007199254740992",
                                             "2.0.0-9007199254740993",
                                             "2.0.0-A",
                                             "2.0.0-a",
                                             "2.0.0",
                                             "9007199254740992.0.0",
                                             "9007199254740993.0.0",
                                             "9223372036854775806.0.0",
                                             "9223372036854775807.0.0"};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t k = 0; k < ascending.size(); ++k) {
            auto const a = Version::parse(ascending[i]).value();
            auto const b = Version::parse(ascending[k]).value();
            EXPECT_EQ(a < b, i < k) << ascending[i] << " < " << ascending[k];
            EXPECT_EQ(a == b, i == k) << ascending[i] << " == " << ascending[k];
        }
    }
}

TEST(VersionTest, BuildMetadataDoesNotCount) {
    auto const plain = Version::parse("1.2.3").value();
    auto const built = Version::parse("1.2.3+build.7").value();
    EXPECT_EQ(plain, built);
    EXPECT_EQ(built.build(), "build.7");
}

Version random_version(std::mt19937_64& random) {
    std::vector<Version::Identifier> prerelease;
    for (auto count = random() % 3; count > 0; --count) {
        if (random() % 2 == 0)
            prerelease.emplace_back(random() % 3);
        else
            prerelease.emplace_back(std::string(1 + random() % 2, static_cast<char>('a' + random() % 2)));
    }
    return Version{random() % 2, random() % 2, random() % 2, std::move(prerelease)};
}

TEST(VersionTest, OrderIsTotalAndAgreesWithPrinting) {
    std::mt19937_64 random{7};
    for (int i = 0; i < 5'000; ++i) {
        auto const a = random_version(random);
        auto const b = random_version(random);
        auto const c = random_version(random);
        EXPECT_EQ(a <=> b, 0 <=> (b <=> a));
        if (a < b && b < c) {
            EXPECT_TRUE(a < c) << a.text() << b.text() << c.text();
        }
        EXPECT_EQ(a == b, a.text() == b.text());
        EXPECT_EQ(Version::parse(a.text()).value(), a);
    }
}

}  // namespace
}  // namespace ggen
