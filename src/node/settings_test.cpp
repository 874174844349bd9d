#include "node/settings.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

TEST(SettingsTest, EveryKeyIsReadAndTheRestKeepsItsDefault) {
    auto const settings = Settings::parse(
        "listen_addresses = [\"/ip4/127.0.0.1/tcp/4001\"]\nbootstrap_nodes = []\ndht_server_mode = false\n",
        "p2p.toml");

    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->listen_addresses, std::vector<std::string>{"/ip4/127.0.0.1/tcp/4001"});
    EXPECT_FALSE(settings->dht_server_mode);
    EXPECT_TRUE(settings->mdns);
    EXPECT_EQ(Settings::parse("", "p2p.toml")->listen_addresses, Settings{}.listen_addresses);
}

TEST(SettingsTest, MistakesAreNamedWithTheirPlace) {
    for (auto const* const text :
         {"mdns = 3", "listen_addresses = \"/ip4\"", "listen_addresses = [7]", "port = 1", "x"}) {
        auto const settings = Settings::parse(text, "p2p.toml");
        ASSERT_FALSE(settings.has_value()) << text;
        EXPECT_EQ(settings.error().id, ErrorId::config_invalid);
        EXPECT_NE(settings.error().context.find("p2p.toml:1:"), std::string::npos) << settings.error().context;
    }
}

TEST(SettingsTest, ConnectionsAreANumberWithinItsLimits) {
    auto const parse = [](std::string const& value) {
        return Settings::parse("max_connections = " + value, "p2p.toml");
    };
    EXPECT_EQ(parse("16")->max_connections, 16U);
    EXPECT_EQ(parse("65536")->max_connections, 65'536U);
    EXPECT_EQ(Settings{}.max_connections, 300U);
    for (auto const* const bad : {"15", "65537", "-1", "\"300\"", "16.0"}) EXPECT_FALSE(parse(bad).has_value()) << bad;
}

TEST(SettingsTest, AListHasAtMostItsLimit) {
    auto const list = [](std::size_t count) {
        std::string text = "bootstrap_nodes = [";
        for (std::size_t i = 0; i < count; ++i) text += "\"/ip4/127.0.0.1/tcp/1\", ";
        return text + "]";
    };
    EXPECT_TRUE(Settings::parse(list(k_settings_list_max), "p2p.toml").has_value());
    EXPECT_FALSE(Settings::parse(list(k_settings_list_max + 1), "p2p.toml").has_value());
}

}  // namespace
}  // namespace ggen::p2p
