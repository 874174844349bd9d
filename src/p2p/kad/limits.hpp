#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

// The constants of Kademlia and everything that a stranger could make grow. docs/protocols/p2p-kad.md says why
// each has its value and what go-, rust- and js-libp2p have instead.
namespace ggen::p2p {

// Kademlia itself
inline constexpr std::size_t k_kad_bucket_peers = 20;        ///< k: peers a bucket, holders a record
inline constexpr std::size_t k_kad_parallel_requests = 10;   ///< alpha: requests of one lookup at a time
inline constexpr std::size_t k_kad_parallel_likely = 10;     ///< of these to likely holders, beside alpha
inline constexpr std::size_t k_kad_resilience = 3;           ///< beta: nearest that must have answered
inline constexpr std::size_t k_kad_paths = 4;                ///< disjoint paths of one lookup
/// The way in: a few of the nearest, by one path, since all would begin at the same peer. The refresh that follows
/// asks the rest, by several.
inline constexpr std::size_t k_kad_join_peers = 8;
inline constexpr std::size_t k_kad_join_parallel_requests = 3;
inline constexpr std::size_t k_kad_value_quorum = 16;        ///< holders asked before a value is settled

// One message
inline constexpr std::size_t k_kad_message_accept_bytes_max = 256 * k_kib;
inline constexpr std::size_t k_kad_message_emit_bytes_max = 16 * k_kib;  ///< rust-libp2p takes no more
inline constexpr std::size_t k_kad_peers_accept_max = 40;                ///< a list; the rest is passed over
inline constexpr std::size_t k_kad_addresses_accept_max = 32;            ///< a peer; the rest is passed over
inline constexpr std::size_t k_kad_addresses_emit_max = 8;
inline constexpr std::size_t k_kad_address_bytes_max = 512;
inline constexpr std::size_t k_kad_key_bytes_max = 80;
inline constexpr std::size_t k_kad_record_accept_bytes_max = 64 * k_kib;  ///< value and its key
inline constexpr std::size_t k_kad_record_emit_bytes_max = 8 * k_kib;

// Routing table
inline constexpr std::size_t k_kad_table_peers_per_group_max = 3;
inline constexpr std::size_t k_kad_bucket_peers_per_group_max = 2;
inline constexpr std::size_t k_kad_near_peers_per_bucket_max = 8;  ///< quick peers beside a full bucket
inline constexpr std::size_t k_kad_book_slots = 2048;              ///< contact book: a power of two
inline constexpr std::size_t k_kad_book_slot_peers = 4;
inline constexpr std::size_t k_kad_probes_at_once_max = 8;
inline constexpr std::size_t k_kad_probes_waiting_max = 64;

// What is kept for others
inline constexpr std::size_t k_kad_records_max = 1024;
inline constexpr std::size_t k_kad_records_bytes_max = 8 * k_mib;
inline constexpr std::size_t k_kad_provider_keys_max = 16'384;
inline constexpr std::size_t k_kad_providers_max = 32'768;
inline constexpr std::size_t k_kad_providers_per_key_max = 20;

// Own work
inline constexpr std::size_t k_kad_queries_max = 256;          ///< at once
inline constexpr std::size_t k_kad_published_max = 65'536;     ///< keys and values that are republished
inline constexpr std::size_t k_kad_republish_at_once_max = 8;  ///< queries
inline constexpr std::size_t k_kad_lookup_candidates_max = 512;
inline constexpr std::size_t k_kad_lookup_requests_max = 256;
inline constexpr std::size_t k_kad_requests_per_peer_max = 64;
inline constexpr std::size_t k_kad_region_peers_max = 60;      ///< holders when strangers crowd around a key

// Streams and peers
inline constexpr std::size_t k_kad_peers_max = 2048;  ///< about whom anything is remembered
inline constexpr std::size_t k_kad_inbound_streams_per_peer_max = 32;
inline constexpr std::size_t k_kad_inbound_streams_max = 1024;
inline constexpr std::size_t k_kad_inbound_buffered_bytes_max = 16 * k_mib;  ///< of all inbound streams
inline constexpr std::size_t k_kad_stream_unsent_bytes_max = 128 * k_kib;    ///< then the peer is held back
inline constexpr std::size_t k_kad_requests_burst = 400;          ///< of one peer at once
inline constexpr std::size_t k_kad_requests_per_second_max = 100;  ///< of one peer over time

// Times
inline constexpr std::chrono::seconds k_kad_request_timeout{10};
inline constexpr std::chrono::seconds k_kad_idle_stream_timeout{60};
inline constexpr std::chrono::seconds k_kad_query_timeout{60};
inline constexpr std::chrono::minutes k_kad_refresh_interval{10};
inline constexpr std::chrono::hours k_kad_record_lifetime{48};
inline constexpr std::chrono::hours k_kad_provider_lifetime{48};
inline constexpr std::chrono::hours k_kad_republish_interval{22};

static_assert(k_kad_message_emit_bytes_max > k_kad_record_emit_bytes_max);
static_assert(k_kad_message_accept_bytes_max > k_kad_record_accept_bytes_max);
static_assert(k_kad_republish_interval * 2 <= k_kad_provider_lifetime);

}  // namespace ggen::p2p
