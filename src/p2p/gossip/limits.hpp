#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

// What gossip sends and accepts at most; docs/protocols/p2p-gossip.md has the table with the reasons. "emit" limits
// lie inside what go-, rust- and js-libp2p accept; "accept" limits admit what those three send.
namespace ggen::p2p {

// One RPC on the wire
inline constexpr std::size_t k_gossip_rpc_accept_bytes_max = k_mib;
inline constexpr std::size_t k_gossip_rpc_emit_bytes_max = 64 * k_kib;  ///< rust-libp2p's default limit
inline constexpr std::size_t k_gossip_control_emit_bytes_max = 8 * k_kib;
inline constexpr std::size_t k_gossip_publish_accept_max = 500;
inline constexpr std::size_t k_gossip_subscriptions_accept_max = 1000;  ///< entries; kept: topics a peer, below
inline constexpr std::size_t k_gossip_ihave_accept_max = 500;           ///< IHAVE entries, each a topic
inline constexpr std::size_t k_gossip_grafts_accept_max = 500;          ///< also PRUNE entries
inline constexpr std::size_t k_gossip_exchange_accept_max = 64;         ///< peers in one PRUNE
inline constexpr std::size_t k_gossip_ids_accept_max = 5000;            ///< IHAVE or IWANT ids; those past it go by
inline constexpr std::size_t k_gossip_idontwant_ids_accept_max = 1000;  ///< in one RPC; those past it go by
inline constexpr std::size_t k_gossip_ihave_ids_emit_max = 500;         ///< per topic, peer and heartbeat
inline constexpr std::size_t k_gossip_idontwant_ids_emit_max = 10;

// Names and messages
inline constexpr std::size_t k_gossip_topic_emit_bytes_max = 128;
inline constexpr std::size_t k_gossip_topic_accept_bytes_max = 256;
inline constexpr std::size_t k_gossip_topics_per_peer_max = 100;
inline constexpr std::size_t k_gossip_own_topics_max = 100;
inline constexpr std::size_t k_gossip_id_bytes_max = 128;  ///< longer ids are never ours, so never looked up
/// Everything of a message besides its data: topic, author, number, signature, key of the largest kind.
inline constexpr std::size_t k_gossip_message_head_bytes_max = 2 * k_kib;
inline constexpr std::size_t k_gossip_message_bytes_default =
    k_gossip_rpc_emit_bytes_max - k_gossip_message_head_bytes_max;
/// What an application may raise its messages to: one must fit what a stream may have unsent.
inline constexpr std::size_t k_gossip_message_bytes_max = 240 * k_kib;

// Per heartbeat and peer
inline constexpr std::size_t k_gossip_ihave_rpcs_max = 10;
inline constexpr std::size_t k_gossip_idontwant_rpcs_max = 10;
inline constexpr std::size_t k_gossip_unwanted_ids_max = 1000;  ///< remembered per peer
inline constexpr std::size_t k_gossip_served_per_message_max = 3;

// Whole node
inline constexpr std::size_t k_gossip_seen_max = 65'536;
inline constexpr std::size_t k_gossip_cache_bytes_max = 32 * k_mib;
inline constexpr std::size_t k_gossip_validating_max = 1024;
inline constexpr std::size_t k_gossip_validating_bytes_max = 16 * k_mib;
inline constexpr std::size_t k_gossip_events_max = 4096;
inline constexpr std::size_t k_gossip_event_bytes_max = 16 * k_mib;
inline constexpr std::size_t k_gossip_partial_bytes_max = 32 * k_mib;  ///< RPCs that are not whole yet, all streams
inline constexpr std::size_t k_gossip_promises_max = 16'384;
inline constexpr std::size_t k_gossip_backoffs_per_topic_max = 4096;
inline constexpr std::size_t k_gossip_retained_scores_max = 4096;  ///< of peers that are gone
inline constexpr std::size_t k_gossip_exchange_dials_max = 16;     ///< per PRUNE, and per ten heartbeats

// Sending to one peer
inline constexpr std::size_t k_gossip_queue_bytes_max = k_mib;
inline constexpr std::size_t k_gossip_control_queue_bytes_max = 256 * k_kib;  ///< past it the peer reads nothing: cut
inline constexpr std::size_t k_gossip_ahead_bytes = 64 * k_kib;  ///< given to a stream before it reports progress
inline constexpr std::chrono::milliseconds k_gossip_own_age_max{5000};
inline constexpr std::chrono::milliseconds k_gossip_forward_age_max{1000};

/// A PRUNE may ask for less; 2^64-1 seconds must not shift anything (CVE-2026-33040).
inline constexpr std::chrono::seconds k_gossip_backoff_max{3600};

}  // namespace ggen::p2p
