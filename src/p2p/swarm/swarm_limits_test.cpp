#include <gtest/gtest.h>

#include "p2p/swarm/swarm.hpp"
#include "p2p/swarm/testing/server_and_clients.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::address_of;
using testing::ScriptProtocol;

/// A server and as many clients as a test wants, each with a protocol of its own.
class SwarmLimitsTest : public testing::ServerAndClients {
protected:
    SwarmLimitsTest() {
        options_.connections_max = 20;
        start_server();
    }
    void start_server(Gate* gate = nullptr) {
        server_ = &net_.add("/ip4/192.0.2." + std::to_string(++servers_) + "/tcp/4001", options_, gate);
        echo_ = std::make_unique<ScriptProtocol>(std::vector<std::string>{"/echo/1"}, true);
        server_->swarm->add_protocol(*echo_, net_.now);
        net_.listen(*server_);
    }
    /// Whether it holds.
    bool connect(Client& from) {
        dial(from);
        return from.node->swarm->is_connected(server_->id);
    }
    Client& far_client(std::size_t number) {
        return client("/ip4/100." + std::to_string(number) + ".0.1/tcp/1");
    }

    SwarmOptions options_{testing::node_key(9999)};
    int servers_ = 0;
    std::unique_ptr<ScriptProtocol> echo_;
};

TEST_F(SwarmLimitsTest, TakesSixteenOfANetworkAndRefusesOneMore) {
    for (std::size_t i = 1; i <= k_inbound_per_network_max; ++i) {
        EXPECT_TRUE(connect(client("/ip4/203.0.113." + std::to_string(i) + "/tcp/1")));
    }
    EXPECT_FALSE(connect(client("/ip4/203.0.113.99/tcp/1")));
    EXPECT_TRUE(connect(client("/ip4/203.0.112.99/tcp/1")));
}

TEST_F(SwarmLimitsTest, TakesSixteenOfAnIpv6NetworkAndRefusesOneMore) {
    for (std::size_t i = 1; i <= k_inbound_per_network_max; ++i) {
        EXPECT_TRUE(connect(client("/ip6/2001:db8:0:1" + std::to_string(10 + i) + "::1/tcp/1")));
    }
    EXPECT_FALSE(connect(client("/ip6/2001:db8:0:1ff::1/tcp/1")));
    EXPECT_TRUE(connect(client("/ip6/2001:db8:0:200::1/tcp/1")));
}

TEST_F(SwarmLimitsTest, FreesTheNetworkWhenItsConnectionsEnd) {
    std::vector<Client*> all;
    for (std::size_t i = 1; i <= k_inbound_per_network_max; ++i) {
        all.push_back(&client("/ip4/203.0.113." + std::to_string(i) + "/tcp/1"));
        connect(*all.back());
    }
    all[0]->node->swarm->disconnect(server_->id, net_.now);
    net_.settle(*all[0]->node);
    net_.run_for(seconds{1});
    EXPECT_TRUE(connect(client("/ip4/203.0.113.99/tcp/1")));
}

TEST_F(SwarmLimitsTest, LeavesLoopbackFreeOfLimitsPerNetwork) {
    options_.connections_max = k_connections_max;
    start_server();
    for (std::size_t i = 1; i <= k_inbound_per_network_max + 4; ++i) {
        EXPECT_TRUE(connect(client("/ip4/127.0.0.1/tcp/" + std::to_string(i))));
    }
    for (std::size_t i = 0; i < k_handshakes_per_network_max + 4; ++i) {
        EXPECT_TRUE(net_.knock(*server_, "/ip4/127.0.0.1/tcp/60000").has_value());
    }
}

TEST_F(SwarmLimitsTest, TakesFourHandshakesOfANetworkAndRefusesOneMore) {
    for (std::size_t i = 0; i < k_handshakes_per_network_max; ++i) {
        EXPECT_TRUE(net_.knock(*server_, "/ip4/203.0.113.1/tcp/" + std::to_string(i + 1)).has_value());
    }
    EXPECT_FALSE(net_.knock(*server_, "/ip4/203.0.113.1/tcp/99").has_value());
    net_.run_for(k_upgrade_timeout);
    EXPECT_TRUE(net_.knock(*server_, "/ip4/203.0.113.1/tcp/99").has_value());
}

