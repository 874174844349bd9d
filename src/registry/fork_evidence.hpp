#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "merkle/checkpoint.hpp"

namespace ggen::detail {

/// What is kept of a log that signed two histories (docs/formats/registry-layout.md): both signed checkpoints and, for
/// different sizes, the proof that the larger tree had another root at the smaller size.
struct ForkEvidence {
    std::string path;  ///< Below the memory directory of the registry.
    std::string document;
};
/// `first` is not larger than `second`.
[[nodiscard]] ForkEvidence make_fork_evidence(std::string_view origin, merkle::SignedCheckpoint const& first,
                                              merkle::SignedCheckpoint const& second, std::vector<Digest> const& proof);

}  // namespace ggen::detail
