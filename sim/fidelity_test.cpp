// The same seed at F1 and F2: the streams and connections that VirtualHost plays against those that the product makes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "p2p/gossip/gossip.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "sim/byzantine.hpp"
#include "sim/gossip_plan.hpp"
#include "sim/simple_protocols.hpp"
#include "sim/virtual_host.hpp"
#include "sim/wire_host.hpp"

namespace ggen::sim {
namespace {

constexpr std::uint32_t k_nodes = 50;
constexpr char const* k_topic = "fidelity";

/// What a protocol is told, as "TIME PEER WHAT". Streams are named by the peer: keys are the host's own.
using Events = std::vector<std::string>;

/// A protocol that writes down what its host tells it. Bytes count when a message is whole: hosts may cut them
/// anywhere.
class Recorded final : public Misbehaving {
public:
    Recorded(Events& events, std::unique_ptr<p2p::Protocol> inner)
        : Misbehaving(Crowd{}, std::move(inner), 0), events_(events) {}

    void on_peer_connected(p2p::PeerInfo const& info, TimePoint now) override {
        note(now, info.peer, info.direction == p2p::Direction::outbound ? "connected out" : "connected in");
        Misbehaving::on_peer_connected(info, now);
    }
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override {
        note(now, peer, "disconnected");
        Misbehaving::on_peer_disconnected(peer, now);
    }
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override {
        note(now, peer, fmt::format("dial failed {}", errc_name(error.code)));
        Misbehaving::on_dial_failed(peer, error, now);
    }
    void on_inbound_stream(p2p::StreamKey stream, PeerId const& peer, std::string const& name, TimePoint now) override {
        note(now, peer, "stream " + name);
        inbound_.emplace(stream, Inbound{peer});
        Misbehaving::on_inbound_stream(stream, peer, name, now);
    }
    void on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) override {
        if (auto const found = inbound_.find(stream); found != inbound_.end()) {
            auto& [peer, reader] = found->second;
            reader.feed(bytes);
            for (;;) {
                auto const message = reader.next();
                ASSERT_TRUE(message);
                if (!*message) break;
                note(now, peer, fmt::format("message {:016x} of {}", hash_bytes(**message), (*message)->size()));
            }
        }
        Misbehaving::on_stream_bytes(stream, bytes, now);
    }
    void on_stream_reset(p2p::StreamKey stream, TimePoint now) override {
        if (auto const found = inbound_.find(stream); found != inbound_.end()) note(now, found->second.peer, "reset");
        Misbehaving::on_stream_reset(stream, now);
    }

private:
    struct Inbound {
        PeerId peer;
        p2p::MessageReader reader{p2p::k_gossip_message_bytes_max * 2};
    };
    void note(TimePoint now, PeerId const& peer, std::string const& what) {
        events_.push_back(fmt::format("{:015} {} {}", from_time_point(now), peer.text(), what));
    }

    Events& events_;
    std::map<p2p::StreamKey, Inbound> inbound_;
};

/// Events of every node, each node's in the order of time and peer.
std::vector<Events> run(Fidelity fidelity, std::uint64_t seed) {
    Network network{seed, {.fidelity = fidelity, .jitter_permille = 0}, make_shipped_latency()};
    Fabric fabric{network};
    std::vector<Events> events(k_nodes);
    std::vector<NodeId> all;
    for (NodeId node = 0; node < k_nodes; ++node) {
        network.add_node({.endpoint = {.ip = (20U + node) << 24U | 1U, .port = 4001}, .rate = {}, .extra_latency = 0});
        fabric.name_node(node, p2p::peer_id_of(Fabric::make_key(seed, node).public_key()));
        all.push_back(node);
    }
    std::vector<p2p::Gossip*> gossips;
    std::vector<SimulatedHost*> hosts;
    for (auto const node : all) {
        std::unique_ptr<SimulatedHost> host;
        if (fidelity == Fidelity::wire) {
            auto const key = Fabric::make_key(seed, node);
            host = std::make_unique<WireHost>(fabric, node, HostOptions{}, key, mix(seed, node));
        } else {
            host = std::make_unique<VirtualHost>(fabric, node, HostOptions{});
        }
        Links::Peers peers;
        for (auto const other : draw_links(seed, node, 6, all)) {
            peers.emplace_back(fabric.peer(other), Fabric::make_address(network.endpoint(other)));
        }
        host->add(std::make_unique<Links>(std::move(peers), to_time_point(node * k_second / 10)));
        auto gossip = std::make_unique<p2p::Gossip>(fabric.peer(node), p2p::GossipOptions{}, mix(seed, node),
                                                    to_time_point(0));
        EXPECT_TRUE(gossip->join(k_topic, {}, to_time_point(0)));
        gossips.push_back(gossip.get());
        host->add(std::make_unique<Recorded>(events[node], std::move(gossip)));
        hosts.push_back(host.get());
        network.start(node, std::move(host));
    }
    for (std::uint64_t i = 0; i < 30; ++i) {
        network.at(15 * k_second + static_cast<Nanos>(i) * 500 * k_millisecond, [&, i] {
            auto const from = draw_publisher(seed, i, all);
            Bytes data(700 + i, static_cast<std::uint8_t>(i));
            EXPECT_TRUE(gossips[from]->publish(k_topic, data, to_time_point(network.now())));
            // The wrapper takes what the core put out.
            static_cast<Misbehaving&>(hosts[from]->protocol(1)).take_outputs(to_time_point(network.now()));
            hosts[from]->pump();
        });
    }
    network.run_until(45 * k_second);
    EXPECT_EQ(fabric.violation(), "");
    network.shut_down();
    for (auto& one : events) std::stable_sort(one.begin(), one.end());
    return events;
}

TEST(FidelityTest, F1AndF2AgreeInEveryEventOfAProtocol) {
    for (std::uint64_t const seed : {1U}) {
        auto const played = run(Fidelity::transport, seed);
        auto const made = run(Fidelity::wire, seed);
        std::size_t messages = 0;
        for (NodeId node = 0; node < k_nodes; ++node) {
            auto const& a = played[node];
            auto const& b = made[node];
            for (auto const& event : a) messages += event.find(" message ") != std::string::npos ? 1U : 0U;
            auto const [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
            ASSERT_TRUE(at == a.end() && other == b.end())
                << "seed " << seed << ", node " << node << ", event " << (at - a.begin()) << " of " << a.size()
                << " and " << b.size() << "\nF1: " << (at == a.end() ? "nothing" : *at)
                << "\nF2: " << (other == b.end() ? "nothing" : *other);
        }
        EXPECT_GT(messages, 10'000U);
    }
}

}  // namespace
}  // namespace ggen::sim
