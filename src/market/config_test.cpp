#include "market/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/testing/temp_dir.hpp"
#include "market/config_document.hpp"

namespace ggen {
namespace {

using testing::TempDir;
using Environment = std::map<std::string, std::string>;

KnownRegistry registry(std::string alias, std::string location = "/srv/registry") {
    KnownRegistry out;
    out.origin = "example/" + alias;
    out.alias = std::move(alias);
    out.location = std::move(location);
    out.root_fingerprint.bytes.fill(7);
    return out;
}

struct ConfigTest : ::testing::Test {
    ConfigTest() : directories{dir / "config", dir / "cache", dir / "data", dir / "state"} {}

    void write(std::string const& path, std::string const& text, std::uint32_t mode = 0644) {
        auto const full = dir / path;
        ASSERT_TRUE(dir.files().make_directories(parent_path(full)).has_value());
        ASSERT_TRUE(dir.files().write_file_atomic(full, as_bytes(text), Sync::none, mode).has_value());
        ASSERT_TRUE(dir.files().set_mode(full, mode).has_value());
    }
    [[nodiscard]] std::string user_text() {
        return std::string{as_text(dir.files().read_file(dir / "config/config.toml", 65'536).value())};
    }
    [[nodiscard]] Result<Config> load(Environment const& environment = {}) {
        return Config::load(dir.files(), directories, dir / "project", environment);
    }
    [[nodiscard]] static std::string find(Config const& config, std::string_view key) {
        for (auto const& setting : config.settings) {
            if (setting.key == key) return setting.value + " from " + setting.origin;
        }
        return "absent";
    }
    [[nodiscard]] std::string problem(Environment const& environment = {}) {
        auto const config = load(environment);
        return config ? "none" : config.error().context;
    }

    TempDir dir;
    Directories directories;
};

TEST_F(ConfigTest, EachLayerOutranksTheNext) {
    auto const config = dir / "config/config.toml";
    auto const project = dir / "project/.ggen/config.toml";
    EXPECT_EQ(find(load().value(), "link_mode"), "generation from default");

    write("config/config.toml", "link_mode = \"hardlink\"\ndownload_parallel = 3\n");
    EXPECT_EQ(find(load().value(), "link_mode"), "hardlink from " + config);

    write("project/.ggen/config.toml", "link_mode = \"symlink\"\n");
    EXPECT_EQ(find(load().value(), "link_mode"), "symlink from " + project);
    EXPECT_EQ(find(load().value(), "download_parallel"), "3 from " + config);

    auto const merged = load({{"GGEN_LINK_MODE", "copy"}, {"GGEN_OFFLINE", "1"}}).value();
    EXPECT_EQ(find(merged, "link_mode"), "copy from environment GGEN_LINK_MODE");
    EXPECT_EQ(merged.link_mode, LinkMode::copy);
    EXPECT_EQ(merged.download_parallel, 3U);
    EXPECT_TRUE(merged.offline);
    EXPECT_EQ(find(merged, "min_release_age_seconds"), "0 from default");
}

TEST_F(ConfigTest, MistakesNameFileLineAndColumn) {
    auto const path = dir / "config/config.toml";
    struct Case {
        char const* text;
        std::string expected;
    };
    std::vector<Case> const cases{
        {"link_mode = 3", ":1:13: link_mode: expected a string"},
        {"\nlink_mode = \"hard\"",
         ":2:13: link_mode: \"hard\" is none of generation, symlink, hardlink, reflink, copy"},
        {"download_parallel = 0", ":1:21: download_parallel: \"0\" is not a whole number from 1 to 64"},
        {"download_parallel = 65", ":1:21: download_parallel: \"65\" is not a whole number from 1 to 64"},
        {"offline = \"yes\"", ":1:11: offline: expected true or false"},
        {"link_mod = \"copy\"", ":1:1: unknown key \"link_mod\""},
        {"registry = 1", ":1:12: registry: expected [[registry]] tables"},
        {"[[registry]]\nalias = \"a\"", ":1:1: registry: origin is missing"},
        {"[[registry]]\nalias = \"A\"\norigin = \"o\"\nlocation = \"/\"\nfingerprint = \"x\"",
         ":5:15: fingerprint:"},
    };
    for (auto const& one : cases) {
        write("config/config.toml", one.text);
        auto const told = problem();
        EXPECT_TRUE(told.starts_with(path + one.expected)) << one.text << "\n" << told;
    }
    write("config/config.toml", "link_mode = ");
    EXPECT_EQ(load().error().id, ErrorId::config_invalid);
    write("config/config.toml", "default_registry = \"gone\"");
    EXPECT_TRUE(problem().starts_with("default_registry = \"gone\"")) << problem();
    write("config/config.toml", "");
    EXPECT_EQ(problem({{"GGEN_LINK_MODE", "x"}}),
              "environment GGEN_LINK_MODE: link_mode: \"x\" is none of generation, symlink, hardlink, reflink, copy");
}

TEST_F(ConfigTest, FilesThatOthersCanWriteAreRefused) {
    for (std::uint32_t const mode : {0666U, 0664U, 0646U, 0622U}) {
        write("project/.ggen/config.toml", "offline = true\n", mode);
        auto const config = load();
        ASSERT_FALSE(config.has_value()) << mode;
        EXPECT_EQ(config.error().id, ErrorId::config_untrusted);
        EXPECT_EQ(config.error().code, Errc::refused);
    }
    write("project/.ggen/config.toml", "offline = true\n", 0644);
    EXPECT_TRUE(load().value().offline);
}

TEST_F(ConfigTest, FilesOfSomebodyElseAreRefusedAlsoBehindALink) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    write("project/.ggen/config.toml", "offline = true\n");
    ASSERT_EQ(::chown((dir / "project/.ggen/config.toml").c_str(), 12345, 12345), 0);

    EXPECT_EQ(load().error().id, ErrorId::config_untrusted);

    ASSERT_TRUE(dir.files().make_directories(dir / "config").has_value());
    ASSERT_TRUE(dir.files().rename(dir / "project/.ggen/config.toml", dir / "stranger.toml").has_value());
    ASSERT_TRUE(dir.files().make_symlink("../stranger.toml", dir / "config/config.toml").has_value());
    EXPECT_EQ(load().error().id, ErrorId::config_untrusted);
    ASSERT_EQ(::chown((dir / "stranger.toml").c_str(), 0, 0), 0);
    EXPECT_TRUE(load().value().offline);
}

TEST_F(ConfigTest, SettingAValueKeepsTheRestOfTheFile) {
    write("config/config.toml",
          "# mine\nlink_mode   =   \"copy\"  # why not\n\n# the team's\n[[registry]]\nalias = \"main\"\n"
          "origin = \"example/main\"\nlocation = \"/srv\"  # big disk\nfingerprint = \"" +
              registry("main").root_fingerprint.text() + "\"\n");
    auto& files = dir.files();

    ASSERT_TRUE(set_config_value(files, directories, "link_mode", "hardlink").has_value());
    ASSERT_TRUE(set_config_value(files, directories, "offline", "on").has_value());
    ASSERT_TRUE(set_config_value(files, directories, "default_registry", "main").has_value());

    EXPECT_EQ(user_text(), "# mine\nlink_mode   =   \"hardlink\"  # why not\noffline = true\n"
                           "default_registry = \"main\"\n\n# the team's\n[[registry]]\nalias = \"main\"\n"
                           "origin = \"example/main\"\nlocation = \"/srv\"  # big disk\nfingerprint = \"" +
                               registry("main").root_fingerprint.text() + "\"\n");
    ASSERT_TRUE(set_config_value(files, directories, "link_mode", "").has_value());
    EXPECT_EQ(user_text().substr(0, 22), "# mine\noffline = true\n");
    EXPECT_EQ(set_config_value(files, directories, "lnk_mode", "copy").error().id, ErrorId::config_invalid);
    EXPECT_EQ(set_config_value(files, directories, "download_parallel", "x").error().id, ErrorId::config_invalid);
    EXPECT_EQ(set_config_value(files, directories, "default_registry", "nobody").error().id,
              ErrorId::config_invalid);
}

TEST_F(ConfigTest, RegistriesAreAddedReplacedAndRemoved) {
    auto& files = dir.files();
    write("config/config.toml", "offline = false # at home");
    auto main = registry("main");
    main.namespaces = {"acme", "tools"};
    main.mirrors = {"https://one.example/\"quoted\"", "/mnt"};

    ASSERT_TRUE(add_config_registry(files, directories, main).has_value());
    ASSERT_TRUE(add_config_registry(files, directories, registry("other", "https://packs.example")).has_value());
    EXPECT_EQ(load().value().registries, (std::vector{main, registry("other", "https://packs.example")}));

    main.namespaces = {"acme"};
    ASSERT_TRUE(add_config_registry(files, directories, main).has_value());
    EXPECT_EQ(load().value().registries, (std::vector{registry("other", "https://packs.example"), main}));

    ASSERT_TRUE(set_config_value(files, directories, "default_registry", "other").has_value());
    EXPECT_EQ(load().value().default_registry, "other");
    ASSERT_TRUE(remove_config_registry(files, directories, "other").has_value());
    EXPECT_EQ(load().value().default_registry, "");
    EXPECT_EQ(load().value().registries, std::vector{main});
    ASSERT_TRUE(remove_config_registry(files, directories, "main").has_value());
    EXPECT_EQ(user_text(), "offline = false # at home\n");
    EXPECT_EQ(remove_config_registry(files, directories, "main").error().id, ErrorId::registry_not_found);
}

TEST_F(ConfigTest, TheNearerRegistryOfAnAliasCounts) {
    write("config/config.toml", detail::with_registry("", registry("main", "/far")).value());
    write("project/.ggen/config.toml", detail::with_registry("", registry("main", "/near")).value());

    EXPECT_EQ(load().value().registries, std::vector{registry("main", "/near")});
}

TEST_F(ConfigTest, ANamespaceHasOneHome) {
    auto a = registry("a");
    auto b = registry("b");
    a.namespaces = {"acme"};
    b.namespaces = {"acme"};
    auto const one = detail::with_registry("", a).value();
    write("config/config.toml", detail::with_registry(one, b).value());

    EXPECT_EQ(load().error().id, ErrorId::config_invalid);
    EXPECT_NE(problem().find("acme is mapped to two registries"), std::string::npos) << problem();
}

TEST_F(ConfigTest, TheAddressOfTheEnvironmentIsTheDefaultRegistry) {
    write("config/config.toml", detail::with_registry("", registry("main", "/srv/main")).value());

    auto const known = load({{"GGEN_REGISTRY_URL", "file:///srv/main/"}}).value();
    EXPECT_EQ(known.default_registry, "main");
    EXPECT_EQ(known.registries.size(), 1U);

    auto const fresh = load({{"GGEN_REGISTRY_URL", "https://packs.example"}}).value();
    ASSERT_EQ(fresh.registries.size(), 2U);
    EXPECT_EQ(fresh.default_registry, fresh.registries[1].alias);
    EXPECT_EQ(fresh.registries[1].location, "https://packs.example");
    EXPECT_EQ(fresh.registries[1].origin, "");
}

TEST(DirectoriesTest, OverridesThenXdgThenHome) {
    auto const all = Directories::from_environment({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"},
                                                    {"XDG_DATA_HOME", "relative"}, {"GGEN_STATE_DIR", "/s"}});
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->config, "/h/.config/ggen");
    EXPECT_EQ(all->cache, "/x/ggen");
    EXPECT_EQ(all->data, "/h/.local/share/ggen");
    EXPECT_EQ(all->state, "/s");
    EXPECT_EQ(Directories::from_environment({}).error().id, ErrorId::config_invalid);
}

}  // namespace
}  // namespace ggen
