#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/swarm/host.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p {

struct NodeOptions {
    std::optional<Ed25519PrivateKey> identity = std::nullopt;  ///< nullopt = a fresh one
    std::vector<std::string> listen = {};                      ///< such as /ip4/0.0.0.0/tcp/4001
    std::string agent = "ggen";
};

/// A peer of the network in one object: sockets, swarm, identify and ping, and the streams of an application. This
/// header is all that an application needs. One thread: the one that runs it, which calls all handlers.
class Node {
public:
    /// Errors: invalid (an address), io (no descriptors left).
    [[nodiscard]] static Result<std::unique_ptr<Node>> create(NodeOptions const& options = {});
    ~Node();
    Node(Node const&) = delete;
    Node& operator=(Node const&) = delete;

    /// Adds a protocol core (kad, gossip …) before the node runs; it must outlive the node.
    void add(Protocol& protocol);
    /// Called once for each address where the node listens, with its /p2p part.
    void on_listening(std::function<void(Multiaddr const&)> handler);
    /// A stream to the peer that `address` names at its end. Errors: invalid (no such address).
    [[nodiscard]] Result<Stream> open(std::string_view address, std::string protocol);
    /// Runs until `stop`. Blocks.
    void run();
    /// The same, at most so long.
    void run_for(std::chrono::nanoseconds duration);
    /// From any thread, and from handlers.
    void stop();
    /// Says farewell to all peers and waits a moment for it to leave. Not from a handler.
    void shut_down();

    [[nodiscard]] Host& host();
    [[nodiscard]] Swarm& swarm();

private:
    struct Impl;
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
