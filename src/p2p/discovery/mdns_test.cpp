#include "p2p/discovery/mdns.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::make_id;

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }

/// Nodes on one wire: what one sends comes to all, the sender too.
struct Lan {
    struct Node {
        PeerId id;
        std::unique_ptr<Mdns> mdns;
        std::vector<NeighbourFound> found;
        std::vector<PeerId> lost;
        std::vector<PeerId> dialed;
        std::size_t sent = 0;
    };

    Node& add(std::string_view where, bool dials = true) {
        auto const id = make_id(nodes.size());
        auto mdns = Mdns::create({.self = id, .seed = nodes.size() + 7, .dials = dials}, now).value();
        if (!where.empty()) mdns->on_host_changed({id, {}, {address(where)}}, now);
        nodes.push_back(std::make_unique<Node>(Node{id, std::move(mdns), {}, {}, {}}));
        return *nodes.back();
    }
    void drain(Node& node) {
        while (auto output = node.mdns->poll_output()) {
            if (auto const* const dial = std::get_if<ConnectPeer>(&*output)) node.dialed.push_back(dial->peer);
        }
        while (auto event = node.mdns->poll_event()) {
            if (auto* const found = std::get_if<NeighbourFound>(&*event)) node.found.push_back(std::move(*found));
            if (auto const* const lost = std::get_if<NeighbourLost>(&*event)) node.lost.push_back(lost->peer);
        }
        while (auto const datagram = node.mdns->poll_datagram()) {
            EXPECT_LE(datagram->size(), k_mdns_emit_bytes_max);
            ++node.sent;
            for (auto const& other : nodes) other->mdns->on_datagram(*datagram, false, now);
            if (tap) tap(*datagram);
        }
    }
    void run_for(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        for (;;) {
            for (auto const& node : nodes) drain(*node);
            auto next = end;
            for (auto const& node : nodes) next = std::min(next, node->mdns->next_deadline().value());
            now = std::max(now, next);
            if (now >= end) break;
            for (auto const& node : nodes) {
                if (*node->mdns->next_deadline() <= now) node->mdns->on_deadline(now);
            }
        }
    }

    TimePoint now{};
    std::vector<std::unique_ptr<Node>> nodes;
    std::function<void(Bytes const&)> tap;
};

/// What a stranger says of `peer`.
Bytes claim(PeerId const& peer, std::vector<std::string> const& addresses, std::uint32_t ttl_s = 120) {
    auto const service = make_dns_name(k_mdns_service).value();
    auto const instance = child_name("somebody", service);
    DnsMessage message{true, {}, {{service, DnsType::ptr, ttl_s, instance}}, {{instance, DnsType::txt, ttl_s}}};
    for (auto const& one : addresses) {
        message.additional[0].texts.push_back("dnsaddr=" + one + "/p2p/" + peer.text());
    }
    return encode_dns_message(message);
}

TEST(MdnsTest, TwoNodesFindEachOtherWithinASecond) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    auto& b = lan.add("/ip4/192.168.1.2/tcp/4002");
    lan.run_for(seconds{1});
    ASSERT_EQ(a.found.size(), 1U);
    EXPECT_EQ(a.found[0].peer, b.id);
    EXPECT_EQ(a.found[0].addresses, (std::vector{address("/ip4/192.168.1.2/tcp/4002")}));
    ASSERT_EQ(b.found.size(), 1U);
    EXPECT_EQ(b.found[0].peer, a.id);
    EXPECT_EQ(std::count(a.dialed.begin(), a.dialed.end(), b.id) > 0, true);
}

TEST(MdnsTest, FindsWhoComesLater) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    lan.run_for(seconds{500});
    auto& b = lan.add("/ip4/192.168.1.2/tcp/4002");
    lan.run_for(seconds{1});
    EXPECT_EQ(a.found.size(), 1U);
    EXPECT_EQ(b.found.size(), 1U);
}

