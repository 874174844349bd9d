#include "net/p2p/node.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;

/// Both nodes on this thread, in turn, until `is_done`.
template <class Predicate>
bool run(Node& a, Node& b, Predicate is_done) {
    for (int turn = 0; turn < 2000 && !is_done(); ++turn) {
        a.run_for(milliseconds{5});
        b.run_for(milliseconds{5});
    }
    return is_done();
}

TEST(NodeTest, EchoesOverRealSockets) {
    auto server = Node::create({.listen = {"/ip4/127.0.0.1/tcp/0"}}).value();
    auto client = Node::create().value();
    std::optional<Multiaddr> address;
    server->on_listening([&](Multiaddr const& where) { address = where; });
    server->host().handle("/echo/1.0.0", [](Stream stream) {
        stream.on_bytes([stream](BytesView bytes) mutable { stream.write(bytes); });
        stream.on_finished([stream]() mutable { stream.finish(); });
    });
    ASSERT_TRUE(run(*server, *client, [&] { return address.has_value(); }));
    EXPECT_EQ(address->peer_id(), server->swarm().self());

    std::string answer;
    bool is_closed = false;
    auto stream = client->open(address->text(), "/echo/1.0.0").value();
    stream.on_bytes([&](BytesView bytes) { answer += as_text(bytes); });
    stream.on_closed([&](std::optional<Error> const& why) { is_closed = !why.has_value(); });
    stream.write(std::string(700'000, 'x'));
    stream.finish();
    EXPECT_TRUE(run(*server, *client, [&] { return is_closed; }));
    EXPECT_EQ(answer.size(), 700'000U);

    client->shut_down();
    EXPECT_TRUE(run(*server, *client, [&] { return server->swarm().usage().connections == 0; }));
}

TEST(NodeTest, StopsFromAHandler) {
    auto node = Node::create({.listen = {"/ip4/127.0.0.1/tcp/0"}}).value();
    auto* const raw = node.get();
    node->on_listening([raw](Multiaddr const&) { raw->stop(); });
    node->run();
    EXPECT_EQ(node->swarm().listen_addresses().size(), 1U);
}

TEST(NodeTest, RefusesWhatIsNoAddress) {
    EXPECT_EQ(Node::create({.listen = {"nowhere"}}).error().code, Errc::invalid);
    auto const node = Node::create().value();
    EXPECT_EQ(node->open("/ip4/127.0.0.1/tcp/1", "/echo/1.0.0").error().code, Errc::invalid);
}

}  // namespace
}  // namespace ggen::p2p
