#include "suites/live_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "suites/node_program.hpp"

namespace ggen::bench {

LiveNode::LiveNode(std::unique_ptr<p2p::Node> node, Bell& bell)
    : bell_(bell), node_(std::move(node)), self_(node_->swarm().self()) {
    node_->on_listening([this](Multiaddr const& where) { bell_.ring([&] { address_ = where.text(); }); });
    node_->host().on_connected([this](p2p::PeerInfo const&) { bell_.ring([&] { ++connections_; }); });
    node_->host().on_disconnected([this](PeerId const&) { bell_.ring([&] { --connections_; }); });
}

Result<std::unique_ptr<LiveNode>> LiveNode::create(p2p::NodeOptions options, Bell& bell) {
    options.listen = {k_loopback};
    ASSIGN_OR_RETURN(auto node, p2p::Node::create(options));
    return std::unique_ptr<LiveNode>{new LiveNode{std::move(node), bell}};
}

LiveNode::~LiveNode() {
    if (!thread_.joinable()) return;
    node_->stop();
    thread_.join();
}

void LiveNode::start() {
    thread_ = std::thread{[this] { node_->run(); }};
}

Result<std::string> LiveNode::address() {
    if (!bell_.wait(k_network_limit, [&] { return !address_.empty(); }))
        return Error{Errc::timed_out, "a node does not listen"};
    return bell_.read([&] { return address_; });
}

Result<std::unique_ptr<LiveNetwork>> LiveNetwork::create(p2p::NodeOptions options) {
    std::unique_ptr<LiveNetwork> out{new LiveNetwork{std::move(options)}};
    return out;
}

Result<void> LiveNetwork::grow(std::size_t count,
                               std::function<Result<void>(std::size_t, LiveNode&)> const& equip) {
    while (nodes_.size() < count) {
        auto options = options_;
        if (!nodes_.empty()) {
            ASSIGN_OR_RETURN(auto const first, nodes_.front()->address());
            options.bootstrap = {first};
        }
        ASSIGN_OR_RETURN(auto node, LiveNode::create(std::move(options), bell_));
        if (equip) RETURN_IF_ERROR(equip(nodes_.size(), *node));
        node->start();
        nodes_.push_back(std::move(node));
    }
    return ok();
}

std::size_t LiveNetwork::poorest() const {
    auto const least = std::min_element(nodes_.begin(), nodes_.end(), [](auto const& a, auto const& b) {
        return a->connections() < b->connections();
    });
    return (*least)->connections();
}

Result<void> LiveNetwork::wait_for_connections(std::size_t each) {
    if (bell_.wait(k_network_limit, [&] { return poorest() >= each; })) return ok();
    return Error{Errc::timed_out, fmt::format("a node has {} connections instead of {}", poorest(), each)};
}

namespace {

/// "<resident bytes> <anonymous bytes>" of this process, by the kernel.
Result<std::string> memory_line() {
    ASSIGN_OR_RETURN(auto const memory, memory_of_process("self"));
    return fmt::format("{} {}", memory.resident_bytes, memory.own_bytes);
}

}  // namespace

Result<void> run_nodes_child(std::size_t count, std::string const& connect) {
    p2p::NodeOptions options;
    options.has_kad = true;
    options.has_topics = true;
    if (!connect.empty()) options.bootstrap = {connect};
    Bell bell;
    std::vector<std::unique_ptr<LiveNode>> nodes;
    for (std::size_t i = 0; i < count; ++i) {
        ASSIGN_OR_RETURN(auto node, LiveNode::create(options, bell));
        RETURN_IF_ERROR(node->node().join("packages", [](PeerId const&, BytesView) {}));
        node->start();
        nodes.push_back(std::move(node));
    }
    ASSIGN_OR_RETURN(auto const address, nodes.front()->address());
    std::printf("%s\n", address.c_str());
    std::fflush(stdout);
    std::array<char, 64> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), stdin) != nullptr) {
        std::string const line{buffer.data()};
        std::string answer;
        if (line.starts_with("wait ")) {
            std::size_t wanted = 0;
            std::from_chars(line.data() + 5, line.data() + line.size(), wanted);
            bool const is_there = bell.wait(k_network_limit, [&] {
                return std::all_of(nodes.begin(), nodes.end(), [&](auto const& node) {
                    return wanted == 0 ? node->connections() == 0 : node->connections() >= wanted;
                });
            });
            answer = is_there ? "ok" : fmt::format("{} connections", nodes.front()->connections());
        } else {
            ASSIGN_OR_RETURN(answer, memory_line());
        }
        std::printf("%s\n", answer.c_str());
        std::fflush(stdout);
    }
    return ok();
}

}  // namespace ggen::bench
