#include <gtest/gtest.h>

#include "p2p/swarm/swarm.hpp"
#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::address_of;
using testing::ScriptProtocol;
using testing::VirtualNet;

constexpr milliseconds k_latency{50};

class SwarmDialTest : public ::testing::Test {
protected:
    SwarmDialTest() {
        a_.swarm->add_protocol(ask_, net_.now);
        b_.swarm->add_protocol(echo_, net_.now);
        net_.listen(a_);
        net_.listen(b_);
    }
    void dial(std::vector<Multiaddr> addresses) {
        ask_.say(ConnectPeer{b_.id, std::move(addresses)});
        net_.settle(a_);
    }

    VirtualNet net_{k_latency};
    VirtualNet::Node& a_ = net_.add("/ip4/192.0.2.1/tcp/4001");
    VirtualNet::Node& b_ = net_.add("/ip4/198.51.100.2/tcp/4001");
    ScriptProtocol ask_{{"/echo/1"}, true};
    ScriptProtocol echo_{{"/echo/1"}, true};
};

TEST_F(SwarmDialTest, TriesTheNextAddressAfterAStepAndTakesTheFirstThatAnswers) {
    net_.make_dead("/ip4/203.0.113.1/tcp/1");
    auto const start = net_.now;
    dial({address_of("/ip4/203.0.113.1/tcp/1"), b_.address});
    EXPECT_EQ(a_.connects, 1U);
    net_.run_until(start + k_dial_step - milliseconds{1});
    EXPECT_EQ(a_.connects, 1U);
    net_.run_until(start + k_dial_step);
    EXPECT_EQ(a_.connects, 2U);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("connected"), 1U);
    EXPECT_EQ(a_.swarm->usage().dials, 0U);
}

TEST_F(SwarmDialTest, TriesTheNextAddressAtOnceWhenOneFails) {
    dial({address_of("/ip4/203.0.113.1/tcp/1"), b_.address});
    net_.run_for(2 * k_latency);
    EXPECT_EQ(a_.connects, 2U);
}

TEST_F(SwarmDialTest, HoldsTheOthersBackWhileOneShakesHands) {
    std::vector<Multiaddr> addresses{b_.address};
    for (int i = 1; i < 8; ++i) addresses.push_back(address_of("/ip4/203.0.113.1/tcp/" + std::to_string(i)));
    dial(addresses);
    net_.run_for(seconds{3});
    EXPECT_EQ(ask_.count("connected"), 1U);
    EXPECT_EQ(a_.connects, 1U);
}

TEST_F(SwarmDialTest, GivesOneDialToManyWhoWant) {
    dial({b_.address});
    auto const first = ask_.ask(b_.id, {b_.address}, "one");
    auto const second = ask_.ask(b_.id, {}, "two");
    net_.settle(a_);
    net_.run_for(seconds{2});
    EXPECT_EQ(a_.connects, 1U);
    EXPECT_EQ(ask_.texts[first] + ask_.texts[second], "onetwo");
}

TEST_F(SwarmDialTest, RestsAnAddressThatFailed) {
    auto const bad = address_of("/ip4/203.0.113.1/tcp/1");
    dial({bad});
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("dial failed unavailable"), 1U);
    dial({bad});
    EXPECT_EQ(a_.connects, 1U);
    EXPECT_EQ(ask_.count("dial failed unavailable"), 2U);
    net_.run_for(k_dial_backoff);
    dial({bad});
    EXPECT_EQ(a_.connects, 2U);
}

TEST_F(SwarmDialTest, RemembersWhereAPeerWas) {
    dial({b_.address});
    net_.run_for(seconds{1});
    a_.swarm->disconnect(b_.id, net_.now);
    net_.settle(a_);
    net_.run_for(seconds{1});
    dial({});
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("connected"), 2U);
}

TEST_F(SwarmDialTest, LooksNamesUpAndDialsWhatTheyMean) {
    auto const name = address_of("/dnsaddr/example.org/p2p/" + b_.id.text());
    dial({name});
    ASSERT_EQ(a_.resolves.size(), 1U);
    EXPECT_EQ(a_.resolves.begin()->second, name);
    a_.swarm->on_resolved(a_.resolves.begin()->first,
                          std::vector{address_of("/dns4/b.example.org/tcp/4001/p2p/" + b_.id.text()),
                                      address_of("/ip4/203.0.113.1/tcp/1/p2p/" + a_.id.text())},
                          net_.now);
    net_.settle(a_);
    ASSERT_EQ(a_.resolves.size(), 2U);
    a_.swarm->on_resolved(a_.resolves.rbegin()->first, std::vector{b_.address}, net_.now);
    net_.settle(a_);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("connected"), 1U);
    EXPECT_EQ(a_.asked, std::vector{b_.address});
}

