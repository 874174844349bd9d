#include "sim/virtual_host.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "sim/fabric.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::sim {
namespace {

constexpr Nanos k_one_way = 50 * k_millisecond;
constexpr Nanos k_rtt = 2 * k_one_way;

using Notes = std::vector<std::string>;

/// Writes down what it is told; does what the test says.
class Probe final : public p2p::Protocol {
public:
    explicit Probe(std::vector<std::string> names = {"/probe"}) : names_(std::move(names)) {}
    [[nodiscard]] std::vector<std::string> protocols() const override { return names_; }
    void on_peer_connected(p2p::PeerInfo const& info, TimePoint now) override {
        note(info.direction == p2p::Direction::outbound ? "connected out" : "connected in", now);
    }
    void on_peer_disconnected(PeerId const& /*peer*/, TimePoint now) override { note("disconnected", now); }
    void on_dial_failed(PeerId const& /*peer*/, Error const& error, TimePoint now) override {
        note("dial failed: " + std::string{errc_name(error.code)}, now);
    }
    void on_peer_protocols(PeerId const& /*peer*/, std::span<std::string const> names, TimePoint now) override {
        note("speaks " + std::to_string(names.size()), now);
    }
    void on_stream_opened(p2p::StreamKey stream, std::string const& name, TimePoint now) override {
        note("opened " + std::to_string(stream) + " " + name, now);
    }
    void on_stream_refused(p2p::StreamKey stream, Error const& error, TimePoint now) override {
        note("refused " + std::to_string(stream) + " " + std::string{errc_name(error.code)}, now);
    }
    void on_inbound_stream(p2p::StreamKey stream, PeerId const&, std::string const& name, TimePoint now) override {
        note("inbound " + std::to_string(stream) + " " + name, now);
    }
    void on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) override {
        received += bytes.size();
        note("bytes " + std::to_string(stream) + " " + std::to_string(bytes.size()), now);
    }
    void on_stream_finished(p2p::StreamKey stream, TimePoint now) override {
        note("finished " + std::to_string(stream), now); }
    void on_stream_reset(p2p::StreamKey stream, TimePoint now) override { note("reset " + std::to_string(stream),
        now); }
    void on_stream_sent(p2p::StreamKey /*stream*/, std::size_t bytes, TimePoint /*now*/) override { sent += bytes; }
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override { return deadline; }
    void on_deadline(TimePoint now) override {
        note("deadline", now);
        if (!is_stuck) deadline.reset();
    }

    p2p::StreamKey open(PeerId const& peer, std::vector<Multiaddr> addresses, std::vector<std::string> names =
        {"/probe"},
                        bool may_dial = true) {
        auto const key = new_stream_key();
        put(p2p::OpenStream{key, peer, std::move(names), std::move(addresses), may_dial});
        return key;
    }
    void write(p2p::StreamKey stream, std::size_t size) {
        put(p2p::WriteStream{stream, std::make_shared<Bytes const>(size, std::uint8_t{7})});
    }
    void ask(p2p::ProtocolOutput output) { put(std::move(output)); }

    std::vector<std::string> notes;
    std::vector<Nanos> times;
    std::size_t received = 0;
    std::size_t sent = 0;
    std::optional<TimePoint> deadline;
    bool is_stuck = false;

private:
    void note(std::string what, TimePoint now) {
        notes.push_back(std::move(what));
        times.push_back(from_time_point(now));
    }
    std::vector<std::string> names_;
};