TEST_F(SwarmLimitsTest, LetsTheOldestOfSixtyFourHandshakesGiveWay) {
    options_.connections_max = k_connections_max;
    start_server();
    std::vector<SocketKey> keys;
    keys.reserve(k_handshakes_max);
    for (std::size_t i = 0; i < k_handshakes_max; ++i) {
        keys.push_back(*net_.knock(*server_, "/ip4/100." + std::to_string(i) + ".0.1/tcp/1"));
    }
    EXPECT_EQ(server_->swarm->usage().handshakes, k_handshakes_max);
    EXPECT_TRUE(net_.closed.empty());
    EXPECT_TRUE(net_.knock(*server_, "/ip4/101.0.0.1/tcp/1").has_value());
    EXPECT_EQ(server_->swarm->usage().handshakes, k_handshakes_max);
    EXPECT_TRUE(net_.closed.contains({server_->number, keys.front()}));
}

TEST_F(SwarmLimitsTest, ServesHonestPeersWhileTwoThousandSocketsStall) {
    auto& honest = far_client(200);
    std::size_t served = 0;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 100; ++i) {
            (void)net_.knock(*server_, "/ip4/127.0.0.1/tcp/" + std::to_string(1000 + 100 * round + i));
        }
        auto const start = net_.now;
        auto const key = honest.protocol->ask(server_->id, {server_->address}, "hello", {"/echo/1"});
        net_.settle(*honest.node);
        net_.run_for(milliseconds{900});
        bool const is_served =
            honest.protocol->texts[key] == "hello" && honest.protocol->last_time - start < seconds{1};
        served += is_served ? 1U : 0U;
        honest.node->swarm->disconnect(server_->id, net_.now);
        net_.settle(*honest.node);
        net_.run_for(milliseconds{100});
    }
    EXPECT_EQ(served, 20U);
    EXPECT_LE(server_->swarm->usage().handshakes, k_handshakes_max);
    net_.run_for(k_upgrade_timeout);
    EXPECT_EQ(server_->swarm->usage().handshakes, 0U);
}

TEST_F(SwarmLimitsTest, ClosesAConnectionOfNoValueForANewcomerPastTheLimit) {
    std::vector<Client*> all;
    for (std::size_t i = 0; i < options_.connections_max; ++i) {
        all.push_back(&far_client(i + 1));
        EXPECT_TRUE(connect(*all.back()));
        if (i != 7) echo_->say(ValuePeer{all.back()->node->id, 5});
    }
    net_.settle(*server_);
    EXPECT_EQ(server_->swarm->usage().connections, options_.connections_max);
    net_.run_for(k_trim_grace);

    EXPECT_TRUE(connect(far_client(100)));

    EXPECT_EQ(server_->swarm->usage().connections, options_.connections_max);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i]->node->swarm->is_connected(server_->id), i != 7) << i;
    }
}

TEST_F(SwarmLimitsTest, RefusesANewcomerWhenAllAreWorthSomething) {
    for (std::size_t i = 0; i < options_.connections_max; ++i) {
        auto& one = far_client(i + 1);
        ASSERT_TRUE(connect(one));
        echo_->say(ValuePeer{one.node->id, 1});
    }
    net_.settle(*server_);
    net_.run_for(2 * k_trim_grace);
    EXPECT_FALSE(connect(far_client(100)));
    echo_->say(ConnectPeer{peer_id_of(testing::node_key(8888).public_key()), {address_of("/ip4/100.99.0.1/tcp/1")}});
    net_.settle(*server_);
    EXPECT_EQ(echo_->count("dial failed too_large"), 1U);
    EXPECT_NE(echo_->last_error.find("connections_max"), std::string::npos);
}

