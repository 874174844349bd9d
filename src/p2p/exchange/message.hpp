#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"

// Messages of /ggen/tlog/1 (docs/protocols/p2p-exchange.md).
namespace ggen::p2p {

inline constexpr std::string_view k_exchange_protocol = "/ggen/tlog/1";

/// Names a log among peers: SHA-256 of its key's name (the origin), LF, type byte and public key, of which the key id
/// of its notes is the beginning. Two logs of one origin have two names, so nobody is blamed for the other's bytes.
using LogId = Digest;
[[nodiscard]] LogId log_id(merkle::VerifierKey const& key);

/// What a path names.
enum class ObjectKind : std::uint8_t {
    log,     ///< checkpoint, tile/…, root/…, state/…
    blob,    ///< blob/sha256/<hex>
    chunks,  ///< chunks/sha256/<hex>: the blob's chunk list
    have     ///< have/sha256/<hex>: which chunks of the blob are here, a bit each, the first is the highest of a byte
};
/// One spelling for each object; everything else (`..`, a leading slash, upper case, another hash) is no path.
[[nodiscard]] std::optional<ObjectKind> kind_of_path(std::string_view path);
/// "blob/sha256/<hex>", "chunks/sha256/<hex>", "have/sha256/<hex>".
[[nodiscard]] std::string exchange_path(ObjectKind kind, Digest const& blob);
/// The blob that such a path names; nullopt for a path of the log, and for no path.
[[nodiscard]] std::optional<Digest> blob_of_path(std::string_view path);

struct ExchangeRequest {
    std::optional<LogId> log;  ///< nullopt = any; for blobs, chunks and have alone
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  ///< at most so many bytes are wanted; 1 to k_exchange_range_bytes_max
};

enum class ExchangeStatus : std::uint8_t {
    ok = 0,
    not_found = 1,   ///< not here, or not these bytes of it
    busy = 2,        ///< later
    no_range = 3,    ///< `offset` is at or past the end
    refused = 4      ///< not for you
};
/// The head of an answer; `length` bytes of the object follow it.
struct ExchangeAnswer {
    ExchangeStatus status = ExchangeStatus::ok;
    std::uint64_t total = 0;   ///< of the whole object
    std::uint64_t length = 0;  ///< min(asked, total - offset); 0 unless ok
};

[[nodiscard]] Bytes encode_exchange_request(ExchangeRequest const& request);
/// Errors: invalid (form, path, range), too_large.
[[nodiscard]] Result<ExchangeRequest> decode_exchange_request(BytesView message);
[[nodiscard]] Bytes encode_exchange_answer(ExchangeAnswer const& answer);
/// Errors: invalid, too_large.
[[nodiscard]] Result<ExchangeAnswer> decode_exchange_answer(BytesView message);

}  // namespace ggen::p2p
