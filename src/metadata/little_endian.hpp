#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/bytes.hpp"

/// Numbers in metadata files. The reader uses bit sets of the file in place, so only little-endian machines are served.
namespace ggen::metadata {

static_assert(std::endian::native == std::endian::little);

template <class T>
[[nodiscard]] inline T load(std::uint8_t const* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
inline void append(Bytes& out, T value) {
    auto const at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
}

template <class T>
inline void store(std::uint8_t* to, T value) {
    std::memcpy(to, &value, sizeof value);
}

/// A number of 1, 2, 4 or 8 bytes; any other width is 0.
[[nodiscard]] inline std::uint64_t load_width(std::uint8_t const* from, unsigned width) {
    switch (width) {
        case 1: return *from;
        case 2: return load<std::uint16_t>(from);
        case 4: return load<std::uint32_t>(from);
        case 8: return load<std::uint64_t>(from);
        default: return 0;
    }
}

inline void append_width(Bytes& out, std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// The least of 1, 2, 4 and 8 bytes that holds `value`.
[[nodiscard]] inline unsigned width_of(std::uint64_t value) {
    if (value <= std::numeric_limits<std::uint8_t>::max()) return 1;
    if (value <= std::numeric_limits<std::uint16_t>::max()) return 2;
    return value <= std::numeric_limits<std::uint32_t>::max() ? 4 : 8;
}

}  // namespace ggen::metadata
