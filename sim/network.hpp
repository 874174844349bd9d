#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "p2p/protocol/protocol.hpp"
#include "sim/event_queue.hpp"
#include "sim/flat_map.hpp"
#include "sim/latency.hpp"
#include "sim/link.hpp"
#include "sim/trace.hpp"

namespace ggen::sim {

/// Where a node listens: IPv4 and port.
struct Endpoint {
    std::uint32_t ip = 0;
    std::uint16_t port = 0;
    [[nodiscard]] std::uint64_t key() const { return (std::uint64_t{ip} << 16U | port) + 1; }
};

/// A connection, as one of its ends sees it: valid until the network has told that end that it is gone.
struct Wire {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::uint8_t side = 0;  ///< 0 = the dialer's
    friend bool operator==(Wire, Wire) = default;
};

/// What one end sends to the other, in order. A frame is an event of a stream, with its bytes.
struct Frame {
    std::uint8_t kind = 0;  ///< the program's own
    std::uint32_t number = 0;
    std::uint64_t stream = 0;
    p2p::Block block;  ///< may be empty
    std::uint32_t offset = 0;
    std::uint32_t size_bytes = 0;
    std::uint64_t hash = 0;  ///< of the payload, for the trace
};

enum class DialFailure : std::uint8_t { timed_out, refused, host_full };

/// What runs on a node while it is up: carries protocols (VirtualHost). Never destroyed from
/// within one of its own calls.
class NodeProgram {
public:
    virtual ~NodeProgram() = default;
    virtual void on_start() = 0;
    /// `dial` is what `Network::dial` returned.
    virtual void on_dialed(std::uint32_t dial, Wire wire) = 0;
    virtual void on_dial_failed(std::uint32_t dial, DialFailure failure) = 0;
    /// A peer dialed. False: closed at once.
    [[nodiscard]] virtual bool on_accepted(Wire wire, NodeId peer) = 0;
    virtual void on_frame(Wire wire, Frame const& frame) = 0;
    virtual void on_closed(Wire wire) = 0;
    /// The time of `Network::wake_at` has come.
    virtual void on_timer() = 0;
};

struct NodeSettings {
    Endpoint endpoint;
    LinkRate rate;
    Nanos extra_latency = 0;  ///< added to each way from and to the node
};

/// How a node stops: by itself (the peers are told), or without a word (power loss, or a network that is gone).
enum class StopKind : std::uint8_t { orderly, silent };

/// Nodes, connections between them, and time. Everything happens in `step`, one event after another in one thread.
/// What is blocked (faults.hpp) waits as in TCP: it comes after the block, or the connection dies.
class Network {
public:
    Network(std::uint64_t seed, LinkOptions options, std::unique_ptr<LatencyModel const> latency);
    ~Network();
    Network(Network const&) = delete;
    Network& operator=(Network const&) = delete;

    // The world.
    /// A node that is down until `start`. Endpoints are distinct; ports are not 0.
    NodeId add_node(NodeSettings const& settings);
    void start(NodeId node, std::unique_ptr<NodeProgram> program);
    /// Ends all programs, at the end of the world.
    void shut_down();
    /// The program is destroyed after the current event.
    void stop(NodeId node, StopKind kind);
    [[nodiscard]] bool is_up(NodeId node) const;
    [[nodiscard]] NodeProgram* program(NodeId node);
    [[nodiscard]] std::uint32_t node_count() const;
    [[nodiscard]] NodeId node_at(Endpoint endpoint) const;
    [[nodiscard]] Endpoint endpoint(NodeId node) const;
    void set_rate(NodeId node, LinkRate rate);
    [[nodiscard]] LinkRate rate(NodeId node) const;
    /// One way, without jitter.
    [[nodiscard]] Nanos latency(NodeId a, NodeId b) const;

