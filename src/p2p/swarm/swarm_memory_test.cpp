#include <gtest/gtest.h>

#include "base/testing/allocated_bytes.hpp"
#include "codec/varint.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/swarm/ledger_gate.hpp"
#include "p2p/swarm/swarm.hpp"
#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;
using ggen::testing::allocated_bytes;
using testing::address_of;
using testing::ScriptProtocol;

/// A peer that shakes hands properly and then says what it likes: raw yamux frames to a swarm, inside the channel.
class RawPeer {
public:
    RawPeer(Swarm& swarm, ListenerKey listener, std::string const& address, TimePoint& now)
        : swarm_(swarm), now_(now), select_(Multistream::dial({"/noise"}).value()),
          noise_({NoiseXx::Role::initiator, testing::identity_of(1), testing::channel_key_of(3),
                  testing::channel_key_of(4), std::nullopt, {"/yamux/1.0.0"}}) {
        auto const remote = address_of(address);
        socket_ = swarm_.on_socket_accepted(listener, remote, remote, now_).value();
        give(select_.take_output());
        give(noise_.take_output());
        Bytes const answer = take();
        auto const taken = select_.on_bytes(answer).value();
        EXPECT_TRUE(noise_.on_bytes(BytesView{answer}.subspan(taken)).has_value());
        give(noise_.take_output());
        (void)take();
    }
    /// A stream of the protocol, with one byte that makes its reader pause.
    void open(StreamId stream, std::string const& protocol) {
        Bytes body;
        append_length_prefixed(body, as_bytes("/multistream/1.0.0\n"));
        append_length_prefixed(body, as_bytes(protocol + "\n"));
        body.push_back('x');
        negotiation_bytes_ = body.size();
        data(stream, body, k_yamux_syn);
    }
    void data(StreamId stream, BytesView body, std::uint16_t flags = 0) {
        Bytes plain;
        YamuxHeader{YamuxType::data, flags, stream, static_cast<std::uint32_t>(body.size())}.append_to(plain);
        plain.insert(plain.end(), body.begin(), body.end());
        EXPECT_TRUE(noise_.write(plain).has_value());
        give(noise_.take_output());
        (void)take();
    }
    /// What the first window of a stream still admits.
    [[nodiscard]] std::size_t window_left() const { return k_yamux_window_bytes_min - negotiation_bytes_; }
    static PeerId id() { return peer_id_of(testing::identity_of(1).public_key()); }

private:
    void give(Bytes const& bytes) { swarm_.on_socket_bytes(socket_, bytes, now_); }
    Bytes take() {
        Bytes out;
        while (auto command = swarm_.poll_command()) {
            auto* const write = std::get_if<WriteSocket>(&*command);
            if (write == nullptr) continue;
            out.insert(out.end(), write->bytes.begin(), write->bytes.end());
            swarm_.on_socket_written(write->socket, now_);
        }
        return out;
    }

    Swarm& swarm_;
    TimePoint& now_;
    SocketKey socket_ = 0;
    Multistream select_;
    NoiseChannel noise_;
    std::size_t negotiation_bytes_ = 0;
};

class SwarmMemoryTest : public ::testing::Test {
protected:
    SwarmMemoryTest() {
        reader_.pauses = true;
        reader_.keeps_text = false;
        swarm_.add_protocol(reader_, now_);
        listener_ = swarm_.listen(address_of("/ip4/192.0.2.1/tcp/1"), now_);
        swarm_.on_listening(listener_, address_of("/ip4/192.0.2.1/tcp/1"), now_);
        while (swarm_.poll_command()) {}
    }
    RawPeer connect(int port = 1) {
        return RawPeer{swarm_, listener_, "/ip4/100.0.0.1/tcp/" + std::to_string(port), now_};
    }
    /// Fills streams one after the other, the last one with what is left of `bytes`; the id after the last one.
    static StreamId fill(RawPeer& peer, std::uint64_t bytes, StreamId first = 1) {
        StreamId stream = first;
        for (std::uint64_t left = bytes; left > 0; stream += 2) {
            peer.open(stream, "/slow/1");
            auto const size = std::min<std::uint64_t>(left, peer.window_left());
            peer.data(stream, Bytes(static_cast<std::size_t>(size), 'x'));
            left -= size;
        }
        return stream;
    }
    [[nodiscard]] std::uint64_t held() const { return swarm_.usage().window_bytes; }
    [[nodiscard]] std::size_t resets() const { return reader_.count("reset"); }

