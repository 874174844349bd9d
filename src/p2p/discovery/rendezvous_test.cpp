#include "p2p/discovery/rendezvous.hpp"

#include <gtest/gtest.h>

#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;
using testing::KadNetwork;
using testing::make_address;
using testing::make_id;

/// A rendezvous beside the kad of a node of the network. The network carries kad alone, so this stands in for the host.
struct Member {
    Member(KadNetwork& net_in, testing::Network::NodeIndex node_in, std::string name) : net(net_in), node(node_in) {
        net.call(node, [&](Kad& kad, TimePoint now) {
            core = Rendezvous::create(kad, {net.network().id(node), std::move(name)}, now).value();
            return QueryId{0};
        });
        core->on_peer_connected({make_id(999), make_address(999), Direction::outbound}, net.network().now());
    }
    void turn() {
        net.call(node, [&](Kad& kad, TimePoint now) {
            while (auto event = kad.poll_event()) core->on_kad_event(*event, now);
            if (auto const at = core->next_deadline(); at && *at <= now) core->on_deadline(now);
            while (auto event = kad.poll_event()) core->on_kad_event(*event, now);
            return QueryId{0};
        });
        while (auto output = core->poll_output()) {
            auto const* const dial = std::get_if<ConnectPeer>(&*output);
            if (dial == nullptr) continue;
            dialed.push_back(dial->peer);
            core->on_peer_connected({dial->peer, make_address(1), Direction::outbound}, net.network().now());
        }
    }

    KadNetwork& net;
    testing::Network::NodeIndex node;
    std::unique_ptr<Rendezvous> core;
    std::vector<PeerId> dialed;
};

TEST(RendezvousTest, PeersOfOneNameFindEachOther) {
    KadNetwork net{8};
    net.network().run_for(seconds{5});
    std::vector<std::unique_ptr<Member>> members;
    for (auto const node : {3U, 4U, 5U}) members.push_back(std::make_unique<Member>(net, node, "chess"));
    members.push_back(std::make_unique<Member>(net, 6, "go"));
    for (int i = 0; i < 150; ++i) {
        for (auto const& member : members) member->turn();
        net.network().run_for(std::chrono::milliseconds{200});
    }
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(members[i]->core->is_announced());
        EXPECT_EQ(members[i]->core->connected_count(), 2U) << i;
    }
    EXPECT_TRUE(members[3]->dialed.empty());
}

TEST(RendezvousTest, LooksSoonerAgainWhenAPeerLeaves) {
    KadNetwork net{8};
    net.network().run_for(seconds{5});
    Member a{net, 3, "chess"};
    Member b{net, 5, "chess"};
    for (int i = 0; i < 150; ++i) {
        a.turn();
        b.turn();
        net.network().run_for(std::chrono::milliseconds{200});
    }
    ASSERT_EQ(a.core->connected_count(), 1U);
    a.dialed.clear();
    a.core->on_peer_disconnected(net.network().id(5), net.network().now());
    EXPECT_EQ(a.core->connected_count(), 0U);
    for (int i = 0; i < 40; ++i) {
        a.turn();
        net.network().run_for(std::chrono::milliseconds{200});
    }
    EXPECT_EQ(a.core->connected_count(), 1U);
}

TEST(RendezvousTest, TriesAgainWhenNobodyCanHoldTheRecord) {
    Kad kad{testing::make_options(0)};
    auto const core = Rendezvous::create(kad, {make_id(0), "chess"}, {}).value();
    TimePoint now{};
    std::size_t announcements = 0;
    for (int i = 0; i < 100; ++i) {
        if (auto const at = core->next_deadline(); at && *at <= now) core->on_deadline(now);
        while (auto event = kad.poll_event()) {
            auto const* const finished = std::get_if<QueryFinished>(&*event);
            announcements += finished != nullptr && finished->kind == QueryKind::provide ? 1U : 0U;
            core->on_kad_event(*event, now);
        }
        now += seconds{1};
    }
    EXPECT_FALSE(core->is_announced());
    EXPECT_GT(announcements, 5U);
    EXPECT_LE(announcements, 21U);
}

TEST(RendezvousTest, RefusesNamesThatAreNone) {
    Kad kad{testing::make_options(0)};
    EXPECT_EQ(Rendezvous::create(kad, {make_id(0), ""}, {}).error().code, Errc::invalid);
    EXPECT_TRUE(Rendezvous::create(kad, {make_id(0), std::string(k_rendezvous_name_bytes_max, 'a')}, {}));
    EXPECT_EQ(Rendezvous::create(kad, {make_id(0), std::string(k_rendezvous_name_bytes_max + 1, 'a')}, {})
                  .error().code, Errc::too_large);
    EXPECT_EQ(rendezvous_key("a").size(), 34U);
    EXPECT_NE(rendezvous_key("a"), rendezvous_key("b"));
}

}  // namespace
}  // namespace ggen::p2p
