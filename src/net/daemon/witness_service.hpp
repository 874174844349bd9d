#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "codec/json.hpp"
#include "net/daemon/control_server.hpp"
#include "net/p2p/node.hpp"
#include "registry/witness.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_witness_streams_max = 64;
inline constexpr std::size_t k_witness_streams_per_peer_max = 2;
inline constexpr double k_witness_requests_burst = 10;  ///< of one peer
inline constexpr double k_witness_requests_per_second = 2;
inline constexpr std::chrono::seconds k_witness_stream_max{10};  ///< a stream, from its first byte to its last
inline constexpr std::chrono::seconds k_witness_answer_max{15};  ///< to a question of ours, dial included

/// A witness over libp2p (docs/protocols/p2p-witness.md): answers peers, when this node is one, and asks others for
/// the commands of this profile. One thread of its own, on which disks are waited for.
class WitnessService {
public:
    struct Parts {
        Node& node;
        Witness* witness = nullptr;  ///< nullptr: this node is none, and only asks.
        std::chrono::milliseconds stream_max = k_witness_stream_max;
        std::chrono::milliseconds answer_max = k_witness_answer_max;
    };

    /// To be called before the node runs in earnest.
    [[nodiscard]] static std::unique_ptr<WitnessService> start(Parts parts);
    ~WitnessService();
    WitnessService(WitnessService const&) = delete;
    WitnessService& operator=(WitnessService const&) = delete;
    void stop();
    /// Waits for its thread. The object outlives what the node still has to carry out.
    void finish();

    /// Puts `body` to the peer at `place`, a peer id or an address that ends in one: status, body, is_size of its
    /// answer. Errors: invalid, unavailable (p2p_peer_unreachable), timed_out, cancelled.
    [[nodiscard]] Result<Json> ask(Json const& arguments, ControlSession const& session);

private:
    class Impl;
    explicit WitnessService(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
