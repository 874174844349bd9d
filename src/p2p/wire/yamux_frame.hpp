#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_yamux_header_bytes = 12;

enum class YamuxType : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

inline constexpr std::uint16_t k_yamux_syn = 1;
inline constexpr std::uint16_t k_yamux_ack = 2;
inline constexpr std::uint16_t k_yamux_fin = 4;
inline constexpr std::uint16_t k_yamux_rst = 8;

/// The head of a frame (libp2p/specs yamux/README.md "Framing"): all numbers big endian. `length` is the
/// size of the body for data, and credit, nonce or error code for the other types, which have no body.
struct YamuxHeader {
    YamuxType type = YamuxType::data;
    std::uint16_t flags = 0;
    std::uint32_t stream = 0;
    std::uint32_t length = 0;

    [[nodiscard]] bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
    [[nodiscard]] std::array<std::uint8_t, k_yamux_header_bytes> encode() const;
    void append_to(Bytes& out) const;
    /// Errors: invalid (version, type, or flags that do not exist).
    [[nodiscard]] static Result<YamuxHeader> decode(std::array<std::uint8_t, k_yamux_header_bytes> const& bytes);
};

}  // namespace ggen::p2p