/// A network of probes 50 ms apart.
class Pair {
public:
    explicit Pair(std::uint32_t nodes = 2, LinkOptions link = {.jitter_permille = 0}, HostOptions options = {},
                  bool has_second_in = false)
        : network{1, link, make_constant_latency(k_one_way)}, has_second(has_second_in) {
        for (std::uint32_t i = 0; i < nodes; ++i) {
            auto const node = network.add_node({.endpoint = {.ip = 0x0b000001U + (i << 16U), .port = 4001}, .rate =
                {}});
            fabric.name_node(node, Fabric::make_peer(1, i));
            start(node, options);
        }
    }
    ~Pair() { network.shut_down(); }
    void start(NodeId node, HostOptions options = {}) {
        auto host = std::make_unique<VirtualHost>(fabric, node, options);
        host->add(std::make_unique<Probe>());
        if (has_second) host->add(std::make_unique<Probe>(Notes{"/second"}));
        network.start(node, std::move(host));
    }
    VirtualHost& host(NodeId node) { return *static_cast<VirtualHost*>(network.program(node)); }
    Probe& probe(NodeId node, std::size_t index = 0) { return static_cast<Probe&>(host(node).protocol(index)); }
    PeerId peer(NodeId node) { return fabric.peer(node); }
    std::vector<Multiaddr> address(NodeId node) { return {Fabric::make_address(network.endpoint(node))}; }
    /// `to` and what it heard at `time`, as "what".
    std::vector<std::string> heard(NodeId node) { return probe(node).notes; }
    void pump(NodeId node) { host(node).pump(); }
    void run(Nanos until) { network.run_until(until); }

    Network network;
    Fabric fabric{network};
    bool has_second;  ///< a second probe beside the first
};

TEST(VirtualHostTest, TheFirstAnswerOfANewConnectionTakesThreeRoundTrips) {
    Pair pair;
    auto& probe = pair.probe(0);
    auto const key = probe.open(pair.peer(1), pair.address(1));
    probe.write(key, 5);
    pair.pump(0);
    pair.run(10 * k_second);

    EXPECT_EQ(pair.heard(0), (Notes{"connected out", "speaks 1", "opened 1 /probe"}));
    EXPECT_EQ(probe.times, (std::vector<Nanos>{2 * k_rtt, 3 * k_rtt, 3 * k_rtt}));
    EXPECT_EQ(pair.heard(1), (Notes{"connected in", "inbound 2 /probe", "bytes 2 5", "speaks 1"}));
    EXPECT_EQ(pair.probe(1).times[2], 2 * k_rtt + k_one_way);
    EXPECT_EQ(probe.sent, 5U);
}

/// Writes by the second protocol as soon as the first has received something.
class Chain final : public Application {
public:
    explicit Chain(Pair& pair) : pair_(pair) {}
    bool on_called(SimulatedHost& host, std::size_t protocol) override {
        auto& first = static_cast<Probe&>(host.protocol(0));
        if (protocol != 0 || has_begun_ || first.received == 0) return false;
        has_begun_ = true;
        auto& second = static_cast<Probe&>(host.protocol(1));
        second.write(second.open(pair_.peer(0), {}, {"/second"}), 5);
        return true;
    }

private:
    Pair& pair_;
    bool has_begun_ = false;
};

TEST(VirtualHostTest, WhatAnEventOfOneProtocolMakesAnotherSayIsSentAtOnce) {
    Pair pair{2, {.jitter_permille = 0}, {}, true};
    Chain chain{pair};
    pair.host(1).set_application(&chain);
    pair.probe(0).write(pair.probe(0).open(pair.peer(1), pair.address(1)), 5);
    pair.pump(0);
    pair.run(10 * k_second);
    auto const& back = pair.probe(0, 1);
    auto const at = std::find(back.notes.begin(), back.notes.end(), "bytes 2 5");
    ASSERT_NE(at, back.notes.end());
    EXPECT_EQ(back.times[static_cast<std::size_t>(at - back.notes.begin())], 3 * k_rtt);
}

