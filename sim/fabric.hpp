#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "sim/network.hpp"

namespace ggen::sim {

/// One end of a stream.
struct StreamEnd {
    p2p::StreamKey key = 0;
    std::uint32_t position = 0;  ///< in the connection's list of streams
    std::uint8_t protocol = 0;   ///< index in the host
    bool is_open = false;
    bool is_ready = false;     ///< what is written may travel
    bool is_answered = false;  ///< the opener has been told
    bool has_written_all = false;
    bool has_read_all = false;
    bool is_paused = false;
    std::uint32_t unsent_bytes = 0;      ///< written by the protocol and not reported as sent
    std::uint32_t unconsumed_bytes = 0;  ///< sent from here and not taken there
};

/// A stream between two virtual hosts: one object, since both ends live in one process.
struct Stream {
    struct Waiting {
        std::deque<Frame> out[2];  ///< not sent yet: no connection, no answer or no window
        std::deque<Frame> in[2];   ///< arrived while the end was paused
    };
    StreamEnd end[2];  ///< 0 = the opener's
    Wire wire;         ///< the opener's; the other end has the other side
    bool is_attached = false;
    std::uint32_t generation = 0;
    std::vector<std::uint32_t> proposals;
    std::unique_ptr<Waiting> waiting;
};

/// What all virtual hosts share: the network, who is who, names of protocols, streams, and what went wrong.
class Fabric {
public:
    explicit Fabric(Network& network) : network_(&network) {}

    [[nodiscard]] Network& network() { return *network_; }
    [[nodiscard]] Nanos now() const { return network_->now(); }

    /// Gives the newest node of the network its name. Its endpoint is its address. Nodes are named in their order.
    void name_node(NodeId node, PeerId peer);
    /// Any peer: a node, or one that nobody is (its dials end nowhere).
    [[nodiscard]] NodeId intern(PeerId const& peer);
    [[nodiscard]] PeerId const& peer(NodeId node) const;
    /// A valid peer id that `seed` and `number` decide; nobody has its key.
    [[nodiscard]] static PeerId make_peer(std::uint64_t seed, std::uint64_t number);
    /// The key of a node that has one, which `seed` and `number` decide.
    [[nodiscard]] static Ed25519PrivateKey make_key(std::uint64_t seed, std::uint64_t number);
    [[nodiscard]] static Multiaddr make_address(Endpoint endpoint);
    /// The endpoint of /ip4/…/tcp/…, with or without /p2p; port 0 for any other address.
    [[nodiscard]] static Endpoint endpoint_of(Multiaddr const& address);

    [[nodiscard]] std::uint32_t intern_protocol(std::string_view name);
    [[nodiscard]] std::string const& protocol_name(std::uint32_t id) const { return protocol_names_[id]; }

    /// Streams are named by generation and slot. Null when it is gone. Valid until the next `make_stream`.
    [[nodiscard]] Stream* stream(std::uint64_t id);
    [[nodiscard]] std::uint64_t make_stream();
    void free_stream(std::uint64_t id);
    [[nodiscard]] std::size_t open_streams() const { return streams_.size() - free_streams_.size(); }

    /// `hash_bytes`, remembered for the last block: a broadcast is hashed once.
    [[nodiscard]] std::uint64_t block_hash(p2p::Block const& block);

    /// A rule was broken: the first is kept and the run stops.
    void violate(NodeId node, std::string what);
    [[nodiscard]] std::string const& violation() const { return violation_; }

    /// Told what protocols report of peers; may be empty.
    std::function<void(NodeId of, NodeId about, p2p::ReportPeer const&)> on_report;

private:
    static constexpr NodeId k_first_ghost = 0x8000'0000U;

    Network* network_;
    std::vector<PeerId> nodes_;
    std::vector<PeerId> ghosts_;
    FlatMap<NodeId> by_peer_;  ///< by hash; equal hashes take the next key
    std::vector<std::string> protocol_names_;
    std::vector<Stream> streams_;
    std::vector<std::uint32_t> free_streams_;
    p2p::Block last_block_;
    std::uint64_t last_hash_ = 0;
    std::string violation_;
};

}  // namespace ggen::sim
