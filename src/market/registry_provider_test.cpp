#include <gtest/gtest.h>

#include <algorithm>

#include "market/registry_set.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using testing::MarketFixture;

PackageName name_of(std::string_view text) { return PackageName::parse(text).value(); }

struct RegistryProviderTest : MarketFixture {
    void SetUp() override {
        MarketFixture::SetUp();
        ASSERT_TRUE(create_registry(market_, {dir_ / "evil", "example/evil", "evil"}).has_value());
        market_.config.default_registry = "main";
    }
    void publish_to(std::string const& registry, std::string const& name, std::string const& version,
                    std::string const& dependency_line = {}) {
        clock_.advance(std::chrono::seconds{60});
        auto one = item(name, version);
        if (!dependency_line.empty()) {
            one.manifest_text += "\n[dependencies]\n" + dependency_line + "\n";
            for (auto& file : one.files) {
                if (file.path == "gpack.toml") file.content = to_bytes(one.manifest_text);
            }
        }
        auto const report = publish_items(market_, registry, {one});
        ASSERT_TRUE(report.has_value()) << report.error().context;
    }
    std::string versions_of(RegistryProvider& provider, std::string const& name) {
        auto const versions = provider.versions(name_of(name));
        if (!versions) return error_id_text(versions.error().id);
        std::string out;
        for (auto const& candidate : *versions) {
            out += (out.empty() ? "" : " ") + candidate.version.text() + (candidate.yanked ? "!" : "");
        }
        return out;
    }
    bool was_asked(std::string const& folder) const {
        return std::find(opener_.opened.begin(), opener_.opened.end(), dir_ / folder) != opener_.opened.end();
    }
};

TEST_F(RegistryProviderTest, OnlyTheMappedRegistryIsAskedForANamespace) {
    publish_to("main", "acme/tool", "1.0.0");
    publish_to("evil", "acme/tool", "99.0.0");
    for (auto& known : market_.config.registries) {
        if (known.alias == "main") known.namespaces = {"acme"};
    }
    // Even as the default one it has no say about a namespace that is mapped elsewhere.
    market_.config.default_registry = "evil";
    opener_.opened.clear();

    EXPECT_EQ(install_all({"acme/tool"}), "acme/tool@1.0.0");
    EXPECT_FALSE(was_asked("evil"));
    EXPECT_TRUE(was_asked("registry"));
}

TEST_F(RegistryProviderTest, ThereIsNoFallThroughToAnotherRegistry) {
    publish_to("evil", "acme/internal", "1.0.0");
    opener_.opened.clear();
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};

    EXPECT_EQ(versions_of(provider, "acme/internal"), "");
    EXPECT_FALSE(was_asked("evil"));
}

TEST_F(RegistryProviderTest, AManifestCannotMoveAMappedNamespace) {
    publish_to("main", "acme/tool", "1.0.0", "\"team/lib\" = { version = \"*\", registry = \"example/evil\" }");
    publish_to("evil", "team/lib", "1.0.0");
    {
        RegistrySet registries{market_};
        RegistryProvider provider{market_, registries};
        ASSERT_EQ(versions_of(provider, "acme/tool"), "1.0.0");
        ASSERT_TRUE(provider.dependencies(name_of("acme/tool"), Version{1, 0, 0}).has_value());
        EXPECT_EQ(versions_of(provider, "team/lib"), "1.0.0") << "not mapped: the manifest may say";
    }
    for (auto& known : market_.config.registries) {
        if (known.alias == "main") known.namespaces = {"acme", "team"};
    }
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    ASSERT_EQ(versions_of(provider, "acme/tool"), "1.0.0");
    auto const dependencies = provider.dependencies(name_of("acme/tool"), Version{1, 0, 0});
    ASSERT_FALSE(dependencies.has_value());
    EXPECT_EQ(dependencies.error().id, ErrorId::origin_mismatch);
}

TEST_F(RegistryProviderTest, TwoWaysToOneNameMustAgree) {
    publish_to("main", "acme/tool", "1.0.0", "\"acme/lib\" = { version = \"*\", registry = \"evil\" }");
    publish_to("main", "acme/lib", "1.0.0");
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    ASSERT_EQ(versions_of(provider, "acme/lib"), "1.0.0");
    EXPECT_EQ(provider.dependencies(name_of("acme/tool"), Version{1, 0, 0}).error().id, ErrorId::origin_mismatch);
}

TEST_F(RegistryProviderTest, TheUsersPinOutranksEverything) {
    publish_to("main", "acme/tool", "1.0.0");
    publish_to("evil", "acme/tool", "2.0.0");
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    provider.pin_registry(name_of("acme/tool"), "example/evil");
    EXPECT_EQ(versions_of(provider, "acme/tool"), "2.0.0");
    EXPECT_EQ(provider.facts(name_of("acme/tool"), Version{2, 0, 0}).value()->registry->known.alias, "evil");
    EXPECT_EQ(provider.facts(name_of("acme/tool"), Version{1, 0, 0}).error().id, ErrorId::version_not_found);
}

TEST_F(RegistryProviderTest, RevokedYankedAndYoungOnesAreMarked) {
    publish_to("main", "acme/tool", "1.0.0");
    publish_to("main", "acme/tool", "1.1.0");
    publish_to("main", "acme/tool", "1.2.0");
    ASSERT_TRUE(change_status(market_, {name_of("acme/tool"), Version{1, 0, 0}, StatusAction::revoke,
                                        StatusReason::security, {}, "main"}).has_value());
    ASSERT_TRUE(change_status(market_, {name_of("acme/tool"), Version{1, 1, 0}, StatusAction::yank,
                                        StatusReason::broken, {}, "main"}).has_value());
    clock_.advance(std::chrono::seconds{3600});
    publish_to("main", "acme/tool", "1.3.0");
    market_.config.min_release_age_seconds = 1800;
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    EXPECT_EQ(versions_of(provider, "acme/tool"), "1.0.0! 1.1.0! 1.2.0 1.3.0!");
    EXPECT_FALSE(provider.facts(name_of("acme/tool"), Version{1, 3, 0}).value()->state.yanked);
}

}  // namespace
}  // namespace ggen