TEST_F(SwarmLimitsTest, SparesTheYoungAndThoseWithStreams) {
    for (std::size_t i = 0; i < options_.connections_max; ++i) ASSERT_TRUE(connect(far_client(i + 1)));
    auto& busy = *clients_[0];
    (void)busy.protocol->ask(server_->id, {}, "x", {"/echo/1"});
    net_.settle(*busy.node);
    net_.run_for(k_trim_grace);
    for (std::size_t i = 1; i < options_.connections_max; ++i) {
        ASSERT_TRUE(connect(far_client(100 + i)));
        ASSERT_TRUE(busy.node->swarm->is_connected(server_->id)) << i;
    }
}

TEST_F(SwarmLimitsTest, TakesTwoConnectionsOfOnePeerAndRefusesAThird) {
    // Three hosts with one identity, as a peer that runs twice.
    SwarmOptions const twin{testing::node_key(555)};
    std::size_t connected = 0;
    for (int i = 1; i <= 3; ++i) {
        auto& node = net_.add("/ip4/100.7." + std::to_string(i) + ".1/tcp/1", twin);
        auto& one = *clients_.emplace_back(std::make_unique<Client>(
            Client{&node, std::make_unique<ScriptProtocol>(std::vector<std::string>{"/c/1"})}));
        node.swarm->add_protocol(*one.protocol, net_.now);
        connected += connect(one) ? 1U : 0U;
    }
    EXPECT_EQ(connected, k_connections_per_peer_max);
    EXPECT_EQ(server_->swarm->usage().connections, k_connections_per_peer_max);
    EXPECT_EQ(server_->swarm->usage().peers, 1U);
    EXPECT_EQ(echo_->count("connected"), 1U);
}

TEST_F(SwarmLimitsTest, LetsAsManyStreamsWaitForAConnectionAsAllowed) {
    auto& one = far_client(1);
    net_.make_dead("/ip4/203.0.113.5/tcp/1");
    auto const nobody = peer_id_of(testing::node_key(777).public_key());
    for (std::size_t i = 0; i < k_streams_waiting_per_peer_max; ++i) {
        (void)one.protocol->ask(nobody, {address_of("/ip4/203.0.113.5/tcp/1")}, "x");
    }
    net_.settle(*one.node);
    EXPECT_EQ(one.protocol->count("refused"), 0U);
    (void)one.protocol->ask(nobody, {}, "x");
    net_.settle(*one.node);
    EXPECT_EQ(one.protocol->count("refused"), 1U);
    EXPECT_EQ(one.node->swarm->usage().waiting_streams, k_streams_waiting_per_peer_max);
    net_.run_for(seconds{11});
    EXPECT_EQ(one.protocol->count("refused"), k_streams_waiting_per_peer_max + 1);
    EXPECT_EQ(one.node->swarm->usage().streams, 0U);
}

