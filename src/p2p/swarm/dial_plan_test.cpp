#include "p2p/swarm/dial_plan.hpp"

#include <gtest/gtest.h>

#include "p2p/swarm/ip_address.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;

Multiaddr address_of(std::string_view text) { return Multiaddr::parse(text).value(); }

std::vector<std::string> plan_of(std::vector<std::string> const& texts) {
    std::vector<Multiaddr> addresses;
    addresses.reserve(texts.size());
    for (auto const& text : texts) addresses.push_back(address_of(text));
    std::vector<std::string> out;
    for (auto const& step : plan_dial(addresses)) {
        out.push_back(std::to_string(step.delay.count()) + " " + step.address.text());
    }
    return out;
}

IpScope scope_of(std::string_view text) { return IpEndpoint::of(address_of(text))->scope(); }

TEST(DialPlanTest, TriesBothFamiliesFirst) {
    EXPECT_EQ(plan_of({"/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/tcp/1", "/ip6/2001:db8::1/tcp/1",
                       "/ip6/2001:db8::2/tcp/1"}),
              (std::vector<std::string>{"0 /ip6/2001:db8::1/tcp/1", "250 /ip4/192.0.2.1/tcp/1",
                                        "500 /ip6/2001:db8::2/tcp/1", "750 /ip4/192.0.2.2/tcp/1"}));
}

TEST(DialPlanTest, StepsFasterOnTheOwnSite) {
    EXPECT_EQ(plan_of({"/ip4/192.0.2.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/192.168.1.1/tcp/1"}),
              (std::vector<std::string>{"0 /ip4/10.0.0.1/tcp/1", "0 /ip4/192.0.2.1/tcp/1",
                                        "30 /ip4/192.168.1.1/tcp/1"}));
}

TEST(DialPlanTest, LeavesOutWhatIsNoHostAndWhatIsThereTwice) {
    EXPECT_EQ(plan_of({"/ip4/0.0.0.0/tcp/1", "/ip4/224.0.0.1/tcp/1", "/ip6/ff02::1/tcp/1", "/ip6/::/tcp/1",
                       "/ip4/192.0.2.1/tcp/0", "/ip4/192.0.2.1/udp/1", "/dns4/example.org/tcp/1",
                       "/ip4/192.0.2.1/tcp/1/ws", "/ip4/192.0.2.9/tcp/7", "/ip6/::ffff:192.0.2.9/tcp/7"}),
              (std::vector<std::string>{"0 /ip4/192.0.2.9/tcp/7"}));
}

TEST(DialPlanTest, KeepsEightAddressesOfNine) {
    std::vector<std::string> texts;
    for (std::size_t i = 1; i <= k_dial_addresses_max + 1; ++i) {
        texts.push_back("/ip4/192.0.2.1/tcp/" + std::to_string(i));
    }
    EXPECT_EQ(plan_of(texts).size(), k_dial_addresses_max);
    texts.pop_back();
    EXPECT_EQ(plan_of(texts).size(), k_dial_addresses_max);
}

TEST(IpAddressTest, KnowsHowFarAnAddressReaches) {
    EXPECT_EQ(scope_of("/ip4/127.9.9.9/tcp/1"), IpScope::loopback);
    EXPECT_EQ(scope_of("/ip6/::1/tcp/1"), IpScope::loopback);
    EXPECT_EQ(scope_of("/ip6/::ffff:127.0.0.1/tcp/1"), IpScope::loopback);
    EXPECT_EQ(scope_of("/ip4/172.16.0.1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip4/172.31.255.1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip4/172.32.0.1/tcp/1"), IpScope::global);
    EXPECT_EQ(scope_of("/ip4/172.15.0.1/tcp/1"), IpScope::global);
    EXPECT_EQ(scope_of("/ip4/169.254.0.1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip4/100.64.0.1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip4/100.128.0.1/tcp/1"), IpScope::global);
    EXPECT_EQ(scope_of("/ip6/fd00::1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip6/fe80::1/tcp/1"), IpScope::site);
    EXPECT_EQ(scope_of("/ip6/2001:db8::1/tcp/1"), IpScope::global);
    EXPECT_EQ(scope_of("/ip4/255.255.255.255/tcp/1"), IpScope::none);
}

TEST(IpAddressTest, GroupsByTwentyFourAndFiftySixBits) {
    auto const network = [](std::string_view text) { return IpNetwork::of(*IpEndpoint::of(address_of(text))); };
    EXPECT_EQ(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.2.254/tcp/9"));
    EXPECT_NE(network("/ip4/192.0.2.1/tcp/1"), network("/ip4/192.0.3.1/tcp/1"));
    EXPECT_EQ(network("/ip6/2001:db8:0:100::1/tcp/1"), network("/ip6/2001:db8:0:1ff::2/tcp/1"));
    EXPECT_NE(network("/ip6/2001:db8:0:100::1/tcp/1"), network("/ip6/2001:db8:0:200::1/tcp/1"));
    EXPECT_EQ(network("/ip6/::ffff:192.0.2.7/tcp/1"), network("/ip4/192.0.2.1/tcp/1"));
}

}  // namespace
}  // namespace ggen::p2p
