#include "market/known_metadata.hpp"

#include <gtest/gtest.h>

#include "market/labels.hpp"
#include "market/testing/market_fixture.hpp"
#include "metadata/package_encoder.hpp"

namespace ggen {
namespace {

using testing::MarketFixture;

PackageName name_of(std::string_view text) { return PackageName::parse(text).value(); }

struct KnownMetadataTest : MarketFixture {
    void SetUp() override {
        MarketFixture::SetUp();
        publish("acme/b", "1.0.0");
        publish("acme/b", "2.0.0");
        publish("acme/a", "1.0.0", {{"acme/b", "^1"}});
    }
    KnownRegistry const& known() { return market_.config.registries.at(0); }
    std::string directory() {
        auto const label = detail::registry_label(known().origin, known().root_fingerprint);
        return join_path(market_.directories.cache, "metadata/" + label);
    }
    /// Resolves in a fresh project.
    std::string resolved(std::vector<std::string> const& specs) {
        EXPECT_TRUE(dir_.files().remove_tree(dir_ / "project"));
        EXPECT_TRUE(dir_.files().make_directories(dir_ / "project"));
        return install_all(specs);
    }
    Result<metadata::PackageRecord> kept(std::string const& name) {
        ASSIGN_OR_RETURN(chain_, metadata::IndexChain::open(dir_.files(), directory()));
        ASSIGN_OR_RETURN(auto const record, chain_->find(name));
        return record ? Result<metadata::PackageRecord>{*record} : Error{Errc::not_found, name};
    }
    /// Replaces what is kept by one package that needs what is said here, at the registry's checkpoint.
    void forge(std::string const& name, std::string const& version, std::string const& needed,
               std::string const& range_text) {
        auto open = open_registry(market_, known(), false).value();
        ASSERT_TRUE(open->reader->refresh());
        auto const& checkpoint = open->reader->checkpoint().checkpoint;
        auto const state = open->reader->lookup(name_of(name)).value().value();
        auto const parsed = Version::parse(version).value();
        auto const range = VersionRange::parse(range_text).value();
        metadata::LogFacts const log{state.versions[0].index, state.versions[0].first_seen.seconds,
                                     state.versions[0].leaf.bytes};
        std::vector<metadata::NeedFacts> needs;
        if (!needed.empty()) needs.push_back({needed, &range, false});
        metadata::IndexChain::Changes changes;
        changes.emplace(name_of(name),
                        metadata::encode_package(name_of(name), {{&parsed, false, true, needs, &log}}).value());
        ASSERT_TRUE(dir_.files().remove_tree(directory()));
        ASSERT_TRUE(metadata::IndexChain::append(dir_.files(), directory(), {checkpoint.root, checkpoint.size, 0},
                                                 changes, Sync::none));
    }
    std::unique_ptr<metadata::IndexChain> chain_;
};

TEST_F(KnownMetadataTest, KeepsWhatWasAskedAndAnswersFromIt) {
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    auto const a = kept("acme/a");
    ASSERT_TRUE(a) << a.error().context;
    ASSERT_EQ(a->size(), 1U);
    EXPECT_NE(a->list_of(0), metadata::PackageRecord::k_unknown_list);
    auto const b = kept("acme/b").value();
    ASSERT_EQ(b.size(), 2U);
    EXPECT_NE(b.list_of(0), metadata::PackageRecord::k_unknown_list);
    EXPECT_EQ(b.list_of(1), metadata::PackageRecord::k_unknown_list);  // Nobody looked at 2.0.0.

    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    auto const compiled = provider.compiled(name_of("acme/b"));
    ASSERT_TRUE(compiled && *compiled);
    EXPECT_EQ((*compiled)->record.size(), 2U);
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    EXPECT_EQ(resolved({"acme/b"}), "acme/b@2.0.0");
    EXPECT_NE(kept("acme/b")->list_of(1), metadata::PackageRecord::k_unknown_list);
}

TEST_F(KnownMetadataTest, SeesWhatTheLogSaysSince) {
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    publish("acme/b", "1.1.0");
    publish("acme/new", "1.0.0");
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.1.0");
    // The release that stayed kept its needs; the package that was not asked for is not there.
    auto const b = kept("acme/b").value();
    ASSERT_EQ(b.size(), 3U);
    EXPECT_NE(b.list_of(0), metadata::PackageRecord::k_unknown_list);
    EXPECT_FALSE(kept("acme/new"));
    publish("acme/a", "1.5.0");
    EXPECT_EQ(resolved({"acme/b"}), "acme/b@2.0.0");  // Does not ask for acme/a, whose record is old now.
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.5.0");
}

TEST_F(KnownMetadataTest, DamagedFilesCostTimeOnly) {
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    auto const path = metadata::chain_file_path(directory(), 1);
    auto const bytes = dir_.files().read_file(path, k_mib).value();
    for (std::size_t at = 0; at < bytes.size(); at += at < 1'000 ? 90 : 1'500) {
        auto damaged = bytes;
        damaged[at] ^= 0x10U;
        ASSERT_TRUE(dir_.files().make_directories(directory()));
        ASSERT_TRUE(dir_.files().write_file_atomic(path, damaged, Sync::none));
        ASSERT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0") << at;
    }
}

TEST_F(KnownMetadataTest, ForgedMetadataChangesNothingThatIsInstalled) {
    forge("acme/a", "1.0.0", "acme/b", "^2");
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    forge("acme/a", "1.0.0", "", "*");
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    forge("acme/a", "9.0.0", "", "*");
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    forge("acme/a", "1.0.0", "acme/b", "^7");  // Nothing would satisfy it.
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
}

TEST_F(KnownMetadataTest, TheCooldownHoldsForKeptVersions) {
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    publish("acme/b", "1.2.0");
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.2.0");
    market_.config.min_release_age_seconds = 30;
    clock_.advance(std::chrono::seconds{10});
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.0.0");
    clock_.advance(std::chrono::seconds{30});
    EXPECT_EQ(resolved({"acme/a"}), "acme/a@1.0.0 acme/b@1.2.0");
}

}  // namespace
}  // namespace ggen
