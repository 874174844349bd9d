#include "market/registries.hpp"

#include <gtest/gtest.h>

#include "market/project.hpp"
#include "market/registry_set.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using testing::MarketFixture;

struct RegistriesTest : MarketFixture {
    std::string location() { return dir_ / "registry"; }
    /// Another person on another machine, who has never seen the registry.
    void become_a_stranger() {
        for (auto const* name : {"s-config", "s-cache", "s-data", "s-state"}) {
            ASSERT_TRUE(dir_.files().make_directories(dir_ / name).has_value());
        }
        market_.directories = {dir_ / "s-config", dir_ / "s-cache", dir_ / "s-data", dir_ / "s-state"};
        reload();
    }
    Digest fingerprint() { return find_registry(market_.config, "main").value().root_fingerprint; }
    std::string add(std::string const& place, std::string const& alias = {},
                    std::optional<std::string> const& expected = {}) {
        RegistryAddRequest request;
        request.location = place;
        request.alias = alias;
        request.fingerprint = expected;
        auto const report = add_registry(market_, request);
        return report ? report->registry.alias + " " + report->registry.origin
                      : error_id_text(report.error().id) + " " + report.error().context;
    }
};

TEST_F(RegistriesTest, CreatingOneKeepsItsKeysPrivateAndMakesItWritable) {
    auto const known = find_registry(market_.config, "main").value();
    EXPECT_EQ(known.origin, "example/main");
    EXPECT_EQ(known.location, location());
    auto const status = list_registries(market_).value();
    ASSERT_EQ(status.size(), 1U);
    EXPECT_TRUE(status[0].is_default);
    EXPECT_TRUE(status[0].is_writable);
    EXPECT_FALSE(status[0].last_size.has_value()) << "nothing was read yet";

    auto const folders = dir_.files().list(dir_ / "config/keys").value();
    unsigned keys = 0;
    for (auto const& folder : folders) {
        if (folder.kind != FileKind::directory) continue;
        auto const path = dir_ / ("config/keys/" + folder.name);
        EXPECT_EQ(dir_.files().info(path).value().mode & 077U, 0U);
        auto const files = dir_.files().list(path).value();
        for (auto const& file : files) {
            ++keys;
            EXPECT_EQ(dir_.files().info(join_path(path, file.name)).value().mode, 0600U) << file.name;
        }
    }
    EXPECT_EQ(keys, 3U);
    EXPECT_EQ(create_registry(market_, {location(), "example/again", {}}).error().code, Errc::conflict);
}

TEST_F(RegistriesTest, AddingPinsTheRootOnFirstUseOrByFingerprint) {
    publish("acme/a", "1.0.0");
    auto const right = fingerprint();
    become_a_stranger();

    EXPECT_EQ(add(location(), {}, Digest{}.text()).substr(0, 6), "GM0311");
    EXPECT_TRUE(market_.config.registries.empty());
    EXPECT_EQ(add(location(), "x", right.text()), "x example/main");
    EXPECT_EQ(add(location()), "x example/main") << "known already";
    reload();
    ASSERT_EQ(market_.config.registries.size(), 1U);
    EXPECT_EQ(market_.config.registries[0].root_fingerprint, right);
    auto const status = list_registries(market_).value();
    EXPECT_FALSE(status[0].is_writable);
    EXPECT_EQ(status[0].last_size, 4U);
    EXPECT_EQ(open_writer(market_, "x").error().id, ErrorId::key_missing);

    EXPECT_EQ(remove_registry(market_, "x").value().alias, "x");
    EXPECT_EQ(remove_registry(market_, "x").error().id, ErrorId::registry_not_found);
    reload();
    EXPECT_TRUE(market_.config.registries.empty());
}

