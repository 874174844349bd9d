#pragma once

#include <memory>
#include <vector>

#include "sim/fabric.hpp"

namespace ggen::sim {

struct HostOptions {
    /// over it, the least valued are trimmed, or the dialer is refused
    std::uint32_t connections_max = 300;
    std::uint32_t inbound_per_subnet_max = 16;    ///< of one /24; 0 = no limit
    std::uint32_t streams_per_connection_max = 512;
    std::uint32_t window_bytes = 1U << 20U;       ///< of a stream
    std::uint32_t dial_round_trips = 2;           ///< TCP, then Noise; the first bytes travel with its last message
    Nanos dial_step = 250 * k_millisecond;        ///< between the addresses of one peer
    Nanos idle_timeout = 120 * k_second;          ///< of a connection that nobody uses or values
    bool has_identify = true;                     ///< peers learn each other's protocols and addresses
    /// Nodes are named by keys that they have, as always at F2: for runs that are compared with one.
    bool has_keys = false;
    friend bool operator==(HostOptions const&, HostOptions const&) = default;
};

class SimulatedHost;

/// What uses the protocols of a host: takes their events. It outlives the host.
class Application {
public:
    virtual ~Application() = default;
    /// After each call to the protocol, when its outputs were taken. True when it called the protocol in turn.
    [[nodiscard]] virtual bool on_called(SimulatedHost& host, std::size_t protocol) = 0;
};

/// Carries the protocols of a node over the virtual network. `VirtualHost` plays the swarm and what lies below it (F0,
/// F1); `WireHost` runs them (F2).
class SimulatedHost : public NodeProgram {
public:
    /// Before the start; the order is that of calls. At most 8.
    virtual void add(std::unique_ptr<p2p::Protocol> protocol) = 0;
    [[nodiscard]] virtual p2p::Protocol& protocol(std::size_t index) = 0;
    [[nodiscard]] virtual std::size_t protocol_count() const = 0;
    /// After a call to a protocol from outside (an operation of the scenario): takes what it puts out.
    virtual void pump() = 0;

    virtual void set_application(Application* application) = 0;
    [[nodiscard]] virtual NodeId self() const = 0;
    [[nodiscard]] virtual std::size_t connection_count() const = 0;
    [[nodiscard]] virtual std::vector<NodeId> connected_peers() const = 0;
    virtual void learn(NodeId peer, Endpoint endpoint) = 0;
};

}  // namespace ggen::sim
