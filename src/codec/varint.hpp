#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// multiformats/unsigned-varint: at most 9 bytes, so values below 2^63.
inline constexpr std::size_t k_uvarint_bytes_max = 9;
inline constexpr std::uint64_t k_uvarint_value_max = (std::uint64_t{1} << 63U) - 1;

/// A decoded value and how many bytes it took.
struct Uvarint {
    std::uint64_t value = 0;
    std::size_t size_bytes = 0;
};

/// Appends `value` in its shortest form. Precondition: `value` <= k_uvarint_value_max.
void append_uvarint(Bytes& out, std::uint64_t value);

/// The varint that `bytes` starts with; nullopt when it goes on past the end of `bytes` (a stream may
/// bring more). Errors: invalid (longer than 9 bytes, or not the shortest form).
[[nodiscard]] Result<std::optional<Uvarint>> peek_uvarint(BytesView bytes);

/// Takes a whole varint off the front of `bytes`. Errors: invalid (as above, or cut short).
[[nodiscard]] Result<std::uint64_t> read_uvarint(BytesView& bytes);

/// Takes a varint length and that many bytes off the front of `bytes`.
/// Errors: invalid (bad varint, or the content is cut short).
[[nodiscard]] Result<BytesView> read_length_prefixed(BytesView& bytes);

void append_length_prefixed(Bytes& out, BytesView content);

}  // namespace ggen
