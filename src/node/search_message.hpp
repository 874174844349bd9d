#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "p2p/exchange/message.hpp"
#include "registry/records.hpp"
#include "search/search.hpp"
#include "spec/manifest.hpp"

// Messages of /ggen/search/1: one question a stream, and its answer (docs/protocols/p2p-search.md).
namespace ggen::p2p {

inline constexpr std::string_view k_search_protocol = "/ggen/search/1";

inline constexpr std::size_t k_search_text_bytes_max = SearchQuery::k_text_bytes_max;
inline constexpr std::size_t k_search_word_bytes_max = 64;  ///< of a tag, of a category
inline constexpr std::size_t k_search_tags_max = 8;
inline constexpr std::size_t k_search_except_max = 64;  ///< logs that the asker has already
inline constexpr std::size_t k_search_hits_max = 20;    ///< of one answer
inline constexpr std::size_t k_search_request_bytes_max = 4 * k_kib;
/// A package with a longer manifest is found by its followers alone.
inline constexpr std::size_t k_search_manifest_bytes_max = 32 * k_kib;
inline constexpr std::size_t k_search_hit_bytes_max = 64 * k_kib;
inline constexpr std::size_t k_search_answer_bytes_max = 512 * k_kib;  ///< all messages of one answer

struct PeerSearchRequest {
    std::string text;
    std::string category;
    std::vector<std::string> tags;
    std::vector<LogId> except;
    std::size_t limit = k_search_hits_max;
};

/// The first message of an answer; `hits` more follow.
struct PeerSearchSummary {
    std::size_t hits = 0;
    std::uint64_t matches = 0;  ///< in the logs of the peer, as it says
};

/// A package and what proves it: nothing else of an answer is believed.
struct PeerSearchHit {
    std::string log_key;  ///< the verifier key of the log, which names its origin
    std::string proof;    ///< tlog-proof of the release record, the record itself as its extra data
    Bytes manifest;       ///< gpack.toml, whose digest the record carries
};

[[nodiscard]] Bytes encode_search_request(PeerSearchRequest const& request);
/// Errors: invalid, too_large.
[[nodiscard]] Result<PeerSearchRequest> decode_search_request(BytesView message);
[[nodiscard]] Bytes encode_search_summary(PeerSearchSummary const& summary);
/// Errors: invalid, too_large (more hits than an answer may have).
[[nodiscard]] Result<PeerSearchSummary> decode_search_summary(BytesView message);
[[nodiscard]] Bytes encode_search_hit(PeerSearchHit const& hit);
/// Errors: invalid, too_large.
[[nodiscard]] Result<PeerSearchHit> decode_search_hit(BytesView message);

/// A hit that was proven: the log of that key signed a tree that holds the record, and the record names the manifest.
/// Whether the release was withdrawn later only the whole log says.
struct ProvenHit {
    merkle::VerifierKey log_key;
    LogId log;
    ReleaseRecord record;
    Manifest manifest;
    std::uint64_t index = 0;     ///< of the record
    std::uint64_t log_size = 0;  ///< of the tree that it was proven in
};
/// Errors: refused (a proof, signature or digest that is false: whoever sent it lied), invalid (of a form that is not
/// understood here).
[[nodiscard]] Result<ProvenHit> prove_search_hit(PeerSearchHit const& hit);
/// As the search index takes it; its origin is the log's id in hex.
[[nodiscard]] SearchDocument search_document(Manifest const& manifest, LogId const& log);

}  // namespace ggen::p2p