TEST(MdnsTest, AsksSeldomAndAnswersAtMostOnceASecond) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    lan.run_for(std::chrono::hours{1});
    auto const quiet = a.sent;
    EXPECT_LE(quiet, 2U * (12 + 9) + 2);  // a question and its answer every five minutes, and those of the start
    auto const question =
        encode_dns_message({false, {{make_dns_name(k_mdns_service).value(), DnsType::ptr}}, {}, {}});
    for (int i = 0; i < 1000; ++i) {
        a.mdns->on_datagram(question, false, lan.now);
        lan.run_for(milliseconds{10});
    }
    EXPECT_LE(a.sent - quiet, 11U);
    EXPECT_GE(a.sent - quiet, 9U);
}

TEST(MdnsTest, ForgetsWhoIsSilentOrSaysFarewell) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    auto& b = lan.add("/ip4/192.168.1.2/tcp/4002");
    lan.run_for(seconds{2});
    b.mdns->say_farewell();
    lan.drain(b);
    lan.drain(a);
    EXPECT_EQ(a.lost, (std::vector{b.id}));
    EXPECT_EQ(a.mdns->neighbour_count(), 0U);

    a.mdns->on_datagram(claim(make_id(9), {"/ip4/10.0.0.1/tcp/1"}, 120), false, lan.now);
    EXPECT_EQ(a.mdns->neighbour_count(), 1U);
    lan.run_for(seconds{119});
    EXPECT_EQ(a.mdns->neighbour_count(), 1U);
    lan.run_for(seconds{2});
    EXPECT_EQ(a.mdns->neighbour_count(), 0U);
}

TEST(MdnsTest, TellsAllAddressesInDatagramsOfAFrame) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001", false);
    auto& b = lan.add("");
    std::vector<Multiaddr> many;
    many.reserve(22);
    for (int i = 0; i < 20; ++i) {
        many.push_back(address("/ip6/2001:db8:1111:2222:3333:4444:5555:" + std::to_string(1000 + i) + "/tcp/40001"));
    }
    many.push_back(address("/dns4/example.com/tcp/1"));
    many.push_back(address("/ip4/192.168.1.2/udp/4002/quic-v1"));
    b.mdns->on_host_changed({b.id, {}, many}, lan.now);
    lan.run_for(seconds{1});
    ASSERT_FALSE(a.found.empty());
    many.resize(k_mdns_addresses_max, many.front());
    EXPECT_EQ(a.found.back().addresses, many);
}

TEST(MdnsTest, TakesOnlyWhatCanBeDialed) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    auto const peer = make_id(5);
    a.mdns->on_datagram(claim(peer, {"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/dns4/victim.example/tcp/80",
                                     "/ip4/10.0.0.1/tcp/0", "/ip4/10.0.0.1/udp/1/quic-v1", "/ip4/10.0.0.1/tcp/1"}),
                        false, lan.now);
    lan.drain(a);
    ASSERT_EQ(a.found.size(), 1U);
    EXPECT_EQ(a.found[0].addresses, (std::vector{address("/ip4/10.0.0.1/tcp/1")}));
    a.mdns->on_datagram(claim(make_id(6), {"/ip4/127.0.0.1/tcp/1"}), false, lan.now);
    a.mdns->on_datagram(claim(a.id, {"/ip4/10.0.0.9/tcp/1"}), false, lan.now);
    lan.drain(a);
    EXPECT_EQ(a.found.size(), 1U);
    a.mdns->on_datagram(claim(make_id(6), {"/ip4/127.0.0.1/tcp/1"}), true, lan.now);
    lan.drain(a);
    EXPECT_EQ(a.found.size(), 2U);
}

TEST(MdnsTest, CountsWhatItCannotRead) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    a.mdns->on_datagram(to_bytes("rubbish"), false, lan.now);
    a.mdns->on_datagram(Bytes(9000), false, lan.now);
    EXPECT_EQ(a.mdns->refused_count(), 2U);
    EXPECT_EQ(a.mdns->neighbour_count(), 0U);
}