TEST_F(SwarmLimitsTest, DialsAsManyPeersAtATimeAsAllowed) {
    auto& one = far_client(1);
    for (std::size_t i = 0; i <= k_peers_dialed_max; ++i) {
        auto const name = "/dns4/n" + std::to_string(i) + ".example.org/tcp/1";
        one.protocol->say(ConnectPeer{peer_id_of(testing::node_key(10'000 + i).public_key()), {address_of(name)}});
    }
    net_.settle(*one.node);
    EXPECT_EQ(one.protocol->count("dial failed"), 1U);
    EXPECT_EQ(one.protocol->count("dial failed too_large"), 1U);
}

TEST_F(SwarmLimitsTest, RefusesABannedPeerUntilItsTimeIsOver) {
    auto& one = far_client(1);
    ASSERT_TRUE(connect(one));
    server_->swarm->ban_peer(one.node->id, net_.now + seconds{100}, net_.now);
    net_.settle(*server_);
    net_.run_for(seconds{1});
    EXPECT_FALSE(one.node->swarm->is_connected(server_->id));
    EXPECT_FALSE(connect(one));
    net_.run_for(seconds{100});
    EXPECT_TRUE(connect(one));
}

TEST_F(SwarmLimitsTest, RefusesABannedNetworkBeforeAnyByte) {
    auto& one = client("/ip4/203.0.113.5/tcp/1");
    ASSERT_TRUE(connect(one));
    ASSERT_TRUE(server_->swarm
                    ->ban_network(address_of("/ip4/203.0.113.200/tcp/1"), net_.now + seconds{100}, net_.now)
                    .has_value());
    EXPECT_FALSE(server_->swarm->ban_network(address_of("/dns4/x.org/tcp/1"), net_.now, net_.now).has_value());
    net_.settle(*server_);
    net_.run_for(seconds{1});
    EXPECT_FALSE(one.node->swarm->is_connected(server_->id));
    EXPECT_FALSE(net_.knock(*server_, "/ip4/203.0.113.7/tcp/5").has_value());
    EXPECT_TRUE(net_.knock(*server_, "/ip4/203.0.114.7/tcp/5").has_value());
}

class StrictGate final : public Gate {
public:
    bool may_dial(PeerId const& /*peer*/, Multiaddr const& /*address*/, TimePoint /*now*/) override { return dials; }
    bool may_accept(Multiaddr const& /*address*/, TimePoint /*now*/) override { return accepts; }
    bool may_connect(PeerId const& peer, Multiaddr const& /*address*/, TimePoint /*now*/) override {
        return peer != unwelcome;
    }
    void on_conduct(ReportPeer const& report, Multiaddr const& address, TimePoint /*now*/) override {
        conduct = report.conduct;
        reported = address;
    }
    bool dials = true;
    bool accepts = true;
    std::optional<PeerId> unwelcome;
    std::optional<Conduct> conduct;
    std::optional<Multiaddr> reported;
};

TEST_F(SwarmLimitsTest, AsksTheGateAtEveryDoor) {
    StrictGate gate;
    start_server(&gate);
    auto& one = far_client(1);
    gate.accepts = false;
    EXPECT_FALSE(connect(one));
    gate.accepts = true;
    gate.unwelcome = one.node->id;
    net_.run_for(k_dial_backoff);
    EXPECT_FALSE(connect(one));
    gate.unwelcome.reset();
    net_.run_for(2 * k_dial_backoff);
    EXPECT_TRUE(connect(one));
    echo_->say(ReportPeer{one.node->id, Conduct::invalid_data, 1});
    net_.settle(*server_);
    EXPECT_EQ(gate.conduct, Conduct::invalid_data);
    EXPECT_EQ(gate.reported, one.node->address);
    gate.dials = false;
    echo_->say(ConnectPeer{peer_id_of(testing::node_key(8888).public_key()), {address_of("/ip4/100.99.0.1/tcp/1")}});
    net_.settle(*server_);
    EXPECT_EQ(echo_->count("dial failed refused"), 1U);
    EXPECT_EQ(server_->connects, 0U);
}

TEST_F(SwarmLimitsTest, AccountsWhatAPeerCosts) {
    auto& one = far_client(1);
    echo_->is_echo = false;
    echo_->pauses = true;
    (void)one.protocol->ask(server_->id, {server_->address}, "x", {"/echo/1"});
    net_.settle(*one.node);
    net_.run_for(seconds{1});
    one.protocol->send(1, std::string(100'000, 'y'));
    echo_->say(ValuePeer{one.node->id, 7});
    net_.settle(*one.node);
    net_.settle(*server_);
    net_.run_for(seconds{1});
    auto const peers = server_->swarm->peers();
    ASSERT_EQ(peers.size(), 1U);
    EXPECT_EQ(peers[0].peer, one.node->id);
    EXPECT_EQ(peers[0].streams, 1U);
    EXPECT_EQ(peers[0].value, 7U);
    EXPECT_EQ(peers[0].held_bytes, 100'000U);
    EXPECT_EQ(peers[0].round_trip, std::chrono::nanoseconds{milliseconds{40}});
    EXPECT_EQ(server_->swarm->usage().window_bytes, 100'000U);
}

}  // namespace
}  // namespace ggen::p2p
