#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "merkle/chunk_tree.hpp"

// Limits of the content exchange; docs/protocols/p2p-exchange.md has the reasons.
namespace ggen::p2p {

// What goes over a stream.
inline constexpr std::size_t k_exchange_request_bytes_max = 512;   ///< one request without its length
inline constexpr std::size_t k_exchange_answer_bytes_max = 64;     ///< the head of one answer without its length
inline constexpr std::size_t k_exchange_path_bytes_max = 256;
/// One answer carries at most this; whoever wants more asks again. The largest file of a log is a bundle.
inline constexpr std::uint64_t k_exchange_range_bytes_max = 2 * k_mib;
inline constexpr std::uint64_t k_exchange_blob_bytes_max = 2 * k_gib;
inline constexpr std::uint64_t k_exchange_chunks_max = k_exchange_blob_bytes_max / merkle::k_chunk_bytes;

// Serving.
inline constexpr std::size_t k_exchange_inbound_streams_max = 512;
inline constexpr std::size_t k_exchange_inbound_streams_per_peer_max = 4;
/// Requests of one stream that wait for their answer; past it the peer is held back.
inline constexpr std::size_t k_exchange_requests_waiting_max = 16;
inline constexpr std::size_t k_exchange_piece_bytes = 32 * k_kib;          ///< written at once
inline constexpr std::size_t k_exchange_stream_unsent_bytes_max = 128 * k_kib;
inline constexpr std::size_t k_exchange_unsent_bytes_max = 4 * k_mib;      ///< of all streams together
/// What strangers get of the upload while others wait too (trust.md 6.2): one piece in so many.
inline constexpr unsigned k_exchange_stranger_turn = 10;
inline constexpr std::chrono::seconds k_exchange_idle_stream_timeout{60};
/// A chunk of a large blob that is here whole is given to one peer at a time: the others have it from that one.
inline constexpr std::chrono::seconds k_exchange_spread{5};
/// Nothing is withheld from a peer that was given no chunk for so long.
inline constexpr std::chrono::seconds k_exchange_spread_patience{2};
inline constexpr std::size_t k_exchange_spread_chunks_max = 16'384;  ///< remembered; more are given to anybody
inline constexpr std::uint64_t k_exchange_spread_blob_chunks_min = 16;
/// Chunk lists kept of blobs that are served, in bytes of hashes; and digested of a blob in one turn.
inline constexpr std::size_t k_exchange_lists_bytes_max = 8 * k_mib;
inline constexpr std::size_t k_exchange_hashed_per_turn_bytes = 1 * k_mib;
inline constexpr std::size_t k_exchange_list_jobs_max = 32;
/// Requests of one peer: more wait for their turn by flow control.
inline constexpr unsigned k_exchange_requests_per_second_max = 256;
inline constexpr unsigned k_exchange_requests_burst = 512;

// Asking.
inline constexpr std::size_t k_exchange_object_bytes_max = k_exchange_range_bytes_max;  ///< of one fetched object
inline constexpr std::size_t k_exchange_fetches_max = 1024;           ///< single objects under way
inline constexpr std::size_t k_exchange_races_max = 256;
inline constexpr std::size_t k_exchange_blobs_max = 64;               ///< blobs under way
inline constexpr std::size_t k_exchange_requests_per_peer_max = 16;   ///< on one stream
inline constexpr std::size_t k_exchange_providers_max = 512;          ///< remembered for one object
inline constexpr std::size_t k_exchange_interested_max = 128;         ///< of those, who asked us for it themselves
inline constexpr std::size_t k_exchange_sources_max = 8;              ///< HTTP origins and folders of one blob
inline constexpr std::chrono::seconds k_exchange_dial_timeout{10};
inline constexpr std::chrono::seconds k_exchange_stall_timeout{5};    ///< without one byte
inline constexpr std::uint64_t k_exchange_floor_bytes_per_second = 16 * k_kib;
inline constexpr std::chrono::seconds k_exchange_floor_window{5};

// Many peers for one blob.
inline constexpr std::size_t k_exchange_parallel_requests = 16;  ///< chunks of one blob under way, hedges apart
inline constexpr std::size_t k_exchange_first_peers = 4;         ///< asked at once of a large blob
/// Asked at once for one small object, the first time: a peer that was useful before has one beside it, strangers are
/// many, since most of them may disappoint and an answer costs little.
inline constexpr std::size_t k_exchange_first_known = 2;
inline constexpr std::size_t k_exchange_first_strangers = 8;
inline constexpr std::size_t k_exchange_peers_max = 64;          ///< asked at once when most of them disappoint
inline constexpr std::size_t k_exchange_silent_peers_max = 96;   ///< beside those: asked, and silent for long
inline constexpr std::size_t k_exchange_copies_max = 3;          ///< of one chunk under way: the request and hedges
inline constexpr std::chrono::milliseconds k_exchange_patience{1000};  ///< for a first byte, at first
/// How long a fetch waits for further providers when nobody is left to ask.
inline constexpr std::chrono::seconds k_exchange_grace{5};
inline constexpr std::chrono::seconds k_exchange_retry_first{5};    ///< a peer that failed; twice as long each time
inline constexpr std::chrono::seconds k_exchange_retry_nothing{1};  ///< a peer that has nothing, likewise
inline constexpr std::chrono::seconds k_exchange_retry_max{60};
inline constexpr std::chrono::seconds k_exchange_have_interval{2};           ///< between two looks at what a peer has
/// Of a peer that has nothing that is needed; twice as long each time until it gives something.
inline constexpr std::chrono::milliseconds k_exchange_have_nap{250};
inline constexpr std::chrono::milliseconds k_exchange_have_nap_max{1000};
inline constexpr std::chrono::milliseconds k_exchange_progress_interval{200};

static_assert(merkle::k_chunk_bytes <= k_exchange_range_bytes_max);
static_assert(k_exchange_chunks_max * 32 <= k_exchange_range_bytes_max);
static_assert(k_exchange_piece_bytes <= k_exchange_stream_unsent_bytes_max);

}  // namespace ggen::p2p
