#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/digest.hpp"
#include "p2p/exchange/content.hpp"
#include "p2p/exchange/message.hpp"

// What one asks the exchange for, and what it answers.
namespace ggen::p2p {

/// Names a fetch of any kind.
using FetchId = std::uint64_t;

/// A peer that may have an object. Addresses may be empty when the host knows some, or is connected.
struct ContentHolder {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};

/// One object, or a range of it.
struct ObjectRequest {
    std::optional<LogId> log;  ///< needed for objects of a log
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t bytes_max = 0;  ///< a larger rest of the object is an error; at most k_exchange_object_bytes_max
};

/// The answer to `fetch`. Errors: those of OpenStream; not_found, refused (by the peer), unavailable (busy, closed
/// early), timed_out (5 s without a byte, or under 16 KiB/s), too_large (more than `bytes_max`), invalid (malformed).
struct ObjectFetched {
    FetchId id = 0;
    PeerId peer;
    Result<Bytes> bytes;
};

/// One object from any of many peers: `ask`.
struct ObjectQuestion {
    ObjectRequest object;
    std::vector<ContentHolder> providers;
    TimePoint deadline;
};
/// An answer to `ask` that the caller has to judge: `accept`, or `reject` and the next is asked. There is at most one
/// to judge at a time.
struct ObjectOffered {
    FetchId id = 0;
    PeerId peer;
    Bytes bytes;
};
/// `ask` ended without an answer that was accepted. Errors: timed_out (the deadline), not_found (everybody says so),
/// unavailable (nobody answers, or all were rejected).
struct QuestionFailed {
    FetchId id = 0;
    Error error;
};
/// What was wrong with an answer to `ask`.
enum class AnswerFault : std::uint8_t {
    unneeded,  ///< true for all that is known, and of no use (an older checkpoint)
    lie        ///< cannot be true: the peer is banned
};

/// A place beside the peers where a blob can be read, by `SourceRead`: an HTTP origin, a folder.
struct FurtherSource {
    std::string name;      ///< for messages and progress
    bool is_near = false;  ///< read first (a folder); others only help when peers do not give enough
};
/// One blob from many peers at once: `fetch_blob`.
struct BlobRequest {
    Digest digest;
    std::uint64_t bytes = 0;           ///< 1 to k_exchange_blob_bytes_max
    std::optional<Digest> chunk_root;  ///< as the release record says; nullopt for old records of large archives
    std::shared_ptr<ChunkStore> store; ///< never null
    std::vector<ContentHolder> providers;
    std::vector<FurtherSource> sources;  ///< at most k_exchange_sources_max
    std::optional<LogId> log;          ///< told to peers; nullopt = any
    TimePoint deadline;
};
/// Verified bytes of a blob by where they came from.
struct SourceShare {
    std::optional<PeerId> peer;  ///< nullopt = the further source `source`, or what was there at the start
    std::string source;
    std::uint64_t bytes = 0;
};
/// At most every 200 ms while a blob comes in, and before BlobFetched.
struct BlobProgress {
    FetchId id = 0;
    std::uint64_t bytes = 0;  ///< verified, those that were there at the start included
    std::uint64_t total = 0;
    std::vector<SourceShare> shares;  ///< largest first
    std::size_t peers_asked = 0;      ///< that are asked at this moment
};
struct BlobReport {
    std::vector<SourceShare> shares;
    std::size_t providers = 0;  ///< all that were tried
    std::size_t liars = 0;
    std::uint64_t wasted_bytes = 0;  ///< arrived and of no use: lies, hedges that came second, cut off
    std::vector<Digest> chunk_list;  ///< of a blob of more than one chunk
};
/// The whole blob is in the store and verified. Errors: timed_out (the deadline), not_found (nobody has it),
/// unavailable (nobody gave it), corrupt (its publisher signed a chunk root that is not the blob's), io (the store),
/// too_large (k_exchange_blobs_max), invalid (the request). The text says how many lied, stalled or did not answer.
struct BlobFetched {
    FetchId id = 0;
    Result<BlobReport> report;
};
/// The driver is to read `length` bytes from `offset` of the blob at further source `source` and to answer by
/// `on_source_read`.
struct SourceRead {
    FetchId id = 0;
    std::uint64_t read = 0;
    std::size_t source = 0;  ///< index in BlobRequest::sources
    Digest blob;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

using ExchangeEvent = std::variant<ObjectFetched, ObjectOffered, QuestionFailed, BlobProgress, BlobFetched, SourceRead>;

}  // namespace ggen::p2p