TEST_F(SwarmDialTest, EndsNamesThatNameEachOther) {
    dial({address_of("/dnsaddr/loop.example.org")});
    for (int i = 0; i < 20; ++i) {
        auto const key = a_.resolves.rbegin()->first;
        a_.swarm->on_resolved(key, std::vector{address_of("/dnsaddr/loop.example.org")}, net_.now);
        net_.settle(a_);
    }
    EXPECT_EQ(a_.resolves.size(), k_dial_resolve_depth_max);
    EXPECT_EQ(ask_.count("dial failed"), 1U);
}

TEST_F(SwarmDialTest, LooksUpEightNamesOfNineAndDialsEightOfManyAnswers) {
    std::vector<Multiaddr> list;
    list.reserve(9);
    for (int i = 0; i < 9; ++i) list.push_back(address_of("/dns4/h" + std::to_string(i) + ".example.org/tcp/1"));
    dial(list);
    EXPECT_EQ(a_.resolves.size(), k_dial_resolves_max);
    std::vector<Multiaddr> answers;
    for (int i = 1; i < 200; ++i) answers.push_back(address_of("/ip4/203.0.113." + std::to_string(i) + "/tcp/1"));
    for (auto const& [key, address] : a_.resolves) a_.swarm->on_resolved(key, answers, net_.now);
    net_.settle(a_);
    net_.run_for(seconds{30});
    EXPECT_EQ(a_.connects, k_dial_addresses_max);
}

TEST_F(SwarmDialTest, GivesUpANameWithoutAnAnswer) {
    dial({address_of("/dns4/slow.example.org/tcp/1")});
    net_.run_for(k_resolve_timeout + seconds{1});
    EXPECT_EQ(ask_.count("dial failed timed_out"), 1U);
    EXPECT_EQ(a_.swarm->usage().peers, 0U);
}

TEST_F(SwarmDialTest, DialsNeitherItselfNorBannedNetworks) {
    ask_.say(ConnectPeer{b_.id, {a_.address}});
    net_.settle(a_);
    EXPECT_EQ(ask_.count("dial failed refused"), 1U);
    ASSERT_TRUE(a_.swarm->ban_network(b_.address, net_.now + seconds{60}, net_.now).has_value());
    dial({b_.address});
    EXPECT_EQ(ask_.count("dial failed refused"), 2U);
    EXPECT_EQ(a_.connects, 0U);
    net_.run_for(seconds{61});
    dial({b_.address});
    EXPECT_EQ(a_.connects, 1U);
}

TEST_F(SwarmDialTest, LeavesHearsayOfPrivateAddressesAloneOnServers) {
    SwarmOptions options{testing::node_key(50)};
    options.dials_site_addresses = false;
    auto& server = net_.add("/ip4/192.0.2.50/tcp/1", options);
    ScriptProtocol protocol{{"/x/1"}};
    server.swarm->add_protocol(protocol, net_.now);
    server.swarm->learn_addresses(b_.id, {address_of("/ip4/10.0.0.1/tcp/1"), address_of("/ip4/127.0.0.1/tcp/1")},
                                  false);
    protocol.say(ConnectPeer{b_.id, {}});
    net_.settle(server);
    EXPECT_EQ(server.connects, 0U);
    protocol.say(ConnectPeer{b_.id, {address_of("/ip4/10.0.0.2/tcp/1")}});
    net_.settle(server);
    EXPECT_EQ(server.connects, 1U);
}

TEST_F(SwarmDialTest, SendsAtMostEightAttemptsToOneNetworkAtATime) {
    for (int i = 1; i < 100; ++i) net_.make_dead("/ip4/203.0.113.1/tcp/" + std::to_string(i));
    for (std::size_t i = 1; i < 30; ++i) {
        auto const victim = address_of("/ip4/203.0.113.1/tcp/" + std::to_string(i));
        ask_.say(ConnectPeer{peer_id_of(testing::node_key(1000 + i).public_key()), {victim}});
    }
    net_.settle(a_);
    EXPECT_EQ(a_.connects, k_dials_per_network_max);
    net_.run_for(k_dial_timeout - seconds{1});
    EXPECT_EQ(a_.connects, k_dials_per_network_max);
    EXPECT_EQ(a_.swarm->usage().dials, k_dials_per_network_max);
    net_.run_for(seconds{60});
    EXPECT_EQ(a_.swarm->usage().dials, 0U);
    EXPECT_EQ(ask_.count("dial failed timed_out"), 29U);
}

