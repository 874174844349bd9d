#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

/// Records of the log: signed notes with a fixed field order (trust.md 2.4; docs/formats/records.md).
namespace ggen {

inline constexpr std::size_t k_record_bytes_max = 4096;
inline constexpr std::size_t k_record_keys_max = 16;
inline constexpr std::size_t k_origin_bytes_max = 200;

/// The name of a log: printable ASCII without space and '+', not beginning with "ggen/" (the first
/// lines of records do), at most k_origin_bytes_max bytes.
[[nodiscard]] bool is_valid_origin(std::string_view text);

/// What a claim covers: a whole namespace ("acme", everything below "acme/") or one bare name.
struct ClaimSubject {
    enum class Kind : std::uint8_t { name_space, name };
    Kind kind = Kind::name_space;
    std::string text;
    friend auto operator<=>(ClaimSubject const&, ClaimSubject const&) = default;
};

/// ggen/claim/v1
struct ClaimRecord {
    std::string registry;  ///< Origin of the log; a record counts in this log only.
    ClaimSubject subject;
    std::vector<merkle::VerifierKey> keys;
    unsigned threshold = 1;
    std::optional<merkle::VerifierKey> recovery;
};

struct BlobRef {
    Digest digest;
    std::uint64_t bytes = 0;
    friend bool operator==(BlobRef const&, BlobRef const&) = default;
};

/// ggen/release/v1
struct ReleaseRecord {
    std::string registry;
    PackageName name;
    Version version;
    std::optional<Digest> previous;  ///< Leaf hash of the last record of this name.
    BlobRef manifest;
    BlobRef archive;
    Digest tree;
    /// Root of the archive's chunk list (merkle/chunk_tree.hpp), of archives of more than one chunk; nothing in records
    /// from before there were chunks.
    std::optional<Digest> chunks = std::nullopt;
};

enum class StatusAction : std::uint8_t { yank, unyank, deprecate, undeprecate, revoke };
/// Leaves carry no free text: reasons are codes.
enum class StatusReason : std::uint8_t { unspecified, broken, security, license, replaced, mistake };

/// ggen/status/v1
struct StatusRecord {
    std::string registry;
    PackageName name;
    Version version;
    std::optional<Digest> previous;
    StatusAction action = StatusAction::yank;
    StatusReason reason = StatusReason::unspecified;
    std::string replacement;  ///< Package name for `replaced`, else "".
};

/// ggen/keys/v1: new keys for a claimed subject, signed by the old ones.
struct KeysRecord {
    std::string registry;
    ClaimSubject subject;
    std::vector<merkle::VerifierKey> keys;
    unsigned threshold = 1;
};

/// ggen/state/v1: the last leaf of every checkpoint; written by the log itself, unsigned.
struct StateLeaf {
    std::uint64_t size = 0;  ///< Entries before this one.
    UnixTime time;
    unsigned bucket_bits = 8;  ///< 8 or 16.
    Digest root;
    friend bool operator==(StateLeaf const&, StateLeaf const&) = default;
};

using Record = std::variant<ClaimRecord, ReleaseRecord, StatusRecord, KeysRecord, StateLeaf>;

/// A record with its signatures, as it stands in the log.
struct SignedRecord {
    Record record;
    merkle::Note note;  ///< For a StateLeaf: text only, no signatures.
};

/// The text of a record (what is signed). Equal records print equal bytes.
[[nodiscard]] std::string print_record(Record const& record);
/// The signed entry. Errors: too_large.
[[nodiscard]] Result<Bytes> sign_record(Record const& record, std::vector<merkle::SignerKey> const& keys);
/// One spelling only: parse, print, compare. Signatures are parsed, not verified.
/// Errors: invalid (record_invalid), too_large.
[[nodiscard]] Result<SignedRecord> parse_record(BytesView entry);

[[nodiscard]] std::string_view status_action_name(StatusAction action);
[[nodiscard]] std::string_view status_reason_name(StatusReason reason);
[[nodiscard]] Result<StatusReason> parse_status_reason(std::string_view text);

}  // namespace ggen
