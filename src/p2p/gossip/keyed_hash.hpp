#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ggen::p2p {

/// Hash of ids that strangers choose, for lookups alone (no order is ever taken from it). The secret makes buckets
/// unpredictable, so that nobody fills one of them. Not a cryptographic function.
class KeyedHash {
public:
    using is_transparent = void;
    explicit KeyedHash(std::uint64_t secret) : secret_(secret | 1U) {}

    [[nodiscard]] std::size_t operator()(std::string_view bytes) const {
        std::uint64_t state = fold(secret_ ^ bytes.size(), 0x9e3779b97f4a7c15U);
        for (; bytes.size() >= sizeof state; bytes.remove_prefix(sizeof state)) {
            state = fold(state ^ word(bytes), secret_);
        }
        return static_cast<std::size_t>(fold(state ^ word(bytes), secret_ ^ 0xbf58476d1ce4e5b9U));
    }

private:
    [[nodiscard]] static std::uint64_t word(std::string_view bytes) {
        std::uint64_t out = 0;
        std::memcpy(&out, bytes.data(), bytes.size() < sizeof out ? bytes.size() : sizeof out);
        return out;
    }
    /// The two halves of the 128-bit product, xored: every input bit reaches every output bit.
    [[nodiscard]] static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
        __extension__ using Wide = unsigned __int128;
        Wide const product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    }
    std::uint64_t secret_;
};

}  // namespace ggen::p2p
