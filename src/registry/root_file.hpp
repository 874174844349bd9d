#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"

namespace ggen {

/// A log that was retired: its proofs stay valid up to `size`.
struct FrozenLog {
    merkle::VerifierKey key;
    std::uint64_t size = 0;
    Digest root;
};

/// The root file of a registry (trust.md 2.2): keys, threshold, log key. TUF root rules.
struct RootFile {
    static constexpr std::size_t k_bytes_max = std::size_t{64} * 1024;
    static constexpr unsigned k_steps_max = 64;  ///< Versions followed in one refresh.

    std::string registry;  ///< = origin of the log.
    std::uint64_t version = 1;
    std::string expires;  ///< "2027-11-23", UTC day.
    unsigned threshold = 1;
    std::vector<merkle::VerifierKey> keys;
    merkle::VerifierKey log_key;
    std::vector<FrozenLog> frozen;
    std::vector<merkle::VerifierKey> witnesses;
    std::string policy_tail;  ///< Further tlog-policy lines (groups, quorum), verbatim.
    std::string note;         ///< The signed note, byte for byte.

    /// Errors: invalid (root_file_invalid): grammar, threshold 0 or over the distinct keys.
    [[nodiscard]] static Result<RootFile> parse(std::string_view note_bytes);
    [[nodiscard]] std::string text() const;
    /// Signed by at least `threshold` distinct keys (distinct = key bytes) of `signers`.
    /// Errors: refused (root_file_invalid).
    [[nodiscard]] Result<void> verify_signed_by(RootFile const& signers) const;
    /// TUF 5.3: version + 1, same registry, threshold of `current` and of its own.
    [[nodiscard]] static Result<RootFile> accept_next(RootFile const& current, std::string_view note_bytes);
    /// Errors: refused (root_file_invalid) when `now` is after the day of expiry.
    [[nodiscard]] Result<void> check_expiry(UnixTime now) const;
    /// SHA-256 of the note: what users compare and pin.
    [[nodiscard]] Digest fingerprint() const;
};

}  // namespace ggen
