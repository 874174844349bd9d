#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "registry/witness.hpp"

// Messages of /ggen/witness/1: one add-checkpoint request a stream, and its answer (docs/protocols/p2p-witness.md).
namespace ggen::p2p {

inline constexpr std::string_view k_witness_protocol = "/ggen/witness/1";
inline constexpr std::size_t k_witness_answer_bytes_max = 16 * k_kib;

/// The body may have more bytes than an answer holds: it is cut.
[[nodiscard]] Bytes encode_witness_answer(WitnessAnswer const& answer);
/// Errors: invalid (no status of HTTP, no text).
[[nodiscard]] Result<WitnessAnswer> decode_witness_answer(BytesView message);

}  // namespace ggen::p2p
