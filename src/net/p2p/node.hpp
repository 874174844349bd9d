#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "crypto/ed25519.hpp"
#include "net/p2p/multicast.hpp"
#include "p2p/gossip/gossip.hpp"
#include "p2p/kad/kad.hpp"
#include "p2p/reputation/ledger.hpp"
#include "p2p/swarm/host.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p {

struct NodeOptions {
    std::optional<Ed25519PrivateKey> identity = std::nullopt;  ///< nullopt = a fresh one
    std::vector<std::string> listen = {};                      ///< such as /ip4/0.0.0.0/tcp/4001
    std::string agent = "ggen";
    /// Finds peers of the local network, and is found by them, without configuration (mDNS).
    bool finds_neighbours = false;
    MulticastOptions multicast = {};
    /// Peers to come in by, each ending in /p2p/PEER; dialed again when few peers are left.
    std::vector<std::string> bootstrap = {};
    /// Where peers and their reputation are kept across runs; empty = nowhere.
    std::string state_folder = {};
    std::size_t connections_max = k_connections_max;
    bool has_topics = false;               ///< publish and subscribe
    bool has_kad = false;                  ///< Kademlia
    bool is_kad_server = true;             ///< answers others; else only asks
    std::vector<std::string> meets_at = {};  ///< rendezvous names; need `has_kad`
};

/// A message of a topic. `author` is the peer whose signature it carries.
using TopicHandler = std::function<void(PeerId const& author, BytesView data)>;

/// A peer of the network in one object: sockets, swarm, identify and ping, discovery, reputation, topics, and the
/// streams of an application. This header is all that an application needs. One thread: the one that runs it, which
/// calls all handlers.
class Node {
public:
    /// Errors: invalid (an address, a name, `meets_at` without kad), too_large (bootstrap peers, names), io (no
    /// descriptors left, no multicast socket), unavailable (no interface for mDNS).
    [[nodiscard]] static Result<std::unique_ptr<Node>> create(NodeOptions const& options = {});
    ~Node();
    Node(Node const&) = delete;
    Node& operator=(Node const&) = delete;

    /// Adds a protocol core of the application's own before the node runs; it must outlive the node.
    void add(Protocol& protocol);
    /// Called once for each address where the node listens, with its /p2p part.
    void on_listening(std::function<void(Multiaddr const&)> handler);
    /// A stream to the peer that `address` names at its end. Errors: invalid (no such address).
    [[nodiscard]] Result<Stream> open(std::string_view address, std::string protocol);

    /// Takes part in a topic whose messages their authors sign; each message comes once, never the node's own.
    /// Errors: refused (the node was made without topics), and those of `Gossip::join`.
    [[nodiscard]] Result<void> join(std::string const& topic, TopicHandler handler);
    /// Errors: refused (as above), and those of `Gossip::publish`: unavailable when nobody is there yet.
    [[nodiscard]] Result<void> publish(std::string_view topic, BytesView data);
    [[nodiscard]] Result<void> publish(std::string_view topic, std::string_view text) {
        return publish(topic, as_bytes(text));
    }
    /// Events of kad that are not of a rendezvous.
    void on_kad_event(std::function<void(KadEvent const&)> handler);

    /// Events of topics that were joined at `gossip()` itself, and who comes and goes in any topic.
    void on_gossip_event(std::function<void(GossipEvent const&)> handler);
    /// Called in every turn: where added protocols are asked for their events. Whether it called any of them.
    void on_turn(std::function<bool(TimePoint)> handler);

    /// Runs until `stop`. Blocks.
    void run();
    /// The same, at most so long.
    void run_for(std::chrono::nanoseconds duration);
    /// Carries out `work` on the node's thread in its next turn. From any thread.
    void post(std::function<void()> work);
    /// From any thread, and from handlers. Before `run`: that ends at once.
    void stop();
    /// Stops when `descriptor`, which outlives the node, can be read: a signal handler may write, and little else.
    /// Once, before it runs. Errors: io.
    [[nodiscard]] Result<void> stop_when_readable(int descriptor);
    /// Says farewell to all peers, waits a moment for it to leave, and writes the state. Not from a handler.
    void shut_down();

    [[nodiscard]] Host& host();
    [[nodiscard]] Swarm& swarm();
    [[nodiscard]] Ledger& ledger();
    /// nullptr when the node was made without.
    [[nodiscard]] Gossip* gossip();
    [[nodiscard]] Kad* kad();
    /// What went wrong and was got over: a state file that could not be read or written.
    [[nodiscard]] std::vector<Error> const& warnings() const;

private:
    struct Impl;
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