    ggen::testing::SeededRandom random_{1};
    TimePoint now_{seconds{1000}};
    Ledger ledger_;
    LedgerGate gate_{ledger_};
    ScriptProtocol reader_{{"/slow/1"}};
    Swarm swarm_{SwarmOptions{testing::node_key(1)}, random_, &gate_};
    ListenerKey listener_ = 0;
};

TEST_F(SwarmMemoryTest, AStrangerMakesUsHoldSixteenMebibytesAndNotOneByteMore) {
    auto peer = connect();
    auto const last = fill(peer, k_peer_window_bytes_min) - 2;
    EXPECT_EQ(held(), k_peer_window_bytes_min);
    EXPECT_EQ(resets(), 0U);
    peer.data(last, as_bytes("y"));
    EXPECT_EQ(resets(), 1U);
    EXPECT_LT(held(), k_peer_window_bytes_min);
    EXPECT_TRUE(swarm_.is_connected(RawPeer::id()));
}

TEST_F(SwarmMemoryTest, TwoHundredAndFiftySixFullStreamsStayInsideTheBound) {
    auto peer = connect();
    auto const before = allocated_bytes();
    for (StreamId stream = 1; stream < 512; stream += 2) {
        peer.open(stream, "/slow/1");
        peer.data(stream, Bytes(peer.window_left(), 'x'));
        ASSERT_LE(held(), k_peer_window_bytes_min);
    }
    EXPECT_GT(resets(), 0U);
    EXPECT_LT(allocated_bytes() - before, k_peer_window_bytes_min + k_mib);
}

TEST_F(SwarmMemoryTest, BytesOneByOneCostNotMuchMoreThanTheirNumber) {
    constexpr std::size_t k_streams = 32;
    constexpr std::size_t k_rounds = 1024;
    auto peer = connect();
    for (std::size_t i = 0; i < k_streams; ++i) peer.open(static_cast<StreamId>(2 * i + 1), "/slow/1");
    auto const before = allocated_bytes();
    for (std::size_t round = 0; round < k_rounds; ++round) {
        for (std::size_t i = 0; i < k_streams; ++i) peer.data(static_cast<StreamId>(2 * i + 1), as_bytes("x"));
    }
    EXPECT_EQ(held(), k_streams * k_rounds);
    EXPECT_LT(allocated_bytes() - before, 4 * k_streams * k_rounds);
}

TEST_F(SwarmMemoryTest, TwoConnectionsOfAPeerShareItsBound) {
    auto first = connect(1);
    auto second = connect(2);
    ASSERT_EQ(swarm_.usage().connections, 2U);
    (void)fill(first, k_peer_window_bytes_min / 2);
    auto const last = fill(second, k_peer_window_bytes_min / 2) - 2;
    EXPECT_EQ(held(), k_peer_window_bytes_min);
    EXPECT_EQ(resets(), 0U);
    second.data(last, as_bytes("y"));
    EXPECT_EQ(resets(), 1U);
}

TEST_F(SwarmMemoryTest, WhoeverServedMoreMayMakeUsHoldAsMuchAsItServed) {
    ledger_.on_useful_bytes(RawPeer::id(), 24 * k_mib, seconds{1}, now_);
    auto peer = connect();
    auto const last = fill(peer, 24 * k_mib) - 2;
    EXPECT_EQ(held(), 24 * k_mib);
    EXPECT_EQ(resets(), 0U);
    peer.data(last, as_bytes("y"));
    EXPECT_EQ(resets(), 1U);
}

TEST_F(SwarmMemoryTest, NobodyMayMakeUsHoldMoreThanSixtyFourMebibytes) {
    ledger_.on_useful_bytes(RawPeer::id(), k_gib, seconds{1}, now_);
    auto peer = connect();
    auto const last = fill(peer, k_peer_window_bytes_max) - 2;
    EXPECT_EQ(held(), k_peer_window_bytes_max);
    EXPECT_EQ(resets(), 0U);
    peer.data(last, as_bytes("y"));
    EXPECT_EQ(resets(), 1U);
}

TEST_F(SwarmMemoryTest, WhatALiarServedCountsForNothing) {
    ledger_.on_useful_bytes(RawPeer::id(), k_gib, seconds{1}, now_);
    EXPECT_EQ(gate_.receive_bytes_max(RawPeer::id(), now_), k_gib);
    ledger_.on_lie(RawPeer::id(), now_);
    EXPECT_EQ(gate_.receive_bytes_max(RawPeer::id(), now_), 0U);
}

}  // namespace
}  // namespace ggen::p2p
