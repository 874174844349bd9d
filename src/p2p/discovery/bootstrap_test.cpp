#include "p2p/discovery/bootstrap.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;
using testing::make_address;
using testing::make_id;

struct Host {
    explicit Host(std::size_t candidates, std::size_t low_water = 4, std::uint64_t seed = 1)
        : core({make_id(0), seed, low_water}) {
        for (std::uint64_t i = 1; i <= candidates; ++i) {
            EXPECT_TRUE(core.add({make_id(i), {make_address(i)}}, now));
        }
    }
    /// Whom it dials now.
    std::vector<PeerId> turn() {
        if (core.next_deadline() && *core.next_deadline() <= now) core.on_deadline(now);
        std::vector<PeerId> out;
        while (auto output = core.poll_output()) out.push_back(std::get<ConnectPeer>(*output).peer);
        return out;
    }
    void connect(PeerId const& peer) { core.on_peer_connected({peer, make_address(1), Direction::outbound}, now); }

    TimePoint now{};
    Bootstrap core;
};

TEST(BootstrapTest, DialsUntilEnoughAreConnected) {
    Host host(10);
    auto const first = host.turn();
    EXPECT_EQ(first.size(), 4U);
    for (auto const& peer : first) host.connect(peer);
    EXPECT_TRUE(host.turn().empty());
    EXPECT_EQ(host.core.connected_count(), 4U);
    host.now += std::chrono::hours{1};
    EXPECT_TRUE(host.turn().empty());

    host.core.on_peer_disconnected(first[0], host.now);
    auto const again = host.turn();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_NE(again[0], first[0]);  // who left rests
}

TEST(BootstrapTest, CountsPeersThatCameAnotherWay) {
    Host host(10);
    for (std::uint64_t i = 100; i < 104; ++i) host.connect(make_id(i));
    EXPECT_TRUE(host.turn().empty());
}

TEST(BootstrapTest, WaitsLongerAfterEachFailure) {
    Host host(1);
    std::vector<double> rests;
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(host.turn().size(), 1U);
        host.core.on_dial_failed(make_id(1), {Errc::unavailable, "x"}, host.now);
        EXPECT_TRUE(host.turn().empty());
        auto const next = host.core.next_deadline().value();
        rests.push_back(std::chrono::duration<double>(next - host.now).count());
        host.now = next;
    }
    EXPECT_GE(rests[0], 5);
    EXPECT_LE(rests[0], 6);
    for (std::size_t i = 1; i < 6; ++i) EXPECT_GT(rests[i], rests[i - 1] * 1.6);
    EXPECT_LE(rests.back(), 720);
    EXPECT_GE(rests.back(), 600);
}

TEST(BootstrapTest, GivesUpADialThatIsNeverAnswered) {
    Host host(1);
    EXPECT_EQ(host.turn().size(), 1U);
    host.now += k_bootstrap_dial_limit;
    EXPECT_TRUE(host.turn().empty());
    host.now += seconds{6};
    EXPECT_EQ(host.turn().size(), 1U);
}

TEST(BootstrapTest, TriesAllBeforeItTriesOneAgain) {
    Host host(8);
    std::set<PeerId> tried;
    for (int i = 0; i < 2; ++i) {
        for (auto const& peer : host.turn()) {
            EXPECT_TRUE(tried.insert(peer).second);
            host.core.on_dial_failed(peer, {Errc::unavailable, "x"}, host.now);
        }
    }
    EXPECT_EQ(tried.size(), 8U);
}

TEST(BootstrapTest, StartsAtAnotherPeerWithAnotherSeed) {
    std::set<PeerId> first;
    for (std::uint64_t seed = 0; seed < 20; ++seed) first.insert(Host(8, 1, seed).turn().at(0));
    EXPECT_GT(first.size(), 3U);
}

TEST(BootstrapTest, RefusesWhatIsNoUse) {
    Host host(0);
    EXPECT_EQ(host.core.add({make_id(0), {make_address(1)}}, {}).error().code, Errc::invalid);
    EXPECT_EQ(host.core.add({make_id(1), {}}, {}).error().code, Errc::invalid);
    for (std::uint64_t i = 1; i <= k_bootstrap_peers_max; ++i) {
        ASSERT_TRUE(host.core.add({make_id(i), {make_address(1)}}, {}));
    }
    EXPECT_EQ(host.core.add({make_id(5000), {make_address(1)}}, {}).error().code, Errc::too_large);
    EXPECT_TRUE(host.core.add({make_id(1), {make_address(2)}}, {}));
    EXPECT_EQ(parse_known_peer("/ip4/1.2.3.4/tcp/1").error().code, Errc::invalid);
    auto const known = parse_known_peer("/dns4/boot.example/tcp/4001/p2p/" + make_id(1).text()).value();
    EXPECT_EQ(known.peer, make_id(1));
}

}  // namespace
}  // namespace ggen::p2p
