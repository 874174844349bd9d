#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using testing::KadNetwork;
using testing::make_options;
using testing::Network;
using std::chrono::seconds;

constexpr std::size_t k_nodes = 60;

Bytes content_key(std::uint64_t number) {
    Bytes key{0x12, 0x20};
    key.resize(34);
    SeededRandom random(number + 1'000'000);
    random.fill(std::span(key).subspan(2));
    return key;
}

/// One network for all tests that leave it as it is.
class KadNetworkTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        shared = std::make_unique<KadNetwork>(k_nodes);
        shared->network().run_for(seconds{35});
    }
    static void TearDownTestSuite() { shared.reset(); }
    static inline std::unique_ptr<KadNetwork> shared;
    KadNetwork& net = *shared;
};

TEST_F(KadNetworkTest, FindsTheTrueClosestPeers) {
    for (std::uint64_t i = 0; i < 6; ++i) {
        auto const key = content_key(i);
        auto const node = static_cast<Network::NodeIndex>(i * 5);
        auto const query = net.call(node, [&](Kad& kad, TimePoint now) { return kad.closest_peers(key, now); });
        auto const* const end = net.finish(node, query);
        ASSERT_NE(end, nullptr);
        EXPECT_FALSE(end->error);
        ASSERT_EQ(net.seen(node).closest.size(), 1U);
        auto expected = net.nearest(kad_key_of(key), k_kad_bucket_peers + 1);
        std::erase(expected, node);
        expected.resize(k_kad_bucket_peers);
        auto const& found = net.seen(node).closest[0].peers;
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t rank = 0; rank < found.size(); ++rank)
            EXPECT_EQ(found[rank].id, net.network().id(expected[rank]));
        net.seen(node) = {};
    }
}

TEST_F(KadNetworkTest, PutsAndGetsAValueAndFindsProviders) {
    auto const key = to_bytes("/v/greeting");
    auto const value = to_bytes("1:hello");
    auto const put = net.call(7, [&](Kad& kad, TimePoint now) { return kad.put_value(key, value, now); });
    auto const* const stored = net.finish(7, put);
    ASSERT_NE(stored, nullptr);
    EXPECT_FALSE(stored->error);
    EXPECT_EQ(stored->holders, k_kad_bucket_peers);
    EXPECT_EQ(net.seen(7).published.size(), 1U);

    auto const get = net.call(50, [&](Kad& kad, TimePoint now) { return kad.get_value(key, now); });
    auto const* const got = net.finish(50, get);
    ASSERT_NE(got, nullptr);
    EXPECT_FALSE(got->error);
    ASSERT_EQ(net.seen(50).values.size(), 1U);
    EXPECT_EQ(net.seen(50).values[0].value, value);

    auto const content = content_key(5);
    auto const provide = net.call(9, [&](Kad& kad, TimePoint now) { return kad.provide(content, now); });
    auto const* const provided = net.finish(9, provide);
    ASSERT_NE(provided, nullptr);
    EXPECT_FALSE(provided->error);
    auto const find = net.call(40, [&](Kad& kad, TimePoint now) { return kad.find_providers(content, now); });
    auto const* const found = net.finish(40, find);
    ASSERT_NE(found, nullptr);
    EXPECT_FALSE(found->error);
    ASSERT_EQ(net.seen(40).providers.size(), 1U);
    ASSERT_EQ(net.seen(40).providers[0].providers.size(), 1U);
    EXPECT_EQ(net.seen(40).providers[0].providers[0].id, net.network().id(9));
    EXPECT_EQ(net.seen(40).providers[0].providers[0].addresses, std::vector{net.network().address(9)});

    auto const none = net.call(3, [&](Kad& kad, TimePoint now) { return kad.get_value(to_bytes("/v/nothing"), now); });
    auto const* const missed = net.finish(3, none);
    ASSERT_NE(missed, nullptr);
    ASSERT_TRUE(missed->error);
    EXPECT_EQ(missed->error->code, Errc::not_found);
}