    // Time.
    [[nodiscard]] Nanos now() const { return now_; }
    [[nodiscard]] Fidelity fidelity() const { return options_.fidelity; }
    /// Handles one event; false when there is none.
    bool step();
    void run_until(Nanos end);
    /// Runs `action` at `at`, outside of any node.
    void at(Nanos at, std::function<void()> action);
    /// Called after every event, for invariants; may call `stop_run`.
    void set_observer(std::function<void(Event const&)> observer) { observer_ = std::move(observer); }
    /// `step` and `run_until` do nothing more.
    void stop_run() { is_stopped_ = true; }
    [[nodiscard]] bool is_stopped() const { return is_stopped_; }

    // For programs.
    /// Sets up a connection to whoever listens at `to`: usable here after `round_trips`, there half a round trip
    /// later. Nobody there: fails when `dial_timeout` is over.
    std::uint32_t dial(NodeId from, Endpoint to, std::uint32_t round_trips);
    void cancel_dial(std::uint32_t dial);
    /// When the frame has left the sender. Nothing happens, and `now()` is returned, on a wire that is closed.
    Nanos send(Wire wire, Frame frame);
    /// What was sent before still arrives. The closing end is not called back.
    void close(Wire wire);
    [[nodiscard]] NodeId peer_of(Wire wire) const;
    [[nodiscard]] bool is_open(Wire wire) const;
    [[nodiscard]] Nanos round_trip(Wire wire) const;
    /// A number that the program keeps with its end of an open connection.
    void set_tag(Wire wire, std::uint32_t tag);
    [[nodiscard]] std::uint32_t tag(Wire wire) const;
    /// Sets the node's one timer; k_never = none.
    void wake_at(NodeId node, Nanos at);

    // Faults (faults.hpp says when).
    /// Whether frames from `from` to `to` pass; called at every arrival once set.
    void set_block(std::function<bool(NodeId from, NodeId to)> is_blocked) { is_blocked_ = std::move(is_blocked); }
    /// Something was unblocked: what waited goes on.
    void release_held();

    // Figures.
    struct Counters {
        std::uint64_t frames = 0;
        std::uint64_t bytes = 0;
        std::uint64_t dials = 0;
        std::uint64_t dials_failed = 0;
        std::uint64_t timers = 0;
    };
    [[nodiscard]] Counters const& counters() const { return counters_; }
    [[nodiscard]] Trace const& trace() const { return trace_; }
    [[nodiscard]] std::uint32_t open_connections() const;
    [[nodiscard]] std::size_t pending_frames() const;

private:
    struct Node;
    struct Connection;
    struct Dial;
    struct InFlight;

    void handle(Event const& event);
    void on_frame_event(Event const& event);
    void deliver(InFlight const& flight);
    void on_timer_event(Event const& event);
    void on_dial_done(Event const& event);
    void on_dial_over(Event const& event);
    void on_silence(Event const& event);
    void fail_dial(std::uint32_t dial, DialFailure failure);
    void close_side(std::uint32_t slot, std::uint8_t side);
    void push_flight(InFlight flight, Nanos arrival);
    [[nodiscard]] bool is_blocked(NodeId from, NodeId to) const { return is_blocked_ && is_blocked_(from, to); }
    [[nodiscard]] std::uint64_t pair_key(NodeId a, NodeId b) const;

    std::uint64_t seed_;
    LinkOptions options_;
    std::unique_ptr<LatencyModel const> latency_;
    EventQueue events_;
    Trace trace_;
    Nanos now_ = 0;
    bool is_stopped_ = false;
    std::vector<Node> nodes_;
    FlatMap<NodeId> by_endpoint_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> free_connections_;
    std::vector<Dial> dials_;
    std::vector<std::uint32_t> free_dials_;
    std::vector<InFlight> flights_;
    std::vector<std::uint32_t> free_flights_;
    std::vector<std::uint32_t> held_;  ///< frames that wait for an end of a block, in order of arrival
    std::vector<std::function<void()>> actions_;
    std::vector<std::uint32_t> free_actions_;
    std::vector<std::unique_ptr<NodeProgram>> stopped_;  ///< destroyed between events
    std::function<bool(NodeId, NodeId)> is_blocked_;
    std::function<void(Event const&)> observer_;
    Counters counters_;
};

}  // namespace ggen::sim
