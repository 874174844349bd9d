#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

// What the wire layers send and accept at most. "emit" limits lie inside what go-, rust- and js-libp2p
// accept; "accept" limits admit all that those three send. docs/protocols/p2p-wire.md has the table.
namespace ggen::p2p {

// multistream-select 1.0
inline constexpr std::size_t k_mss_line_emit_bytes_max = 140;     ///< a protocol name and its newline
inline constexpr std::size_t k_mss_line_accept_bytes_max = 1024;  ///< with the newline
inline constexpr std::size_t k_mss_proposals_emit_max = 8;
inline constexpr std::size_t k_mss_lines_accept_max = 32;  ///< lines before a side gives up

// Noise
inline constexpr std::size_t k_noise_frame_bytes_max = 65'535;
inline constexpr std::size_t k_noise_plain_accept_bytes_max = k_noise_frame_bytes_max - 16;
/// One yamux header and the largest data frame of ours, so that a frame never needs two.
inline constexpr std::size_t k_noise_plain_emit_bytes_max = std::size_t{16} * 1024 + 12;
inline constexpr std::size_t k_noise_payload_accept_bytes_max = 4096;  ///< of one handshake message
inline constexpr std::size_t k_noise_muxers_max = 16;

// yamux
inline constexpr std::size_t k_yamux_frame_emit_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t k_yamux_outbound_streams_max = 256;
inline constexpr std::size_t k_yamux_inbound_streams_max = 512;
inline constexpr std::size_t k_yamux_unacked_emit_max = 128;
inline constexpr std::size_t k_yamux_unacked_accept_max = 256;
inline constexpr std::size_t k_yamux_queued_controls_max = 64;  ///< pongs and resets; past it, close
inline constexpr std::uint32_t k_yamux_window_bytes_min = 256 * 1024;  ///< what both sides start with
inline constexpr std::uint32_t k_yamux_window_bytes_max = 32 * 1024 * 1024;
/// js-libp2p 3 fills the whole window with one frame. A frame is read in pieces, so it costs no more than its bytes.
inline constexpr std::size_t k_yamux_frame_accept_bytes_max = k_yamux_window_bytes_max;
/// Receive memory of a peer, all its connections together: what everybody has, and what those have who served as much.
inline constexpr std::uint64_t k_peer_window_bytes_min = 16 * k_mib;
inline constexpr std::uint64_t k_peer_window_bytes_max = 64 * k_mib;
inline constexpr std::uint64_t k_yamux_connection_window_bytes_max = k_peer_window_bytes_max;
inline constexpr std::uint64_t k_host_window_bytes_max = 256 * k_mib;
/// Bytes that one stream may hold for sending; a writer is told how many were taken.
inline constexpr std::size_t k_yamux_send_queue_bytes_max = std::size_t{1024} * 1024;
/// Inbound streams that a peer may open and reset before we answered, per connection and second.
inline constexpr std::size_t k_yamux_resets_per_second_max = 200;

// Timeouts that the owner of the cores holds
inline constexpr std::chrono::seconds k_upgrade_timeout{10};
inline constexpr std::chrono::seconds k_stream_negotiation_timeout{10};
inline constexpr std::chrono::seconds k_yamux_ping_interval{10};
inline constexpr std::chrono::seconds k_yamux_pong_timeout{30};
/// Written to a stream before its protocol is agreed, unless proposed lazily.
inline constexpr std::size_t k_stream_held_bytes_max = std::size_t{256} * 1024;

}  // namespace ggen::p2p
