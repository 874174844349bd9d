#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"

/// Numbers in segment files. The reader uses arrays of the file in place, so only little-endian machines are served.
namespace ggen::search_index {

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

/// The first eight bytes, as a number that ascends with texts: most comparisons of strings need nothing else.
[[nodiscard]] inline std::uint64_t leading_bytes(std::string_view text) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data(), std::min(text.size(), sizeof bytes));
    return __builtin_bswap64(bytes);
}

/// Seven bits a byte, least first.
inline void append_varint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7U;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

/// Reads at `at` and moves it on; at most 9 bytes. False, with `value` 0, when the bytes end before the number does.
[[nodiscard]] inline bool read_varint(BytesView bytes, std::uint64_t& at, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 63 && at < bytes.size(); shift += 7) {
        std::uint8_t const byte = bytes[at++];
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if (byte < 0x80) return true;
    }
    value = 0;
    return false;
}

/// Numbers of `width` (up to 32) bits one after the other, least bit first. 8 readable bytes must follow the last.
[[nodiscard]] inline std::uint32_t load_bits(std::uint8_t const* from, std::uint64_t bit, unsigned width) {
    auto const word = load<std::uint64_t>(from + (bit >> 3U));
    return static_cast<std::uint32_t>((word >> (bit & 7U)) & ((std::uint64_t{1} << width) - 1));
}

/// Collects numbers for `load_bits`.
class BitWriter {
public:
    explicit BitWriter(Bytes& out) : out_(out) {}
    void put(std::uint32_t value, unsigned width) {
        word_ |= static_cast<std::uint64_t>(value) << used_;
        used_ += width;
        while (used_ >= 8) {
            out_.push_back(static_cast<std::uint8_t>(word_));
            word_ >>= 8U;
            used_ -= 8;
        }
    }
    /// Fills the last byte with zeros.
    void flush() {
        if (used_ > 0) out_.push_back(static_cast<std::uint8_t>(word_));
        word_ = 0;
        used_ = 0;
    }

private:
    Bytes& out_;
    std::uint64_t word_ = 0;
    unsigned used_ = 0;
};

}  // namespace ggen::search_index
