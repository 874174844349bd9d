#include "metadata/package_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "metadata/checksum.hpp"
#include "metadata/little_endian.hpp"
#include "metadata/range_code.hpp"
#include "metadata/testing/sample_packages.hpp"

namespace ggen::metadata {
namespace {

using testing::SamplePackage;

/// Everything that a record says, as text.
std::string told(PackageRecord const& record) {
    std::string out{record.name()};
    for (std::uint32_t i = 0; i < record.size(); ++i) {
        out += "\n" + record.version_text(i) + (record.is_yanked(i) ? " yanked" : "");
        if (auto const log = record.log_facts(i)) out += " @" + std::to_string(log->index);
        auto const list = record.list_of(i);
        if (list == PackageRecord::k_unknown_list) {
            out += " ?";
            continue;
        }
        for (std::uint32_t at = 0; at < record.list_size(list); ++at) {
            auto const pair = record.pair(record.list_item(list, at));
            out += ", " + std::string{record.dependency_name(pair.name)} + " " +
                   std::string{record.range_text(pair.range)} + (pair.is_optional ? "?" : "");
        }
    }
    return out;
}

/// The same from the facts, by the rules of the resolver.
std::string told(SamplePackage const& package) {
    auto releases = package.releases;
    std::sort(releases.begin(), releases.end(), [](auto const& a, auto const& b) {
        if (auto const order = a.version <=> b.version; order != 0) return order < 0;
        if (a.is_yanked != b.is_yanked) return b.is_yanked;
        return a.version.build() > b.version.build();
    });
    std::string out = package.name.text();
    for (std::size_t i = 0; i < releases.size(); ++i) {
        auto const& release = releases[i];
        if (i > 0 && releases[i - 1].version == release.version) continue;
        out += "\n" + release.version.text() + (release.is_yanked ? " yanked" : "");
        if (package.has_log) out += " @" + std::to_string(release.log.index);
        if (!release.has_known_needs) out += " ?";
        for (auto const& need : release.needs)
            out += ", " + need.name + " " + need.range.text() + (need.is_optional ? "?" : "");
    }
    return out;
}

TEST(PackageRecordTest, SaysWhatWasEncoded) {
    for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
        auto const package = testing::sample_package("scope/name", seed);
        auto const bytes = package.encode();
        auto const record = PackageRecord::open(bytes);
        ASSERT_TRUE(record) << record.error().context;
        ASSERT_EQ(told(*record), told(package)) << seed;
        auto const checked = record->check_contents();
        ASSERT_TRUE(checked) << checked.error().context;
    }
}

TEST(PackageRecordTest, TheOrderOfReleasesDoesNotMatter) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        auto package = testing::sample_package("a", seed);
        auto const bytes = package.encode();
        std::reverse(package.releases.begin(), package.releases.end());
        ASSERT_EQ(package.encode(), bytes) << seed;
    }
}

TEST(PackageRecordTest, EveryFlippedBitIsAnError) {
    auto const bytes = testing::sample_package("a", 7).encode();
    ASSERT_GT(bytes.size(), PackageRecord::k_header_bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto damaged = bytes;
        damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
        auto const record = PackageRecord::open(damaged);
        ASSERT_FALSE(record) << "bit " << bit;
        ASSERT_EQ(record.error().code, Errc::corrupt);
    }
}

TEST(PackageRecordTest, EveryCutIsAnError) {
    auto const bytes = testing::sample_package("a", 8).encode();
    for (std::size_t length = 0; length < bytes.size(); ++length)
        ASSERT_FALSE(PackageRecord::open(BytesView{bytes}.first(length))) << length;
}

/// Bytes of an attacker, checksum put right: whatever they say, reading them ends.
TEST(PackageRecordTest, FlippedBitsWithARightChecksumNeverLeadOutside) {
    auto const bytes = testing::sample_package("a", 12).encode();
    std::vector<KeyComparatorSet> sets;
    std::size_t opened = 0;
    for (std::size_t bit = 64; bit < bytes.size() * 8; ++bit) {
        auto forged = bytes;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ (1U << (bit % 8)));
        store(forged.data(), checksum(BytesView{forged}.subspan(8)));
        auto const record = PackageRecord::open(forged);
        if (!record) continue;
        ++opened;
        static_cast<void>(record->check_contents());
        for (std::uint32_t range = 0; range < record->range_count() && range < 1'000; ++range)
            static_cast<void>(read_range_code(record->range_code(range), sets));
    }
    EXPECT_GT(opened, 1'000U);
}

TEST(PackageRecordTest, AListIsKeptOnceForAllVersionsThatHaveIt) {
    auto package = testing::sample_package("a", 1);
    package.releases.clear();
    for (std::uint64_t i = 0; i < 100; ++i)
        package.releases.push_back({Version{1, i, 0}, false, true, {{"b", VersionRange::parse("^1").value()}}, {}});
    auto const record = PackageRecord::open(package.encode());
    auto const bytes = package.encode();
    auto const kept = PackageRecord::open(bytes).value();
    EXPECT_EQ(kept.list_count(), 1U);
    EXPECT_EQ(kept.pair_count(), 1U);
    EXPECT_LT(bytes.size(), package.has_log ? 6'000U : 700U);
}

TEST(PackageRecordTest, RefusesMoreVersionsThanTheResolverTakes) {
    auto const name = PackageName::parse("a").value();
    std::vector<Version> versions;
    for (std::uint64_t i = 0; i <= k_versions_max; ++i) versions.emplace_back(i, 0U, 0U);
    std::vector<ReleaseFacts> facts;
    facts.reserve(versions.size());
    for (auto const& version : versions) facts.push_back({&version});
    auto const too_many = encode_package(name, facts);
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code, Errc::too_large);
    facts.pop_back();
    EXPECT_TRUE(encode_package(name, facts));
}

}  // namespace
}  // namespace ggen::metadata
