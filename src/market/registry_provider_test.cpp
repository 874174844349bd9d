#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

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

/// Counts what is read of registries, from any thread.
class CountingSource final : public RegistrySource {
public:
    CountingSource(FileSystem& files, std::string location, std::atomic<int>& reads)
        : folder_(files, std::move(location)), reads_(reads) {}
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override {
        ++reads_;
        return folder_.read(path, bytes_max);
    }
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override {
        ++reads_;
        return folder_.read_blob(digest, bytes_max);
    }
    [[nodiscard]] std::string describe() const override { return folder_.describe(); }

private:
    FolderSource folder_;
    std::atomic<int>& reads_;
};

class CountingOpener final : public SourceOpener {
public:
    explicit CountingOpener(FileSystem& files) : files_(files) {}
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override {
        return std::unique_ptr<RegistrySource>{std::make_unique<CountingSource>(files_, location, reads)};
    }
    std::atomic<int> reads = 0;

private:
    FileSystem& files_;
};

struct PrefetchTest : RegistryProviderTest {
    void SetUp() override {
        RegistryProviderTest::SetUp();
        publish_to("main", "acme/c", "1.0.0");
        publish_to("main", "acme/b", "1.0.0", "\"acme/c\" = \"*\"");
        publish_to("main", "acme/b", "2.0.0", "\"acme/nowhere\" = \"*\"");
        publish_to("main", "acme/a", "1.0.0", "\"acme/b\" = \"^1\"");
        counted.directories = market_.directories;
        counted.config = market_.config;
    }
    static ResolveRequest want(std::string_view name) {
        ResolveRequest request;
        request.roots.push_back({name_of(name), VersionRange{}, false, {}});
        return request;
    }
    std::string resolved(RegistryProvider& provider, ResolveRequest const& request) {
        auto const resolution = resolve(provider, request);
        if (!resolution) return resolution.error().context;
        if (std::holds_alternative<Conflict>(*resolution)) return "conflict";
        std::string out;
        for (auto const& [name, chosen] : std::get<Solution>(*resolution).packages) {
            auto const facts = provider.facts(name, chosen.version);
            if (!facts) return facts.error().context;
            out += (out.empty() ? "" : " ") + name.text() + "@" + (*facts)->record.version.text();
        }
        return out;
    }

    CountingOpener opener{dir_.files()};
    Market counted{files_,  clock_, random_, log_, opener, observer_, cancel_, market_.directories,
                   market_.config, market_.project_directory};
};

TEST_F(PrefetchTest, BringsAllThatAResolutionLooksAt) {
    RegistrySet registries{counted};
    RegistryProvider provider{counted, registries};
    ASSERT_TRUE(provider.prefetch_all(want("acme/a")));
    auto const before = opener.reads.load();
    EXPECT_GT(before, 0);
    EXPECT_EQ(resolved(provider, want("acme/a")), "acme/a@1.0.0 acme/b@1.0.0 acme/c@1.0.0");
    EXPECT_EQ(opener.reads.load(), before) << "something was asked one by one";

    // What was proven is kept, so another run asks for the checkpoint alone, and guesses nothing.
    provider.keep_metadata();
    RegistrySet more{counted};
    RegistryProvider later{counted, more};
    ASSERT_TRUE(more.by_name("main"));
    auto const refreshed = opener.reads.load();
    ASSERT_TRUE(later.prefetch_all(want("acme/a")));
    EXPECT_EQ(opener.reads.load(), refreshed);
}

TEST_F(PrefetchTest, AWrongGuessChangesNothing) {
    RegistrySet registries{counted};
    RegistryProvider provider{counted, registries};
    // The guess for acme/b alone is 2.0.0, which nothing satisfies.
    ASSERT_TRUE(provider.prefetch_all(want("acme/b")));
    EXPECT_EQ(resolved(provider, want("acme/b")), "acme/b@1.0.0 acme/c@1.0.0");
    ASSERT_TRUE(provider.prefetch_all(want("acme/unknown")));
    EXPECT_EQ(resolved(provider, want("acme/unknown")), "conflict");
}

TEST_F(PrefetchTest, ARegistryThatCannotBeOpenedIsSaidAtOnce) {
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "registry"));
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    opener_.opened.clear();
    auto const fetched = provider.prefetch_all(want("acme/a"));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(opener_.opened.size(), 1U);
    EXPECT_EQ(describe(install(market_, request({"acme/a"}))).substr(0, 5), "error");
    EXPECT_EQ(opener_.opened.size(), 2U) << "asked twice for the same answer";
}

TEST_F(PrefetchTest, DoesNotOutrankTheUsersMapping) {
    publish_to("main", "acme/mover", "1.0.0", "\"team/lib\" = { version = \"*\", registry = \"example/evil\" }");
    publish_to("evil", "team/lib", "1.0.0");
    for (auto& known : market_.config.registries) {
        if (known.alias == "main") known.namespaces = {"acme", "team"};
    }
    RegistrySet registries{market_};
    RegistryProvider provider{market_, registries};
    ASSERT_TRUE(provider.prefetch_all(want("acme/mover")));
    opener_.opened.clear();
    auto const dependencies = provider.dependencies(name_of("acme/mover"), Version{1, 0, 0});
    ASSERT_FALSE(dependencies.has_value());
    EXPECT_EQ(dependencies.error().id, ErrorId::origin_mismatch);
    EXPECT_FALSE(was_asked("evil"));
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
