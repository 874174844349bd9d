#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "merkle/checkpoint.hpp"

namespace ggen {

/// Largest evidence: two checkpoints with the log's signature alone, and a proof.
inline constexpr std::size_t k_fork_evidence_bytes_max = std::size_t{16} * 1024;

/// That a log signed two histories (docs/formats/registry-layout.md). It verifies by itself: nobody but the holder of
/// the log's key can make one.
struct ForkEvidence {
    merkle::SignedCheckpoint first;   ///< Not larger than `second`. Its note has the log's signature alone.
    merkle::SignedCheckpoint second;
    Digest other_root;                ///< Of the tree of `second` at the size of `first`; not the one of `first`.
    std::vector<Digest> proof;        ///< Consistency of `second` with `other_root` at the size of `first`.

    /// Its one spelling.
    [[nodiscard]] std::string document() const;
    /// Below the memory directory of the registry.
    [[nodiscard]] std::string path() const;
};

/// Evidence of two checkpoints that `log_key` signed, once it holds. Errors: refused (proof_invalid: it proves nothing;
/// signature_invalid), invalid.
[[nodiscard]] Result<ForkEvidence> make_fork_evidence(merkle::VerifierKey const& log_key, std::string_view first_note,
                                                      std::string_view second_note, Digest const& other_root,
                                                      std::vector<Digest> proof);

/// Verifies a document, from whomever it came. Errors: those of make_fork_evidence, too_large.
[[nodiscard]] Result<ForkEvidence> check_fork_evidence(std::string_view document, merkle::VerifierKey const& log_key);

}  // namespace ggen