TEST_F(SwarmDialTest, ConnectsAsManySocketsAtATimeAsAllowed) {
    for (std::size_t i = 0; i < k_dials_max + 20; ++i) {
        auto const dead = "/ip4/100." + std::to_string(i) + ".0.1/tcp/1";
        net_.make_dead(dead);
        ask_.say(ConnectPeer{peer_id_of(testing::node_key(2000 + i).public_key()), {address_of(dead)}});
    }
    net_.settle(a_);
    EXPECT_EQ(a_.swarm->usage().dials, k_dials_max);
    net_.run_for(seconds{60});
    EXPECT_EQ(ask_.count("dial failed timed_out"), k_dials_max + 20);
}

TEST_F(SwarmDialTest, KeepsOneOfTwoCrossingConnectionsAndTheSameAtBothEnds) {
    for (int offset_ms : {0, 10, 49, 50, 51, 90, 100, 101, 149, 150, 199, 200, 201, 250, 300}) {
        for (bool const is_a_first : {true, false}) {
            VirtualNet net{k_latency};
            auto& a = net.add("/ip4/192.0.2.1/tcp/4001");
            auto& b = net.add("/ip4/198.51.100.2/tcp/4001");
            ScriptProtocol pa{{"/echo/1"}, true};
            ScriptProtocol pb{{"/echo/1"}, true};
            a.swarm->add_protocol(pa, net.now);
            b.swarm->add_protocol(pb, net.now);
            net.listen(a);
            net.listen(b);
            auto& first = is_a_first ? a : b;
            auto& second = is_a_first ? b : a;
            auto& first_protocol = is_a_first ? pa : pb;
            auto& second_protocol = is_a_first ? pb : pa;
            auto const x = first_protocol.ask(second.id, {second.address}, "to the second");
            net.settle(first);
            net.run_for(milliseconds{offset_ms});
            auto const y = second_protocol.ask(first.id, {first.address}, "to the first");
            net.settle(second);
            net.run_for(seconds{5});
            first_protocol.say(FinishStream{x});
            second_protocol.say(FinishStream{y});
            net.settle(first);
            net.settle(second);
            net.run_for(k_drain_timeout + seconds{5});

            EXPECT_EQ(first_protocol.texts[x], "to the second") << offset_ms;
            EXPECT_EQ(second_protocol.texts[y], "to the first") << offset_ms;
            ASSERT_EQ(a.swarm->usage().connections, 1U) << offset_ms;
            ASSERT_EQ(b.swarm->usage().connections, 1U) << offset_ms;
            EXPECT_NE(a.swarm->peers()[0].direction, b.swarm->peers()[0].direction);
            EXPECT_EQ(pa.count("disconnected") + pb.count("disconnected"), 0U) << offset_ms;
            EXPECT_EQ(pa.count("connected") + pb.count("connected"), 2U);
            EXPECT_EQ(pa.count("reset") + pb.count("reset"), 0U) << offset_ms;
        }
    }
}

TEST_F(SwarmDialTest, ClosesTheConnectionThatTheSmallerIdDialed) {
    auto const x = ask_.ask(b_.id, {b_.address}, "x");
    auto const y = echo_.ask(a_.id, {a_.address}, "y");
    net_.settle(a_);
    net_.settle(b_);
    net_.run_for(seconds{2});
    EXPECT_EQ(ask_.texts[x] + echo_.texts[y], "xy");
    ask_.say(FinishStream{x});
    echo_.say(FinishStream{y});
    net_.settle(a_);
    net_.settle(b_);
    net_.run_for(seconds{2});
    ASSERT_EQ(a_.swarm->usage().connections, 1U);
    auto const kept = a_.id < b_.id ? Direction::inbound : Direction::outbound;
    EXPECT_EQ(a_.swarm->peers()[0].direction, kept);
}

}  // namespace
}  // namespace ggen::p2p
