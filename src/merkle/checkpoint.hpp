#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"

/// C2SP tlog-checkpoint and tlog-proof.
namespace ggen::merkle {

inline constexpr std::size_t k_checkpoint_bytes_max = std::size_t{16} * 1024;

struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    Digest root;

    /// "origin LF size LF base64(root) LF".
    [[nodiscard]] std::string text() const;
    /// No extension lines are accepted, no size over k_tree_size_max, and no origin that starts with
    /// "ggen/" (records start so). Errors: invalid (checkpoint_malformed).
    [[nodiscard]] static Result<Checkpoint> parse_text(std::string_view text);
    friend bool operator==(Checkpoint const&, Checkpoint const&) = default;
};

struct SignedCheckpoint {
    Checkpoint checkpoint;
    std::string note;  ///< The signed note as received or made, byte for byte.
    UnixTime cosigned_at;  ///< Newest verified cosignature time; 0 when there is none.
};

/// Parses and verifies: origin equals `log_key.name`, signed by `log_key`; further known cosigners add time.
/// Errors: invalid (checkpoint_malformed), refused (signature_invalid), too_large.
[[nodiscard]] Result<SignedCheckpoint> open_checkpoint(std::string_view note_bytes, VerifierKey const& log_key,
                                                       std::vector<VerifierKey> const& cosigners = {});

/// `c2sp.org/tlog-proof@v1`: what a lockfile keeps per package.
struct LogProof {
    static constexpr std::size_t k_bytes_max = std::size_t{80} * 1024;
    Bytes extra;  ///< Empty = no extra line.
    std::uint64_t index = 0;
    std::vector<Digest> hashes;
    std::string checkpoint_note;

    [[nodiscard]] std::string print() const;
    /// Errors: invalid (proof_invalid), too_large.
    [[nodiscard]] static Result<LogProof> parse(std::string_view bytes);
};

}  // namespace ggen::merkle