TEST(MdnsTest, KeepsAtMostSoManyNeighboursAndAddresses) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    for (std::uint64_t i = 0; i < k_mdns_neighbours_max + 10; ++i) {
        auto const ttl_s = i == 0 ? 200U : 300U;
        a.mdns->on_datagram(claim(make_id(100 + i), {"/ip4/10.0.0.1/tcp/1"}, ttl_s), false, lan.now);
    }
    EXPECT_EQ(a.mdns->neighbour_count(), k_mdns_neighbours_max);
    lan.drain(a);
    EXPECT_EQ(a.lost.front(), make_id(100));  // the one whose time ends first

    auto const peer = make_id(2000);
    for (int i = 0; i < 40; ++i) {
        a.mdns->on_datagram(claim(peer, {"/ip4/10.0.1." + std::to_string(i) + "/tcp/1"}, 4000), false, lan.now);
    }
    lan.drain(a);
    EXPECT_EQ(a.found.back().addresses.size(), k_mdns_addresses_max);
    lan.run_for(k_mdns_ttl_max + seconds{1});
    EXPECT_EQ(a.mdns->neighbour_count(), 0U);
}

TEST(MdnsTest, DialsNobodyMoreWhenItHasEnough) {
    Lan lan;
    auto& a = lan.add("/ip4/192.168.1.1/tcp/4001");
    for (std::uint64_t i = 0; i < k_mdns_connections_wanted; ++i) {
        a.mdns->on_peer_connected({make_id(300 + i), address("/ip4/10.0.0.1/tcp/1"), Direction::inbound}, lan.now);
    }
    a.mdns->on_datagram(claim(make_id(5), {"/ip4/10.0.0.1/tcp/1"}), false, lan.now);
    lan.drain(a);
    EXPECT_TRUE(a.dialed.empty());
    EXPECT_EQ(a.found.size(), 1U);
    a.mdns->on_peer_disconnected(make_id(300), lan.now);
    a.mdns->on_datagram(claim(make_id(5), {"/ip4/10.0.0.1/tcp/1"}), false, lan.now);
    lan.drain(a);
    EXPECT_EQ(a.dialed, (std::vector{make_id(5)}));
}

TEST(MdnsTest, AnswersTheQuestionForServicesAndForItsOwnName) {
    Lan lan;
    lan.add("/ip4/192.168.1.1/tcp/4001");
    lan.run_for(seconds{600});
    DnsName instance;
    std::size_t services = 0;
    std::size_t texts = 0;
    auto const meta = make_dns_name("_services._dns-sd._udp.local").value();
    lan.tap = [&](Bytes const& datagram) {
        auto const message = decode_dns_message(datagram).value();
        for (auto const& record : message.answers) {
            services += record.name == meta ? 1U : 0U;
            if (record.name != meta) instance = record.target;
        }
        texts += message.additional.size();
    };
    lan.nodes[0]->mdns->on_datagram(encode_dns_message({false, {{meta, DnsType::ptr}}, {}, {}}), false, lan.now);
    lan.run_for(seconds{2});
    EXPECT_EQ(services, 1U);
    ASSERT_FALSE(instance.empty());
    EXPECT_GE(instance.front(), 32);
    auto const before = texts;
    lan.nodes[0]->mdns->on_datagram(encode_dns_message({false, {{instance, DnsType::txt}}, {}, {}}), false, lan.now);
    lan.run_for(seconds{2});
    EXPECT_EQ(texts, before + 1);
}

TEST(MdnsTest, RefusesAServiceThatIsNoName) {
    EXPECT_EQ(Mdns::create({.self = make_id(0), .service = "a..b"}, {}).error().code, Errc::invalid);
    std::string const label(60, 'a');
    EXPECT_EQ(Mdns::create({.self = make_id(0), .service = label + "." + label + "." + label + "." + label}, {})
                  .error().code, Errc::too_large);
}

}  // namespace
}  // namespace ggen::p2p
