#include "p2p/swarm/ledger_gate.hpp"

#include <gtest/gtest.h>

#include "p2p/swarm/testing/server_and_clients.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ScriptProtocol;

/// A server whose door is kept by a ledger, and clients in networks that a test chooses.
class LedgerGateTest : public testing::ServerAndClients {
protected:
    LedgerGateTest() {
        server_ = &net_.add("/ip4/192.0.2.1/tcp/4001", SwarmOptions{testing::node_key(9999)}, &gate_);
        server_->swarm->add_protocol(echo_, net_.now);
        net_.listen(*server_);
    }
    Client& client(std::string const& address) {
        auto& added = ServerAndClients::client(address);
        net_.listen(*added.node);
        return added;
    }
    /// Whether the server keeps it.
    bool connect(Client& from) {
        dial(from);
        return server_->swarm->is_connected(from.node->id);
    }
    void report(Client const& about, Conduct conduct, double weight = 1) {
        echo_.say(ReportPeer{about.node->id, conduct, weight});
        net_.settle(*server_);
        net_.run_for(seconds{2});
    }

    Ledger ledger_;
    LedgerGate gate_{ledger_};
    ScriptProtocol echo_{{"/echo/1"}, true};
};

TEST_F(LedgerGateTest, SendsAMisbehavingPeerAwayAndRefusesItInBothDirectionsUntilItsFaultsDecay) {
    auto& bad = client("/ip4/100.1.0.1/tcp/1");
    ASSERT_TRUE(connect(bad));
    report(bad, Conduct::invalid_data, 3);
    EXPECT_TRUE(server_->swarm->is_connected(bad.node->id));
    report(bad, Conduct::invalid_data, 2);
    EXPECT_FALSE(server_->swarm->is_connected(bad.node->id));
    net_.run_for(seconds{10});
    EXPECT_FALSE(connect(bad));

    echo_.say(ConnectPeer{bad.node->id, {bad.node->address}});
    net_.settle(*server_);
    EXPECT_EQ(echo_.count("dial failed refused"), 1U);
    EXPECT_EQ(server_->connects, 0U);

    net_.run_for(hours{24});
    EXPECT_TRUE(connect(bad));
}

TEST_F(LedgerGateTest, ALieBansForADay) {
    auto& liar = client("/ip4/100.1.0.1/tcp/1");
    ASSERT_TRUE(connect(liar));
    ledger_.on_useful_bytes(liar.node->id, 100 * k_mib, seconds{1}, net_.now);
    ledger_.on_lie(liar.node->id, net_.now);
    report(liar, Conduct::useful);  // whatever comes next, it is looked at again
    EXPECT_FALSE(server_->swarm->is_connected(liar.node->id));
    net_.run_for(hours{23});
    EXPECT_FALSE(connect(liar));
    net_.run_for(hours{2});
    EXPECT_TRUE(connect(liar));
}

TEST_F(LedgerGateTest, ASlowPeerIsNotRefused) {
    auto& slow = client("/ip4/100.1.0.1/tcp/1");
    ASSERT_TRUE(connect(slow));
    report(slow, Conduct::timeout, 100'000);
    report(slow, Conduct::overload, 100'000);
    EXPECT_TRUE(server_->swarm->is_connected(slow.node->id));
}

TEST_F(LedgerGateTest, RefusesNewNamesFromABadNetworkAndLetsUsefulPeersOfItIn) {
    auto& good = client("/ip4/100.1.0.2/tcp/1");
    ASSERT_TRUE(connect(good));
    ledger_.on_useful_bytes(good.node->id, 10 * k_mib, seconds{1}, net_.now);
    good.node->swarm->disconnect(server_->id, net_.now);
    net_.settle(*good.node);
    net_.run_for(seconds{2});
    // Peers that go bad one after the other, each under a new name, leave their network's name behind.
    std::size_t let_in = 0;
    for (int i = 10; i < 40; ++i) {
        auto& bad = client("/ip4/100.1.0." + std::to_string(i) + "/tcp/1");
        if (!connect(bad)) break;
        ++let_in;
        report(bad, Conduct::invalid_data, 5);
    }
    EXPECT_EQ(let_in, 4U);  // a quarter of 125 points each, and 100 are the limit for strangers
    EXPECT_TRUE(connect(client("/ip4/100.1.1.1/tcp/1")));  // the next network is another one
    EXPECT_TRUE(connect(good));
}

TEST_F(LedgerGateTest, AVeryBadNetworkIsNotListenedTo) {
    auto& bad = client("/ip4/100.1.0.1/tcp/1");
    ASSERT_TRUE(connect(bad));
    for (int i = 0; i < 25; ++i) ledger_.on_conduct(bad.node->id, Conduct::invalid_data, 4, net_.now);
    EXPECT_FALSE(net_.knock(*server_, "/ip4/100.1.0.77/tcp/1").has_value());
    EXPECT_TRUE(net_.knock(*server_, "/ip4/100.2.0.77/tcp/1").has_value());
}

}  // namespace
}  // namespace ggen::p2p
