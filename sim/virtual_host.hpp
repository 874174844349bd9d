#pragma once

#include <array>
#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "sim/simulated_host.hpp"

namespace ggen::sim {

/// Carries protocols over the virtual network as the swarm carries them over the real one: streams, dials, limits,
/// disconnects, and what identify would tell. Watches that the protocols keep their side of the seam.
class VirtualHost final : public SimulatedHost {
public:
    VirtualHost(Fabric& fabric, NodeId self, HostOptions const& options);
    ~VirtualHost() override;

    void add(std::unique_ptr<p2p::Protocol> protocol) override;
    [[nodiscard]] p2p::Protocol& protocol(std::size_t index) override;
    [[nodiscard]] std::size_t protocol_count() const override;
    void pump() override;
    void set_application(Application* application) override { application_ = application; }
    [[nodiscard]] NodeId self() const override { return self_; }
    [[nodiscard]] std::size_t connection_count() const override { return connection_count_; }
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
    struct Slot;
    struct Connection;
    struct Peer;
    struct PendingDial;
    struct Deferred;
    struct SentLater {
        Nanos at = 0;
        std::uint64_t stream = 0;
        std::uint32_t bytes = 0;
        std::uint8_t end = 0;
        friend bool operator>(SentLater const& a, SentLater const& b) { return a.at > b.at; }
    };

    // virtual_host.cpp: calls in, outputs out.
    void call_each(auto const& call);
    void drain(std::uint8_t index);
    void take(std::uint8_t index, p2p::ProtocolOutput output);
    void finish_event();
    void run_deferred(Deferred const& deferred);
    void run_deadlines();
    void tell_host_changed();

    // virtual_host_peers.cpp: connections and dials.
    [[nodiscard]] Peer* find_peer(NodeId peer);
    void connect(std::uint8_t index, p2p::ConnectPeer const& request);
    PendingDial& dial(NodeId peer, std::vector<Multiaddr> const& addresses);
    void step_dials();
    void fail_dial(std::size_t at);
    void add_connection(Wire wire, NodeId peer, bool is_outbound);
    void drop_connection(std::uint32_t at);
    void disconnect(NodeId peer);
    void trim();
    [[nodiscard]] bool has_room();
    void send_identify(Wire wire, bool wants_answer);
    void on_identify(Wire wire, Frame const& frame);
    void tell_protocols(NodeId peer);
    [[nodiscard]] bool is_connected(NodeId peer) { return find_peer(peer) != nullptr; }

    // virtual_host_streams.cpp
    void open_stream(std::uint8_t index, p2p::OpenStream const& request);
    void attach(std::uint64_t id, std::uint32_t connection);
    void write(std::uint8_t index, p2p::WriteStream const& request);
    void finish(std::uint8_t index, p2p::StreamKey key);
    void reset(std::uint8_t index, p2p::StreamKey key);
    void pause(std::uint8_t index, p2p::PauseStream const& request);
    void resume(std::uint8_t index, p2p::StreamKey key);
    void report_sent();
    void on_open(Wire wire, Frame const& frame);
    void on_answer(std::uint64_t id, Frame const& frame);
    void on_data(std::uint64_t id, std::uint8_t end, Frame const& frame);
    void on_stream_frame(Wire wire, Frame const& frame);
    void put_frame(std::uint64_t id, std::uint8_t end, Frame frame);
    void send_frame(std::uint64_t id, std::uint8_t end, Frame frame);
    void flush(std::uint64_t id, std::uint8_t end);
    void close_end(std::uint64_t id, std::uint8_t end);
    void refuse(std::uint64_t id, Errc code, char const* why);
    [[nodiscard]] std::uint64_t stream_of(std::uint8_t index, p2p::StreamKey key) const;

    Fabric& fabric_;
    Application* application_ = nullptr;
    NodeId self_;
    HostOptions options_;
    std::vector<Slot> slots_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> free_connections_;
    std::uint32_t connection_count_ = 0;
    std::vector<Peer> peers_;
    std::vector<std::uint32_t> free_peers_;
    FlatMap<std::uint32_t> peer_index_;       ///< NodeId + 1 -> peers_
    FlatMap<std::uint32_t> inbound_subnets_;  ///< /24 + 1 -> connections
    FlatMap<std::uint64_t> book_;             ///< (NodeId + 1) * 4 + i -> endpoint
    std::deque<NodeId> book_order_;
    std::vector<std::unique_ptr<PendingDial>> dials_;
    std::deque<Deferred> deferred_;
    std::priority_queue<SentLater, std::vector<SentLater>, std::greater<>> sent_later_;
    Nanos next_trim_ = k_never;
    bool is_started_ = false;
};

}  // namespace ggen::sim