TEST_F(RegistriesTest, AnOriginOrAnAliasIsNeverReplacedByAnother) {
    ASSERT_TRUE(create_registry(market_, {dir_ / "other", "example/other", "other"}).has_value());
    auto const other_fingerprint = find_registry(market_.config, "other").value().root_fingerprint;
    become_a_stranger();
    ASSERT_EQ(add(dir_ / "other", "mine"), "mine example/other");

    EXPECT_EQ(add(location(), "mine").substr(0, 6), "GM0401");
    // Somebody serves another log under a name that is known.
    auto const real = market_.config.registries[0];
    ASSERT_TRUE(remove_registry(market_, "mine").has_value());
    ASSERT_TRUE(create_registry(market_, {dir_ / "false", "example/other", "false"}).has_value());
    EXPECT_EQ(add(dir_ / "other", "real").substr(0, 6), "GM0609");
    ASSERT_TRUE(remove_registry(market_, "false").has_value());
    ASSERT_EQ(add(real.location, "mine"), "mine example/other");
    EXPECT_EQ(find_registry(market_.config, "example/other").value().root_fingerprint, other_fingerprint);
}

TEST_F(RegistriesTest, ALocationThatSwapsItsRootIsRefused) {
    publish("acme/a", "1.0.0");
    become_a_stranger();
    ASSERT_EQ(add(location()), "main example/main");
    ASSERT_TRUE(dir_.files().remove_tree(location()).has_value());
    auto const fake = create_registry(market_, {dir_ / "fake", "example/fake", {}});
    ASSERT_TRUE(fake.has_value()) << fake.error().context;
    ASSERT_TRUE(dir_.files().rename(dir_ / "fake", location()).has_value());

    RegistrySet registries{market_};
    EXPECT_FALSE(registries.by_name("main").has_value());
}

TEST_F(RegistriesTest, KeysThatOthersCanReadAreRefused) {
    auto const path = dir_ / "config/keys/publisher.key";
    for (std::uint32_t const mode : {0644U, 0640U, 0604U, 0660U}) {
        ASSERT_TRUE(dir_.files().set_mode(path, mode).has_value());
        auto const key = load_publisher_key(market_);
        ASSERT_FALSE(key.has_value());
        EXPECT_EQ(key.error().id, ErrorId::config_untrusted);
    }
    ASSERT_TRUE(dir_.files().set_mode(path, 0400).has_value());
    EXPECT_TRUE(load_publisher_key(market_).has_value());
    write("config/keys/publisher.key", "PRIVATE+KEY+nonsense");
    ASSERT_TRUE(dir_.files().set_mode(path, 0600).has_value());
    auto const damaged = load_publisher_key(market_);
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().context.find("nonsense"), std::string::npos) << "a secret must not be quoted";
    ASSERT_TRUE(dir_.files().remove_file(path).has_value());
    EXPECT_EQ(load_publisher_key(market_).error().id, ErrorId::key_missing);
}

TEST_F(RegistriesTest, ANewKeyNeedsANamespaceAndNeverDestroysAnOldOne) {
    EXPECT_EQ(new_key(market_, {"laptop", false}).error().id, ErrorId::name_invalid);
    EXPECT_EQ(new_key(market_, {"acme/other", false}).error().code, Errc::conflict);
    auto const before = show_key(market_).value().verifier_key;
    ASSERT_TRUE(new_key(market_, {"acme/other", true}).has_value());
    EXPECT_NE(show_key(market_).value().verifier_key, before);
    unsigned kept = 0;
    auto const entries = dir_.files().list(dir_ / "config/keys").value();
    for (auto const& entry : entries) {
        if (entry.name.starts_with("publisher.key.")) ++kept;
    }
    EXPECT_EQ(kept, 1U);
}

TEST_F(RegistriesTest, MirrorsAnswerWhenTheLocationDoesNot) {
    publish("acme/a", "1.0.0");
    auto copy = dir_ / "mirror";
    ASSERT_TRUE(dir_.files().rename(location(), copy).has_value());
    market_.config.registries[0].mirrors = {copy};

    RegistrySet registries{market_};
    auto const open = registries.by_name("main");
    ASSERT_TRUE(open.has_value()) << open.error().context;
    EXPECT_TRUE((*open)->reader->lookup(PackageName::parse("acme/a").value()).value().has_value());
}

