#include "metadata/version_key.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "metadata/range_code.hpp"

namespace ggen::metadata {
namespace {

TEST(VersionKeyTest, OrdersAsVersionsDo) {
    std::vector<Version> versions;
    for (auto const* text : {"0.0.0", "0.0.1-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                             "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-1", "1.0.0-10", "1.0.0-9",
                             "1.0.0-1a", "1.0.0--", "1.0.0", "1.0.0+b", "1.2.0", "1.10.0", "1.0.0-9223372036854775807",
                             "9223372036854775807.0.0", "1.0.0-a.b.c.d", "1.0.0-a.b.c"})
        versions.push_back(Version::parse(text).value());
    for (auto const& a : versions) {
        for (auto const& b : versions) {
            auto const a_text = prerelease_text(a);
            auto const b_text = prerelease_text(b);
            VersionKey const a_key{a.major(), a.minor(), a.patch(), a_text};
            VersionKey const b_key{b.major(), b.minor(), b.patch(), b_text};
            EXPECT_EQ(a_key <=> b_key, a <=> b) << a.text() << " and " << b.text();
        }
    }
}

std::string comparators(std::vector<KeyComparatorSet> const& sets) {
    std::string out;
    for (auto const& set : sets) {
        out += "|";
        for (auto const& [op, version] : set) {
            out += " " + std::to_string(static_cast<int>(op)) + ":" + std::to_string(version.major) + "." +
                   std::to_string(version.minor) + "." + std::to_string(version.patch) + "-" +
                   std::string{version.prerelease};
        }
    }
    return out;
}

std::string comparators(VersionRange const& range) {
    std::string out;
    for (auto const& set : range.sets()) {
        out += "|";
        for (auto const& [op, version] : set) {
            out += " " + std::to_string(static_cast<int>(op)) + ":" + std::to_string(version.major()) + "." +
                   std::to_string(version.minor()) + "." + std::to_string(version.patch()) + "-" +
                   prerelease_text(version);
        }
    }
    return out;
}

TEST(RangeCodeTest, SaysWhatTheRangeSays) {
    for (auto const* text : {"*", "", "latest", "1", "^1.2.3", "~0.1", ">=1.0.0-rc.1 <2 || 3.x - 4 || =9.9.9",
                             "<0.0.0-0", ">9223372036854775807.0.0", "1.2.3-a.b.c || 1.2.3-a.b.d"}) {
        auto const range = VersionRange::parse(text).value();
        Bytes code;
        append_range_code(code, range);
        std::vector<KeyComparatorSet> sets;
        ASSERT_TRUE(read_range_code(code, sets)) << text;
        EXPECT_EQ(comparators(sets), comparators(range)) << text;
    }
}

TEST(RangeCodeTest, RefusesWhatWasCutOrContinued) {
    Bytes code;
    append_range_code(code, VersionRange::parse(">=1.0.0-rc.1 <2 || 3.x").value());
    std::vector<KeyComparatorSet> sets;
    for (std::size_t length = 0; length < code.size(); ++length)
        EXPECT_FALSE(read_range_code(BytesView{code}.first(length), sets)) << length;
    code.push_back(0);
    EXPECT_FALSE(read_range_code(code, sets));
}

TEST(RangeCodeTest, EndsOnAnyBytes) {
    std::mt19937_64 random{5};
    std::vector<KeyComparatorSet> sets;
    for (int round = 0; round < 20'000; ++round) {
        Bytes code(random() % 40);
        for (auto& byte : code) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : random() % 4);
        static_cast<void>(read_range_code(code, sets));
    }
}

}  // namespace
}  // namespace ggen::metadata
