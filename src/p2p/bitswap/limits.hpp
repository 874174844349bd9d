#pragma once

#include <chrono>
#include <cstddef>

#include "base/bytes.hpp"

// Limits of bitswap; docs/protocols/p2p-bitswap.md has the reasons.
namespace ggen::p2p {

inline constexpr std::size_t k_bitswap_message_bytes_max = 2 * k_mib;  ///< taken
inline constexpr std::size_t k_bitswap_block_bytes_max = 1 * k_mib;    ///< given
inline constexpr std::size_t k_bitswap_cid_bytes_max = 128;
/// Bytes of messages that are not whole yet: of one peer, of all.
inline constexpr std::size_t k_bitswap_pending_per_peer_bytes_max = 4 * k_mib;
inline constexpr std::size_t k_bitswap_pending_bytes_max = 16 * k_mib;
inline constexpr std::size_t k_bitswap_inbound_streams_max = 512;
inline constexpr std::size_t k_bitswap_inbound_streams_per_peer_max = 32;
/// Wants of one peer that wait; past it the peer is held back.
inline constexpr std::size_t k_bitswap_wants_max = 1024;
inline constexpr std::size_t k_bitswap_peers_max = 512;  ///< whose wants wait
/// Presences of one message.
inline constexpr std::size_t k_bitswap_presences_max = 512;
inline constexpr std::size_t k_bitswap_piece_bytes = 32 * k_kib;
inline constexpr std::size_t k_bitswap_stream_unsent_bytes_max = 128 * k_kib;
inline constexpr std::size_t k_bitswap_unsent_bytes_max = 4 * k_mib;
/// What strangers get of the upload while others wait too (trust.md 6.2): one piece in so many.
inline constexpr unsigned k_bitswap_stranger_turn = 10;
inline constexpr std::chrono::seconds k_bitswap_idle_timeout{60};
inline constexpr std::chrono::seconds k_bitswap_sweep_interval{10};

}  // namespace ggen::p2p