TEST(VirtualHostTest, BytesGoBothWaysAndAHalfClosedStreamStillReads) {
    Pair pair;
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.probe(0).write(key, 3);
    pair.probe(0).ask(p2p::FinishStream{key});
    pair.pump(0);
    pair.run(k_second);
    pair.probe(1).write(2, 100'000);
    pair.probe(1).ask(p2p::FinishStream{2});
    pair.pump(1);
    pair.run(2 * k_second);

    EXPECT_EQ(pair.probe(0).received, 100'000U);
    EXPECT_EQ(pair.heard(0).back(), "finished 1");
    EXPECT_EQ(pair.fabric.open_streams(), 0U);
}

TEST(VirtualHostTest, ADialToNobodyFailsWhenItsTimeIsOver) {
    Pair pair;
    auto const ghost = Fabric::make_peer(1, 77);
    (void)pair.probe(0).open(ghost, {Fabric::make_address({.ip = 0x0c000001, .port = 1})});
    pair.probe(0).ask(p2p::ConnectPeer{ghost, {}});
    pair.pump(0);
    pair.run(30 * k_second);

    EXPECT_EQ(pair.heard(0), (Notes{"refused 1 timed_out", "dial failed: timed_out"}));
    EXPECT_EQ(pair.probe(0).times[0], 10 * k_second);
}

TEST(VirtualHostTest, StreamsThatCannotBeAreRefusedWithTheReason) {
    Pair pair;
    auto& probe = pair.probe(0);
    (void)probe.open(pair.peer(1), {});
    (void)probe.open(pair.peer(1), pair.address(1), {"/probe"}, false);
    pair.pump(0);
    pair.run(k_second);
    (void)probe.open(pair.peer(1), pair.address(1), {"/other"});
    pair.pump(0);
    pair.run(2 * k_second);

    EXPECT_EQ(pair.heard(0), (Notes{"refused 3 not_found", "refused 1 not_found", "connected out", "speaks 1",
                                    "refused 5 refused"}));
}

TEST(VirtualHostTest, AChoiceOfProtocolsCostsARoundTripUntilThePeerIsKnown) {
    Pair pair;
    auto& probe = pair.probe(0);
    auto const first = probe.open(pair.peer(1), pair.address(1), {"/newer", "/probe"});
    probe.write(first, 1);
    pair.pump(0);
    pair.run(k_second);
    EXPECT_EQ(pair.probe(1).times[2], 2 * k_rtt + k_one_way + k_rtt);  // its bytes come after the answer

    auto const second = probe.open(pair.peer(1), {}, {"/probe", "/newer"});
    probe.write(second, 1);
    pair.pump(0);
    pair.run(2 * k_second);
    EXPECT_EQ(pair.heard(1).back(), "bytes 4 1");
    EXPECT_EQ(pair.probe(1).times.back(), k_second + k_one_way);
}

TEST(VirtualHostTest, AnotherPeerAtTheAddressIsNotTalkedTo) {
    Pair pair{3};
    (void)pair.probe(0).open(pair.peer(2), pair.address(1));
    pair.pump(0);
    pair.run(k_second);

    EXPECT_EQ(pair.heard(0), (Notes{"refused 1 unavailable"}));
    EXPECT_EQ(pair.host(1).connection_count(), 0U);
}

TEST(VirtualHostTest, ADeadAddressBesideALivingOneCostsAQuarterOfASecond) {
    Pair pair;
    auto addresses = pair.address(1);
    addresses.insert(addresses.begin(), Fabric::make_address({.ip = 0x0c000001, .port = 1}));
    pair.probe(0).ask(p2p::ConnectPeer{pair.peer(1), addresses});
    pair.pump(0);
    pair.run(k_second);

    EXPECT_EQ(pair.heard(0).front(), "connected out");
    EXPECT_EQ(pair.probe(0).times.front(), 250 * k_millisecond + 2 * k_rtt);
}

TEST(VirtualHostTest, APausedStreamHoldsItsBytesAndThenItsWriter) {
    Pair pair;
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.probe(0).write(key, 1);
    pair.pump(0);
    pair.run(k_second);
    pair.probe(1).ask(p2p::PauseStream{2, true});
    pair.pump(1);
    for (int i = 0; i < 12; ++i) {
        pair.probe(0).write(key, 200'000);
        pair.pump(0);
        pair.run(pair.network.now() + 100 * k_millisecond);
    }
    EXPECT_EQ(pair.probe(1).received, 1U);
    EXPECT_LT(pair.probe(0).sent, 1'200'000U);  // a window of 1 MiB is full

    pair.probe(1).ask(p2p::PauseStream{2, false});
    pair.pump(1);
    pair.run(10 * k_second);
    EXPECT_EQ(pair.probe(1).received, pair.probe(0).sent);
    EXPECT_EQ(pair.probe(0).sent % 200'000, 1U);
}

TEST(VirtualHostTest, AResetIsToldToTheOtherEndAlone) {
    Pair pair;
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.pump(0);
    pair.run(k_second);
    pair.probe(0).ask(p2p::ResetStream{key});
    pair.pump(0);
    pair.run(2 * k_second);

    EXPECT_EQ(pair.heard(1).back(), "reset 2");
    EXPECT_EQ(pair.heard(0).back(), "opened 1 /probe");
    EXPECT_EQ(pair.fabric.open_streams(), 0U);
}

TEST(VirtualHostTest, ADisconnectResetsTheStreamsFirst) {
    Pair pair;
    (void)pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.pump(0);
    pair.run(k_second);
    pair.probe(0).ask(p2p::DisconnectPeer{pair.peer(1)});
    pair.pump(0);
    pair.run(2 * k_second);

    auto const tail = [](Notes const& notes) { return Notes(notes.end() - 2, notes.end()); };
    EXPECT_EQ(tail(pair.heard(0)), (Notes{"reset 1", "disconnected"}));
    EXPECT_EQ(tail(pair.heard(1)), (Notes{"reset 2", "disconnected"}));
    EXPECT_EQ(pair.network.open_connections(), 0U);
}

TEST(VirtualHostTest, AnOrderlyStopIsToldAtOnceAndASilentOneAfterTheKeepAlive) {
    for (auto const& [kind, time] : {std::pair{StopKind::orderly, k_second + k_one_way},
                                     std::pair{StopKind::silent, k_second + 40 * k_second}}) {
        Pair pair;
        (void)pair.probe(0).open(pair.peer(1), pair.address(1));
        pair.pump(0);
        pair.run(k_second);
        pair.network.stop(1, kind);
        pair.run(100 * k_second);

        EXPECT_EQ(pair.heard(0).back(), "disconnected");
        EXPECT_EQ(pair.probe(0).times.back(), time);
        EXPECT_EQ(pair.fabric.open_streams(), 0U);
        EXPECT_EQ(pair.network.open_connections(), 0U);
    }
}

TEST(VirtualHostTest, IdleConnectionsAreClosedAndValuedOnesStay) {
    Pair pair{3};
    pair.probe(0).ask(p2p::ConnectPeer{pair.peer(1), pair.address(1)});
    pair.probe(0).ask(p2p::ConnectPeer{pair.peer(2), pair.address(2)});
    pair.pump(0);
    pair.run(k_second);
    for (NodeId const other : {0U, 2U}) {
        pair.probe(other).ask(p2p::ValuePeer{pair.peer(other == 0 ? 2 : 0), 1});
        pair.pump(other);
    }
    pair.run(400 * k_second);

    EXPECT_EQ(pair.host(0).connected_peers(), (std::vector<NodeId>{2}));
    EXPECT_EQ(pair.host(1).connection_count(), 0U);
}

TEST(VirtualHostTest, AFullHostRefusesAndOneSubnetTakesSixteenPlacesAtMost) {
    Pair pair{4, {.jitter_permille = 0}, {.connections_max = 2}};
    for (NodeId node = 1; node < 4; ++node) {
        pair.probe(node).ask(p2p::ConnectPeer{pair.peer(0), pair.address(0)});
        pair.pump(node);
    }
    pair.run(k_second);
    EXPECT_EQ(pair.host(0).connection_count(), 2U);
    for (NodeId node = 1; node < 4; ++node) {
        pair.probe(0).ask(p2p::ConnectPeer{pair.peer(node), pair.address(node)});
    }
    pair.pump(0);
    pair.run(2 * k_second);
    EXPECT_EQ(pair.host(0).connection_count(), 2U);
    EXPECT_EQ(pair.heard(0).back(), "dial failed: too_large");

    Pair dialer{4, {.jitter_permille = 0}, {.connections_max = 2}};
    for (NodeId node = 1; node < 4; ++node) {
        dialer.probe(0).ask(p2p::ConnectPeer{dialer.peer(node), dialer.address(node)});
    }
    dialer.pump(0);
    dialer.run(k_second);
    EXPECT_EQ(dialer.host(0).connection_count(), 2U);
    auto const heard = dialer.heard(0);
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "dial failed: too_large"), 1);

    Pair crowd{1};
    for (std::uint32_t i = 1; i <= 20; ++i) {
        auto const node = crowd.network.add_node({.endpoint = {.ip = 0x0d000000U + i, .port = 1}, .rate = {}});
        crowd.fabric.name_node(node, Fabric::make_peer(1, i));
        crowd.start(node);
        crowd.probe(node).ask(p2p::ConnectPeer{crowd.peer(0), crowd.address(0)});
        crowd.pump(node);
    }
    crowd.run(k_second);
    EXPECT_EQ(crowd.host(0).connection_count(), 16U);
}

TEST(VirtualHostTest, ATimerThatNeverMovesOnIsFound) {
    Pair pair;
    pair.probe(0).is_stuck = true;
    pair.probe(0).deadline = to_time_point(k_second);
    pair.pump(0);
    pair.run(10 * k_second);

    EXPECT_NE(pair.fabric.violation().find("again and again"), std::string::npos);
    EXPECT_TRUE(pair.network.is_stopped());
}

TEST(VirtualHostTest, AProtocolThatWritesTooFarAheadIsFound) {
    Pair pair;
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.probe(0).write(key, p2p::k_stream_unsent_bytes_max);
    pair.pump(0);
    EXPECT_EQ(pair.fabric.violation(), "");
    pair.probe(0).write(key, 1);
    pair.pump(0);
    EXPECT_NE(pair.fabric.violation().find("bytes ahead"), std::string::npos);
}

TEST(VirtualHostTest, WhatABlockHeldBackComesInOrderAfterIt) {
    Pair pair;
    bool is_blocked = false;
    pair.network.set_block([&](NodeId, NodeId) { return is_blocked; });
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.pump(0);
    pair.run(k_second);
    is_blocked = true;
    pair.probe(0).write(key, 1);
    pair.pump(0);
    pair.run(5 * k_second);
    EXPECT_EQ(pair.probe(1).received, 0U);
    is_blocked = false;
    pair.network.release_held();
    pair.probe(0).write(key, 2);
    pair.pump(0);
    pair.run(10 * k_second);

    auto const notes = pair.heard(1);
    EXPECT_EQ(Notes(notes.end() - 2, notes.end()), (Notes{"bytes 2 1", "bytes 2 2"}));
}

TEST(VirtualHostTest, ABlockLongerThanTheKeepAliveEndsTheConnectionAtBothEnds) {
    Pair pair;
    bool is_blocked = false;
    pair.network.set_block([&](NodeId, NodeId) { return is_blocked; });
    auto const key = pair.probe(0).open(pair.peer(1), pair.address(1));
    pair.pump(0);
    pair.run(k_second);
    is_blocked = true;
    pair.probe(0).write(key, 1);
    pair.pump(0);
    pair.run(60 * k_second);

    EXPECT_EQ(pair.heard(0).back(), "disconnected");
    EXPECT_EQ(pair.heard(1).back(), "disconnected");
}

}  // namespace
}  // namespace ggen::sim
