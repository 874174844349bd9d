#include <gtest/gtest.h>

#include "base/testing/allocated_bytes.hpp"
#include "p2p/swarm/swarm.hpp"
#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::allocated_bytes;
using testing::address_of;
using testing::ScriptProtocol;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Peers that come, ask, and leave in one of several ways, in front of one swarm. The other end of each socket is a
/// bare connection, so that 10,000 of them take seconds.
class SwarmChurnTest : public ::testing::Test {
protected:
    SwarmChurnTest() {
        swarm_->add_protocol(*echo_, now_);
        listener_ = swarm_->listen(address_of("/ip4/192.0.2.1/tcp/1"), now_);
        swarm_->on_listening(listener_, address_of("/ip4/192.0.2.1/tcp/1"), now_);
        take_commands();
    }
    void take_commands() {
        while (auto command = swarm_->poll_command()) {
            auto* const write = std::get_if<WriteSocket>(&*command);
            if (write == nullptr) continue;
            written_ = write->socket;
            sent_.insert(sent_.end(), write->bytes.begin(), write->bytes.end());
        }
        // The write is done at once, which may bring the next.
        while (written_ != 0) {
            swarm_->on_socket_written(std::exchange(written_, 0), now_);
            take_commands();
        }
    }
    void exchange(Connection& peer, SocketKey socket) {
        for (int turn = 0; turn < 20; ++turn) {
            while (auto event = peer.poll_event()) {}
            Bytes const out = peer.take_output(SIZE_MAX);
            while (auto event = peer.poll_event()) {}
            if (out.empty() && sent_.empty()) return;
            if (!out.empty()) swarm_->on_socket_bytes(socket, out, now_);
            take_commands();
            if (!peer.on_bytes(std::exchange(sent_, {}), now_)) return;
        }
    }
    void come_and_go(std::size_t number) {
        now_ += milliseconds{10};
        auto const remote = address_of("/ip4/" + std::to_string(1 + number % 9) + "." +
                                       std::to_string(number / 256 % 256) + "." + std::to_string(number % 256) +
                                       ".1/tcp/1");
        auto const socket = swarm_->on_socket_accepted(listener_, remote, remote, now_);
        ASSERT_TRUE(socket.has_value()) << number;
        take_commands();
        auto config = testing::config_of(Yamux::Role::dialer, testing::names({"/c/1"}));
        config.identity = testing::node_key(100'000 + number);
        WindowBudget budget{k_host_window_bytes_max};
        Connection peer{std::move(config), budget, now_};
        if (number % 7 != 0) exchange(peer, *socket);
        if (number % 7 != 0 && number % 5 != 0) {
            auto const stream = peer.open_stream_lazily("/echo/1", now_).value();
            (void)peer.write(stream, Bytes(1000, 1));
            if (number % 3 == 0) peer.finish(stream);
            exchange(peer, *socket);
        }
        if (number % 2 == 0) echo_->say(LearnAddresses{testing::peer_of_node(100'000 + number), {remote}, false});
        if (number % 4 == 0) echo_->say(ValuePeer{testing::peer_of_node(100'000 + number), 3});
        swarm_->on_protocols_called(now_);
        if (number % 11 == 0) {
            swarm_->on_socket_bytes(*socket, Bytes(100, 0xff), now_);  // breaks the channel
        } else if (number % 13 == 0) {
            swarm_->disconnect(testing::peer_of_node(100'000 + number), now_);
        }
        swarm_->on_socket_closed(*socket, now_);
        take_commands();
        while (swarm_->next_deadline() && *swarm_->next_deadline() <= now_) swarm_->on_deadline(now_);
        take_commands();
        sent_.clear();
        echo_->log.clear();
        echo_->texts.clear();
        echo_->sent.clear();
    }

    ggen::testing::SeededRandom random_{1};
    TimePoint now_{seconds{1000}};
    std::unique_ptr<ScriptProtocol> echo_ = std::make_unique<ScriptProtocol>(std::vector<std::string>{"/echo/1"}, true);
    std::unique_ptr<Swarm> swarm_ = std::make_unique<Swarm>(SwarmOptions{testing::node_key(1)}, random_);
    ListenerKey listener_ = 0;
    SocketKey written_ = 0;
    Bytes sent_;
};

TEST_F(SwarmChurnTest, HoldsNothingOfTenThousandPeersThatCameAndWent) {
    // The address book fills to its limit first; from there on nothing grows.
    std::size_t const settled = 5000;
    for (std::size_t i = 0; i < settled; ++i) {
        swarm_->learn_addresses(testing::peer_of_node(500'000 + i), {address_of("/ip4/192.0.2.1/tcp/1")}, false);
    }
    for (std::size_t i = 0; i < 500; ++i) come_and_go(i);
    std::size_t const before = allocated_bytes();
    std::size_t echoed = echo_->received_bytes;

    for (std::size_t i = 500; i < 10'500; ++i) come_and_go(i);

    auto const usage = swarm_->usage();
    EXPECT_EQ(usage.peers + usage.connections + usage.handshakes + usage.dials + usage.streams, 0U);
    EXPECT_EQ(usage.window_bytes, 0U);
    EXPECT_GT(echo_->received_bytes - echoed, 5'000'000U);
    auto const grown = static_cast<std::ptrdiff_t>(allocated_bytes()) - static_cast<std::ptrdiff_t>(before);
    EXPECT_LT(grown, 64 * 1024);
}

}  // namespace
}  // namespace ggen::p2p