TEST_F(RegistriesTest, TheAddressOfTheEnvironmentIsPinnedWhenFirstUsed) {
    publish("acme/a", "1.0.0");
    become_a_stranger();
    auto const load = [&] {
        market_.config = Config::load(dir_.files(), market_.directories, market_.project_directory,
                                      {{"GGEN_REGISTRY_URL", location()}}).value();
    };
    load();
    {
        RegistrySet registries{market_};
        auto const open = registries.for_package(PackageName::parse("acme/a").value());
        ASSERT_TRUE(open.has_value()) << open.error().context;
        EXPECT_EQ((*open)->known.alias, "main");
        ASSERT_EQ(observer_.warnings.size(), 1U);
        EXPECT_NE(observer_.warnings[0].find("is trusted from now on"), std::string::npos);
    }
    load();
    EXPECT_EQ(market_.config.default_registry, "main");
    RegistrySet registries{market_};
    ASSERT_TRUE(registries.by_name("").has_value());
    EXPECT_EQ(observer_.warnings.size(), 1U);
}

TEST_F(RegistriesTest, TheDefaultIsTheOneNamedTheOnlyOneOrTheOnlyOpenOne) {
    auto const chosen = [&](std::string const& name) {
        auto const known = registry_of_name(market_.config, PackageName::parse(name).value());
        return known ? known->alias : error_id_text(known.error().id);
    };
    EXPECT_EQ(chosen("any/thing"), "main");
    ASSERT_TRUE(create_registry(market_, {dir_ / "other", "example/other", "other"}).has_value());
    EXPECT_EQ(chosen("any/thing"), "GM0402") << "two, and no default";
    market_.config.registries[1].namespaces = {"team"};
    EXPECT_EQ(chosen("any/thing"), "main");
    EXPECT_EQ(chosen("team/tool"), "other");
    market_.config.default_registry = "other";
    EXPECT_EQ(chosen("any/thing"), "GM0402") << "other serves its namespaces only";
    market_.config.registries.clear();
    EXPECT_EQ(chosen("any/thing"), "GM0402");
}

// R4
TEST_F(RegistriesTest, NeitherCollectionNorAnEmptiedCacheForgetsTheLastCheckpoint) {
    publish("acme/a", "1.0.0");
    auto const known = default_registry(market_.config).value();
    auto const memory = join_path(registry_memory_directory(market_.directories, known), "head");
    ASSERT_TRUE(open_registry(market_, known, false).value()->reader->refresh());
    auto const old_checkpoint = files_.read_file(location() + "/checkpoint", 100'000).value();
    auto const old_head = files_.read_file(location() + "/state/head", 100'000).value();
    publish("acme/b", "1.0.0");
    ASSERT_TRUE(open_registry(market_, known, false).value()->reader->refresh());
    auto const head = files_.read_file(memory, 100'000).value();

    ASSERT_TRUE(cache_collect(market_, false, 0));
    ASSERT_TRUE(files_.remove_tree(market_.directories.cache));
    ASSERT_TRUE(files_.write_file_atomic(location() + "/checkpoint", old_checkpoint, Sync::none, 0644));
    ASSERT_TRUE(files_.write_file_atomic(location() + "/state/head", old_head, Sync::none, 0644));

    EXPECT_EQ(open_registry(market_, known, false).value()->reader->refresh().error().id,
              ErrorId::checkpoint_rollback);
    EXPECT_EQ(files_.read_file(memory, 100'000).value(), head);
}

TEST_F(RegistriesTest, FsckChecksTheFolderAndTheCatalogue) {
    publish("acme/a", "1.0.0");
    auto const report = fsck_known_registry(market_, {"", false});
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_TRUE(report->problems.empty());
    EXPECT_EQ(report->releases, 1U);
    EXPECT_TRUE(fsck_known_registry(market_, {location(), false}).has_value()) << "by its folder";
    EXPECT_EQ(fsck_known_registry(market_, {"nobody", false}).error().id, ErrorId::registry_not_found);
    EXPECT_EQ(fsck_known_registry(market_, {dir_ / "project", false}).error().id, ErrorId::registry_not_found);
}

}  // namespace
}  // namespace ggen
