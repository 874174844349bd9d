#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <vector>

#include "p2p/kad/kad.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p::testing {

/// Protocol cores on virtual time over ideal streams: one thread, one event heap, no sockets. A dial costs two round
/// trips, an answer one more; a dead node leaves dials unanswered until they time out. Equal inputs, equal runs.
class Network {
public:
    using NodeIndex = std::uint32_t;
    using Latency = std::function<std::chrono::nanoseconds(NodeIndex, NodeIndex)>;  ///< one way

    static constexpr std::chrono::seconds k_dial_timeout{10};

    explicit Network(Latency latency) : latency_(std::move(latency)) {}

    /// A node that runs `protocol`. Others can dial it at `address`.
    NodeIndex add(PeerId id, Multiaddr address, std::unique_ptr<Protocol> protocol);
    /// Silent from now on: its connections end on the other side, its timers stop.
    void kill(NodeIndex node);
    /// Calls `act(protocol, now)` at once and carries what comes out.
    void with(NodeIndex node, std::function<void(Protocol&, TimePoint)> const& act);
    void run_until(TimePoint end);
    void run_for(std::chrono::nanoseconds duration) { run_until(now_ + duration); }
    /// Runs until `is_reached` holds after an event, or `limit` passes. Says whether it held.
    bool run_while_not(std::function<bool()> const& is_reached, std::chrono::nanoseconds limit);
    void disconnect(NodeIndex a, NodeIndex b);

    /// Most connections of a node; past it the one that nobody uses and that is worth least is closed.
    void set_connections_max(std::size_t count) { connections_max_ = count; }

    [[nodiscard]] TimePoint now() const { return now_; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] bool is_alive(NodeIndex node) const { return nodes_[node].is_alive; }
    [[nodiscard]] PeerId const& id(NodeIndex node) const { return nodes_[node].id; }
    [[nodiscard]] Multiaddr const& address(NodeIndex node) const { return nodes_[node].address; }
    [[nodiscard]] Protocol& protocol(NodeIndex node) { return *nodes_[node].protocol; }
    [[nodiscard]] std::optional<NodeIndex> find(PeerId const& id) const;
    [[nodiscard]] std::size_t connection_count(NodeIndex node) const { return nodes_[node].links.size(); }
    [[nodiscard]] std::uint64_t event_count() const { return event_count_; }
    [[nodiscard]] std::uint64_t dial_count() const { return dial_count_; }
    /// A rolling hash over what happened: equal for equal runs.
    [[nodiscard]] std::uint64_t digest() const { return digest_; }
    /// Conduct that nodes reported of others.
    [[nodiscard]] std::map<PeerId, std::map<Conduct, std::size_t>> const& reports() const { return reports_; }

private:
    struct Stream {
        NodeIndex peer = 0;
        StreamKey peer_key = 0;
        bool is_open = false;
        bool is_finished = false;                // by us
        bool is_paused = false;                  // delivery to us
        std::vector<std::function<void()>> held;  // what arrived while paused
    };
    struct Link {
        bool is_up = false;
        std::uint32_t value = 0;
        TimePoint used_at;
        std::size_t streams = 0;
        std::vector<std::function<void()>> waiting;  // for the dial
    };
    struct Node {
        PeerId id;
        Multiaddr address;
        std::unique_ptr<Protocol> protocol;
        bool is_alive = true;
        std::map<NodeIndex, Link> links;
        std::map<StreamKey, Stream> streams;
        StreamKey next_inbound = 2;
        std::uint64_t timer = 0;  // generation
        std::optional<TimePoint> timer_at;
    };
    struct Event {
        TimePoint at;
        std::uint64_t sequence;
        std::function<void()> act;
        bool operator<(Event const& other) const {
            return at != other.at ? at > other.at : sequence > other.sequence;
        }
    };

    void schedule(TimePoint at, std::function<void()> act);
    void carry(NodeIndex node);
    void take(NodeIndex node, ProtocolOutput output);
    void dial(NodeIndex from, NodeIndex to);
    void connected(NodeIndex dialer, NodeIndex listener);
    void introduce(NodeIndex node, NodeIndex peer);
    void open(NodeIndex from, OpenStream const& output);
    void deliver(NodeIndex to, StreamKey key, std::function<void(Protocol&, Stream&)> const& act);
    void drop_stream(NodeIndex node, StreamKey key);
    void trim(NodeIndex node);

    Latency latency_;
    std::vector<Node> nodes_;
    std::map<PeerId, NodeIndex> by_id_;
    std::priority_queue<Event> events_;
    TimePoint now_{};
    std::uint64_t sequence_ = 0;
    std::uint64_t event_count_ = 0;
    std::uint64_t dial_count_ = 0;
    std::uint64_t digest_ = 0;
    std::size_t connections_max_ = SIZE_MAX;
    std::map<PeerId, std::map<Conduct, std::size_t>> reports_;
};

}  // namespace ggen::p2p::testing
