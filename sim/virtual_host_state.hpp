#pragma once

#include <string>

#include "sim/virtual_host.hpp"

// What the sources of VirtualHost share; nobody else includes this.
namespace ggen::sim {

inline constexpr std::size_t k_host_protocols_max = 8;
/// addresses are kept for so many peers, the oldest forgotten
inline constexpr std::size_t k_book_peers_max = 512;
inline constexpr std::size_t k_book_addresses_max = 4;    ///< of one peer
inline constexpr std::size_t k_dial_addresses_max = 8;
inline constexpr Nanos k_trim_interval = 30 * k_second;
inline constexpr std::uint32_t k_identify_bytes = 500;    ///< what identify's answer takes on the wire
inline constexpr std::uint32_t k_open_bytes = 40;         ///< stream frame and the proposed protocol
inline constexpr std::uint32_t k_piece_bytes = 64 * 1024;  ///< a longer write travels in pieces (from F1 on)
inline constexpr std::uint32_t k_socket_bytes = 64 * 1024;  ///< what a socket takes before it has left

/// The kinds of frames that hosts exchange.
enum class HostFrame : std::uint8_t { open = 1, opened, refused, data, finish, reset, window, identify };

struct VirtualHost::Slot {
    std::unique_ptr<p2p::Protocol> protocol;
    std::vector<std::uint32_t> names;  ///< what inbound streams may ask for
    FlatMap<std::uint64_t> streams;    ///< by key
    p2p::StreamKey next_even_key = 2;
    p2p::StreamKey last_odd_key = 0;
    Nanos deadline = k_never;
    Nanos spun_at = -1;  ///< the last time that a deadline was called, to find timers that never move on
    std::uint32_t spins = 0;
};

struct VirtualHost::Connection {
    Wire wire;
    NodeId peer = k_no_node;
    bool is_used = false;
    bool is_outbound = false;
    std::uint32_t subnet = 0;  ///< counted in inbound_subnets_, 0 = not
    std::uint32_t inbound_streams = 0;
    Nanos used_at = 0;
    std::vector<std::uint64_t> streams;
};

struct VirtualHost::Peer {
    NodeId id = k_no_node;
    std::vector<std::uint32_t> connections;  ///< the oldest first
    std::vector<std::uint32_t> protocols;    ///< as identify told
    std::array<std::uint32_t, k_host_protocols_max> values{};
};

struct VirtualHost::PendingDial {
    NodeId peer = k_no_node;
    std::vector<Endpoint> endpoints;
    std::size_t tried = 0;
    Nanos next_step = 0;
    std::vector<std::uint32_t> attempts;
    std::vector<std::uint64_t> streams;  ///< that wait for the connection
    std::uint32_t askers = 0;            ///< bits of protocols that asked to connect
    DialFailure failure = DialFailure::timed_out;
};

/// A call that waits until the current one is over: calls never re-enter.
struct VirtualHost::Deferred {
    enum class What : std::uint8_t { refused, disconnect, dial_failed, identified, host_changed, resume } what;
    std::uint8_t index = 0;
    p2p::StreamKey key = 0;
    NodeId peer = k_no_node;
    Errc code = Errc::unavailable;
    char const* why = "";
};

inline Wire wire_of(Stream const& stream, std::uint8_t end) {
    auto wire = stream.wire;
    if (end == 1) wire.side = static_cast<std::uint8_t>(1 - wire.side);
    return wire;
}

void VirtualHost::call_each(auto const& call) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        call(*slots_[i].protocol);
        drain(static_cast<std::uint8_t>(i));
    }
}

}  // namespace ggen::sim
