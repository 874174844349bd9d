#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

// What a swarm holds at most; docs/protocols/p2p-swarm.md has the table. The limits of the layers below stand in
// p2p/wire/limits.hpp, those of each protocol in its own room.
namespace ggen::p2p {

// Connections. Those over loopback are free of the limits per network.
inline constexpr std::size_t k_connections_max = 300;  ///< open ones
inline constexpr std::size_t k_connections_per_peer_max = 2;
inline constexpr std::size_t k_inbound_per_network_max = 16;     ///< per IPv4 /24 or IPv6 /56
inline constexpr std::size_t k_handshakes_max = 64;              ///< inbound; past it the oldest gives way
inline constexpr std::size_t k_handshakes_per_network_max = 4;   ///< inbound
inline constexpr std::chrono::seconds k_trim_grace{10};          ///< a younger connection is not closed for another
inline constexpr std::chrono::seconds k_idle_timeout{120};       ///< without a stream or a value
/// Between the farewell and the end of a connection that goes, for its streams to come to theirs.
inline constexpr std::chrono::seconds k_drain_timeout{30};

// Dials
inline constexpr std::chrono::seconds k_dial_timeout{10};  ///< of one address, until the socket is connected
inline constexpr std::chrono::milliseconds k_dial_step{250};
inline constexpr std::chrono::milliseconds k_dial_step_private{30};
/// No further address is tried for this long when one has answered and shakes hands.
inline constexpr std::chrono::milliseconds k_dial_handshake_patience{1000};
inline constexpr std::size_t k_dial_addresses_max = 8;  ///< of one dial
inline constexpr std::size_t k_dial_resolves_max = 8;   ///< names looked up for one dial
inline constexpr std::size_t k_dial_resolve_depth_max = 4;
inline constexpr std::size_t k_dial_resolved_max = 32;  ///< addresses taken from one answer
inline constexpr std::chrono::seconds k_resolve_timeout{10};
inline constexpr std::size_t k_dials_max = 128;              ///< sockets that connect at the same time
inline constexpr std::size_t k_dials_per_network_max = 8;    ///< the same, per network: nobody aims us at a victim
inline constexpr std::chrono::seconds k_dial_backoff{5};     ///< after the first failure of an address; it doubles
inline constexpr std::chrono::minutes k_dial_backoff_max{5};

// What is remembered
inline constexpr std::size_t k_book_peers_max = 4096;
inline constexpr std::size_t k_book_addresses_per_peer_max = 16;
inline constexpr std::size_t k_bans_max = 4096;  ///< of peers, and again of networks
inline constexpr std::size_t k_confirmed_addresses_max = 16;
inline constexpr std::size_t k_known_protocols_max = 256;  ///< of a peer
inline constexpr std::size_t k_peers_dialed_max = 1024;    ///< peers with a dial under way or waiting

// Bytes and streams
inline constexpr std::size_t k_socket_write_bytes_max = std::size_t{256} * 1024;
inline constexpr std::size_t k_streams_waiting_per_peer_max = 256;  ///< for a connection
/// What is kept of a stream that was proposed lazily, to be written again when the peer declines.
inline constexpr std::size_t k_lazy_flight_bytes_max = std::size_t{256} * 1024;

/// What a paused stream holds is kept in blocks of at least about half of this.
inline constexpr std::size_t k_held_block_bytes_max = std::size_t{16} * 1024;

}  // namespace ggen::p2p
