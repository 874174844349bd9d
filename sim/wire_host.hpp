#pragma once

#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "base/random.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/swarm/swarm.hpp"
#include "sim/dice.hpp"
#include "sim/simulated_host.hpp"

namespace ggen::sim {

/// Runs protocols on the production swarm over the virtual network (F2): dials, handshakes, streams, limits and
/// identify are the product's, and every byte of multistream, Noise and yamux travels. It is the driver that
/// src/net/p2p has for sockets.
class WireHost final : public SimulatedHost {
public:
    /// `dice` decides the keys of every handshake.
    WireHost(Fabric& fabric, NodeId self, HostOptions const& options, Ed25519PrivateKey const& key,
             std::uint64_t dice);
    ~WireHost() override;

    void add(std::unique_ptr<p2p::Protocol> protocol) override;
    [[nodiscard]] p2p::Protocol& protocol(std::size_t index) override { return *protocols_[index]; }
    [[nodiscard]] std::size_t protocol_count() const override { return protocols_.size(); }
    void pump() override;
    void set_application(Application* application) override { application_ = application; }
    [[nodiscard]] NodeId self() const override { return self_; }
    [[nodiscard]] std::size_t connection_count() const override { return swarm_.usage().connections; }
    [[nodiscard]] std::vector<NodeId> connected_peers() const override;
    void learn(NodeId peer, Endpoint endpoint) override;

    void on_start() override;
    void on_dialed(std::uint32_t dial, Wire wire) override;
    void on_dial_failed(std::uint32_t dial, DialFailure failure) override;
    [[nodiscard]] bool on_accepted(Wire wire, NodeId peer) override;
    void on_frame(Wire wire, Frame const& frame) override;
    void on_closed(Wire wire) override;
    void on_timer() override;

private:
    /// A socket that is connected, or a dial.
    struct Socket {
        Wire wire;
        std::uint32_t dial = 0;
        bool is_connected = false;
    };
    struct Written {
        Nanos at = 0;
        p2p::SocketKey socket = 0;
        friend bool operator>(Written const& a, Written const& b) {
            return a.at != b.at ? a.at > b.at : a.socket > b.socket;
        }
    };
    class Keys final : public Random {
    public:
        explicit Keys(std::uint64_t dice) : dice_(dice, Purpose::keys) {}
        void fill(std::span<std::uint8_t> out) override;

    private:
        Dice dice_;
    };
    /// Passes on what protocols report; lets everybody in.
    class Reports final : public p2p::Gate {
    public:
        Reports(Fabric& fabric, NodeId self) : fabric_(fabric), self_(self) {}
        void on_conduct(p2p::ReportPeer const& report, Multiaddr const& address, TimePoint now) override;

    private:
        Fabric& fabric_;
        NodeId self_;
    };

    void settle();
    void obey(p2p::SwarmCommand command);
    void write(p2p::WriteSocket const& request);
    [[nodiscard]] Multiaddr address() const;
    [[nodiscard]] TimePoint now() const { return to_time_point(fabric_.now()); }

    Fabric& fabric_;
    NodeId self_;
    Application* application_ = nullptr;
    Keys keys_;
    Reports reports_;
    p2p::Identify identify_;
    bool has_identify_;
    std::vector<std::unique_ptr<p2p::Protocol>> protocols_;
    std::map<p2p::SocketKey, Socket> sockets_;
    std::map<std::uint32_t, p2p::SocketKey> dials_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, p2p::SocketKey> wires_;  ///< by slot and generation
    std::priority_queue<Written, std::vector<Written>, std::greater<>> written_;
    p2p::ListenerKey listener_ = 0;
    Nanos spun_at_ = -1;
    std::uint32_t spins_ = 0;
    p2p::Swarm swarm_;  ///< goes first
};

}  // namespace ggen::sim
