#include "p2p/swarm/host.hpp"

#include <gtest/gtest.h>

#include "p2p/swarm/testing/virtual_net.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::VirtualNet;

class HostTest : public ::testing::Test {
protected:
    HostTest() {
        a_.swarm->add_protocol(client_, net_.now);
        b_.swarm->add_protocol(server_, net_.now);
        net_.listen(b_);
        server_.handle("/echo/1", [](Stream stream) {
            stream.on_bytes([stream](BytesView bytes) mutable { stream.write(bytes); });
            stream.on_finished([stream]() mutable { stream.finish(); });
        });
        net_.settle(b_);
    }
    Stream open(std::string protocol = "/echo/1") {
        auto stream = client_.open(b_.id, {std::move(protocol)}, {b_.address});
        stream.on_bytes([this](BytesView bytes) { answer_ += as_text(bytes); });
        stream.on_closed([this](std::optional<Error> const& why) {
            closed_.emplace_back(why ? errc_name(why->code) : "done");
        });
        return stream;
    }
    void run(seconds duration = seconds{2}) {
        net_.settle(a_);
        net_.settle(b_);
        net_.run_for(duration);
    }

    Host client_;
    Host server_;
    VirtualNet net_;
    VirtualNet::Node& a_ = net_.add("/ip4/192.0.2.1/tcp/4001");
    VirtualNet::Node& b_ = net_.add("/ip4/198.51.100.2/tcp/4001");
    std::string answer_;
    std::vector<std::string> closed_;
};

TEST_F(HostTest, EchoesAndCloses) {
    auto stream = open();
    stream.write("hello");
    stream.finish();
    EXPECT_FALSE(stream.write("too late"));
    run();
    EXPECT_EQ(answer_, "hello");
    EXPECT_EQ(closed_, std::vector<std::string>{"done"});
    EXPECT_TRUE(stream.is_closed());
    EXPECT_EQ(stream.protocol(), "/echo/1");
    EXPECT_EQ(stream.peer(), b_.id);
}

TEST_F(HostTest, EchoesMoreThanAllQueuesHold) {
    auto stream = open();
    std::string sent;
    for (int i = 0; i < 60; ++i) {
        std::string const part(200'000, static_cast<char>('a' + i % 26));
        if (stream.write(part)) sent += part;
        run(seconds{1});
    }
    stream.finish();
    run(seconds{20});
    EXPECT_GT(sent.size(), 4 * k_mib);
    EXPECT_TRUE(answer_ == sent);
    EXPECT_EQ(closed_, std::vector<std::string>{"done"});
}

TEST_F(HostTest, TakesAMebibyteAndNotAByteMore) {
    auto stream = open();
    EXPECT_TRUE(stream.write(std::string(k_app_stream_queue_bytes_max, 'x')));
    EXPECT_FALSE(stream.write("y"));
    bool is_drained = false;
    stream.on_drained([&] { is_drained = true; });
    run(seconds{20});
    EXPECT_TRUE(is_drained);
    EXPECT_EQ(answer_.size(), k_app_stream_queue_bytes_max);
}

TEST_F(HostTest, TellsWhyAStreamWasNotOpened) {
    auto const none = open("/none/1");
    run();
    server_.stop_handling("/echo/1");
    run();
    auto const stopped = open();
    run();
    auto const nobody = client_.open(peer_id_of(testing::node_key(9).public_key()), {"/echo/1"});
    run();
    EXPECT_EQ(closed_, (std::vector<std::string>{"refused", "refused"}));
    EXPECT_TRUE(none.is_closed() && stopped.is_closed() && nobody.is_closed());
}

TEST_F(HostTest, TellsWhenThePeerResetsAStream) {
    server_.handle("/rude/1", [](Stream stream) {
        stream.on_bytes([stream](BytesView) mutable { stream.reset(); });
    });
    run();
    auto stream = open("/rude/1");
    run();
    stream.write("hello");
    run();
    EXPECT_EQ(closed_, std::vector<std::string>{"cancelled"});
    EXPECT_FALSE(stream.write("more"));
}

TEST_F(HostTest, LetsAHandlerEndItsOwnStream) {
    auto stream = open();
    stream.on_bytes([stream, this](BytesView bytes) mutable {
        answer_ += as_text(bytes);
        stream.reset();
        answer_ += "!";
    });
    stream.write("hello");
    run();
    EXPECT_EQ(answer_, "hello!");
    EXPECT_TRUE(closed_.empty());
    EXPECT_EQ(a_.swarm->usage().streams + b_.swarm->usage().streams, 0U);
}

TEST_F(HostTest, LeavesHandlesHarmlessWhenItGoes) {
    auto host = std::make_unique<Host>();
    auto stream = host->open(b_.id, {"/echo/1"});
    host.reset();
    EXPECT_TRUE(stream.is_closed());
    EXPECT_FALSE(stream.write("x"));
    stream.finish();
    stream.reset();
}

TEST_F(HostTest, WakesItsDriverAndTellsOfPeers) {
    int wakes = 0;
    int peers = 0;
    client_.set_waker([&] { ++wakes; });
    client_.on_connected([&](PeerInfo const& info) { peers += info.peer == b_.id ? 1 : 0; });
    client_.on_disconnected([&](PeerId const&) { peers += 10; });
    auto stream = open();
    EXPECT_EQ(wakes, 1);
    run();
    EXPECT_EQ(peers, 1);
    a_.swarm->disconnect(b_.id, net_.now);
    EXPECT_EQ(peers, 11);
    EXPECT_TRUE(stream.is_closed());
}

}  // namespace
}  // namespace ggen::p2p
