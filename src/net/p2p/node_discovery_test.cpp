#include <gtest/gtest.h>

#include "base/testing/temp_dir.hpp"
#include "net/p2p/node.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;

constexpr auto k_any_port = "/ip4/127.0.0.1/tcp/0";

using Nodes = std::vector<std::unique_ptr<Node>>;

/// All nodes on this thread, in turn, until `is_done`.
template <class Predicate>
bool run(Nodes const& nodes, Predicate is_done) {
    for (int turn = 0; turn < 3000 && !is_done(); ++turn) {
        for (auto const& node : nodes) node->run_for(milliseconds{3});
    }
    return is_done();
}

/// Neighbours on loopback, on a port of the test's own.
NodeOptions neighbour(std::uint16_t port) {
    NodeOptions options{.listen = {k_any_port}};
    options.finds_neighbours = true;
    options.multicast = {.interfaces = {"127.0.0.1"}, .port = port};
    return options;
}

std::string full_address(Node& node) {
    return node.swarm().listen_addresses().at(0).text() + "/p2p/" + node.swarm().self().text();
}

TEST(NodeDiscoveryTest, TwoNodesOfALocalNetworkFindEachOtherWithoutConfiguration) {
    Nodes nodes;
    nodes.push_back(Node::create(neighbour(45355)).value());
    nodes.push_back(Node::create(neighbour(45355)).value());
    EXPECT_TRUE(run(nodes, [&] { return nodes[0]->swarm().is_connected(nodes[1]->swarm().self()); }));
}

TEST(NodeDiscoveryTest, NeighboursTalkInATopic) {
    Nodes nodes;
    for (int i = 0; i < 3; ++i) {
        auto options = neighbour(45356);
        options.has_topics = true;
        nodes.push_back(Node::create(options).value());
    }
    std::vector<std::pair<std::size_t, std::string>> heard;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        ASSERT_TRUE(nodes[i]->join("chat", [&heard, i, &nodes](PeerId const& author, BytesView data) {
            EXPECT_EQ(author, nodes[0]->swarm().self());
            heard.emplace_back(i, as_text(data));
        }));
    }
    ASSERT_TRUE(run(nodes, [&] { return nodes[0]->gossip()->subscribers("chat").size() == 2; }));
    ASSERT_TRUE(nodes[0]->publish("chat", "hello"));
    ASSERT_TRUE(nodes[0]->publish("chat", "hello"));  // said twice is heard twice
    EXPECT_TRUE(run(nodes, [&] { return heard.size() == 4; }));
    EXPECT_EQ(Node::create().value()->publish("chat", "x").error().code, Errc::refused);
}

TEST(NodeDiscoveryTest, ComesInByItsBootstrapListAndComesBack) {
    Nodes nodes;
    nodes.push_back(Node::create({.listen = {k_any_port}}).value());
    ASSERT_TRUE(run(nodes, [&] { return !nodes[0]->swarm().listen_addresses().empty(); }));
    auto const address = full_address(*nodes[0]);
    nodes.push_back(Node::create({.bootstrap = {address}}).value());
    auto const is_in = [&] { return nodes[1]->swarm().is_connected(nodes[0]->swarm().self()); };
    EXPECT_TRUE(run(nodes, is_in));
    EXPECT_EQ(Node::create({.bootstrap = {"/ip4/127.0.0.1/tcp/1"}}).error().code, Errc::invalid);
}

TEST(NodeDiscoveryTest, RemembersPeersAndReputationAcrossRuns) {
    ggen::testing::TempDir folder;
    Nodes nodes;
    nodes.push_back(Node::create({.listen = {k_any_port}}).value());
    ASSERT_TRUE(run(nodes, [&] { return !nodes[0]->swarm().listen_addresses().empty(); }));
    auto const address = full_address(*nodes[0]);
    auto const peer = nodes[0]->swarm().self();
    nodes.push_back(Node::create({.bootstrap = {address}, .state_folder = folder / "state"}).value());
    ASSERT_TRUE(run(nodes, [&] { return nodes[1]->swarm().is_connected(peer); }));
    nodes[1]->ledger().on_useful_bytes(peer, 5 * k_mib, std::chrono::seconds{1}, std::chrono::steady_clock::now());
    nodes[1]->shut_down();
    EXPECT_TRUE(nodes[1]->warnings().empty());

    nodes[1] = Node::create({.state_folder = folder / "state"}).value();
    EXPECT_TRUE(nodes[1]->warnings().empty());
    EXPECT_GT(nodes[1]->ledger().standing(peer, std::chrono::steady_clock::now()).score, 4);
    EXPECT_TRUE(run(nodes, [&] { return nodes[1]->swarm().is_connected(peer); }));
}

TEST(NodeDiscoveryTest, StartsAfreshFromFilesThatCannotBeRead) {
    ggen::testing::TempDir folder;
    for (auto const* const name : {"peers", "reputation"}) {
        ASSERT_TRUE(folder.files().write_file_atomic(folder / name, as_bytes("rubbish"), Sync::none));
    }
    auto const node = Node::create({.listen = {k_any_port}, .state_folder = folder.path()}).value();
    EXPECT_EQ(node->warnings().size(), 2U);
    EXPECT_TRUE(folder.files().info(folder / "peers.bad"));
    EXPECT_TRUE(folder.files().info(folder / "reputation.bad"));
}

TEST(NodeDiscoveryTest, RefusesAPeerThatMisbehaved) {
    Nodes nodes;
    nodes.push_back(Node::create({.listen = {k_any_port}}).value());
    ASSERT_TRUE(run(nodes, [&] { return !nodes[0]->swarm().listen_addresses().empty(); }));
    nodes.push_back(Node::create({.bootstrap = {full_address(*nodes[0])}}).value());
    nodes[0]->ledger().on_lie(nodes[1]->swarm().self(), std::chrono::steady_clock::now());
    bool was_connected = false;
    for (int turn = 0; turn < 100; ++turn) {
        for (auto const& node : nodes) node->run_for(milliseconds{3});
        was_connected = was_connected || nodes[0]->swarm().is_connected(nodes[1]->swarm().self());
    }
    EXPECT_FALSE(was_connected);
}

}  // namespace
}  // namespace ggen::p2p
