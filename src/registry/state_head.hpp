#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "merkle/checkpoint.hpp"
#include "registry/records.hpp"
#include "registry/root_file.hpp"

namespace ggen::detail {

/// A checkpoint with the state leaf that ends it, proven: what `state/head` holds.
struct StateHead {
    merkle::SignedCheckpoint checkpoint;
    StateLeaf leaf;
    merkle::LogProof proof;

    /// The newest time that somebody signed for: a cosignature's, else the state leaf's.
    [[nodiscard]] UnixTime last_sign_of_life() const;
};

/// Signature, inclusion of the leaf as the last entry, and its form. Errors: refused (signature_invalid,
/// proof_invalid, state_mismatch), invalid (checkpoint_malformed, proof_invalid), too_large.
[[nodiscard]] Result<StateHead> open_state_head(std::string_view bytes, RootFile const& root);

}  // namespace ggen::detail