TEST_F(KadNetworkTest, FindsAPeerByItsId) {
    auto const query = net.call(11, [&](Kad& kad, TimePoint now) { return kad.find_peer(net.network().id(57), now); });
    auto const* const end = net.finish(11, query);
    ASSERT_NE(end, nullptr);
    EXPECT_FALSE(end->error);
    ASSERT_EQ(net.seen(11).peers.size(), 1U);
    EXPECT_EQ(net.seen(11).peers[0].peer.addresses, std::vector{net.network().address(57)});
}

TEST(KadYoungNetworkTest, WhatWasPublishedBeforeTheNetworkWasThereMovesToItsHolders) {
    KadNetwork net(3);
    auto const content = content_key(8);
    auto const value_key = to_bytes("/v/early");
    for (auto const query : {net.call(0, [&](Kad& kad, TimePoint now) { return kad.provide(content, now); }),
                             net.call(0, [&](Kad& kad, TimePoint now) {
                                 return kad.put_value(value_key, to_bytes("1:early"), now);
                             })}) {
        ASSERT_NE(net.finish(0, query), nullptr);
    }
    for (std::size_t i = 3; i < 30; ++i) net.add(testing::make_options(i));
    net.network().run_for(std::chrono::minutes{4});
    auto const count = [&](BytesView key, auto const& holds) {
        auto holders = net.nearest(kad_key_of(key), k_kad_bucket_peers + 1);
        std::erase(holders, 0);  // a publisher is no holder of its own
        holders.resize(k_kad_bucket_peers);
        return std::count_if(holders.begin(), holders.end(), [&](auto node) { return holds(net.kad(node)); });
    };
    auto const now = net.network().now();
    EXPECT_GE(count(content, [&](Kad& kad) { return !kad.held_providers(content, now).empty(); }), 18);
    EXPECT_GE(count(value_key, [&](Kad& kad) { return kad.held_value(value_key, now) != nullptr; }), 18);
}

/// Who comes first knows few, and everybody: it need not look up what lies far from it, where there is nobody yet.
TEST(KadJoiningTest, ANetworkThatStartsAsOneMakesFewConnectionsForEachNode) {
    constexpr std::size_t k_count = 100;
    constexpr std::size_t k_dials_per_node_max = 12;
    KadNetwork net(1);
    for (std::size_t i = 1; i < k_count; ++i) net.add(make_options(i), std::chrono::milliseconds{20});
    net.network().run_for(seconds{6});
    EXPECT_LE(net.network().dial_count(), k_count * k_dials_per_node_max);
    // And everybody is found.
    for (std::uint64_t i = 0; i < k_count; i += 10) {
        auto const node = static_cast<Network::NodeIndex>((i * 7 + 3) % k_count);
        auto const query = net.call(node, [&](Kad& kad, TimePoint now) {
            return kad.find_peer(net.network().id(static_cast<Network::NodeIndex>(i)), now);
        });
        auto const* const end = net.finish(node, query);
        ASSERT_NE(end, nullptr);
        EXPECT_FALSE(end->error) << i;
    }
}

/// Who came when there were few, and met nobody who came later, looks again, long before its first refresh.
TEST(KadJoiningTest, EverybodyHasMetEightOthersSoon) {
    constexpr std::size_t k_count = 50;
    for (int const pause_ms : {0, 5, 50}) {
        KadNetwork net(1);
        for (std::size_t i = 1; i < k_count; ++i) net.add(make_options(i), std::chrono::milliseconds{pause_ms});
        net.network().run_for(seconds{4});
        for (Network::NodeIndex node = 0; node < k_count; ++node)
            EXPECT_GE(net.network().connection_count(node), 8U) << node << ", " << pause_ms << " ms after each other";
    }
}

}  // namespace
}  // namespace ggen::p2p
