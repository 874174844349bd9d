#include "search/fuzzy.hpp"

#include <algorithm>

namespace ggen::search_index {
namespace {

constexpr char32_t k_raw_byte = 0x110000;
constexpr std::uint32_t k_presence_bits = 28;

/// The code point at `at`, moved past it. Strict: what is not UTF-8 is a raw byte.
char32_t next_code_point(std::string_view text, std::size_t& at) {
    auto const byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::uint8_t const first = byte(at);
    if (first < 0x80) {
        ++at;
        return first;
    }
    std::size_t length = 0;
    if (first >= 0xc2 && first < 0xe0) length = 2;
    else if (first >= 0xe0 && first < 0xf0) length = 3;
    else if (first >= 0xf0 && first < 0xf5) length = 4;
    bool good = length != 0 && text.size() - at >= length;
    char32_t c = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; good && i < length; ++i) {
        good = (byte(at + i) & 0xc0U) == 0x80;
        c = c << 6U | (byte(at + i) & 0x3fU);
    }
    if (length == 3) good = good && c >= 0x800 && (c < 0xd800 || c > 0xdfff);
    if (length == 4) good = good && c >= 0x10000 && c < k_raw_byte;
    at += good ? length : 1;
    return good ? c : k_raw_byte + first;
}

std::uint32_t presence_bit(char32_t c) {
    if (c >= 'a' && c <= 'z') return 1U << (c - 'a');
    if (c >= '0' && c <= '9') return c < '5' ? 1U << 26U : 1U << 27U;
    return 1U << (c % k_presence_bits);
}

}  // namespace

std::uint32_t signature_of(std::string_view text) {
    std::uint32_t presence = 0;
    std::uint32_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) presence |= presence_bit(next_code_point(text, at));
    return presence | count << k_presence_bits;
}

std::size_t decode_code_points(std::string_view text, std::span<char32_t> out) {
    std::size_t used = 0;
    for (std::size_t at = 0; at < text.size() && used < out.size(); ++used) out[used] = next_code_point(text, at);
    return used;
}

std::size_t encode_code_points(std::span<char32_t const> code_points, std::span<char> out) {
    std::size_t used = 0;
    auto const put = [&](char32_t byte) { out[used++] = static_cast<char>(byte); };
    auto const put_rest = [&](char32_t c, unsigned shift) {
        for (; shift > 0; shift -= 6) put(0x80U | (c >> (shift - 6) & 0x3fU));
    };
    for (auto const c : code_points) {
        if (c >= k_raw_byte) {
            put(c - k_raw_byte);
        } else if (c < 0x80) {
            put(c);
        } else if (c < 0x800) {
            put(0xc0U | c >> 6U);
            put_rest(c, 6);
        } else if (c < 0x10000) {
            put(0xe0U | c >> 12U);
            put_rest(c, 12);
        } else {
            put(0xf0U | c >> 18U);
            put_rest(c, 18);
        }
    }
    return used;
}

bool OsaPattern::assign(std::string_view pattern) {
    for (std::size_t i = 0; i < set_count_; ++i) ascii_[static_cast<std::uint8_t>(set_[i])] = 0;
    set_count_ = 0;
    others_count_ = 0;
    length_ = 0;
    std::array<char32_t, k_fuzzy_chars_max + 1> characters;
    std::size_t const count = decode_code_points(pattern, characters);
    if (count == 0 || count > k_fuzzy_chars_max) return false;
    length_ = count;
    for (std::size_t i = 0; i < count; ++i) {
        char32_t const c = characters[i];
        std::uint64_t const bit = std::uint64_t{1} << i;
        if (c < ascii_.size()) {
            if (ascii_[c] == 0) set_[set_count_++] = static_cast<char>(c);
            ascii_[c] |= bit;
            continue;
        }
        auto* const end = others_.data() + others_count_;
        auto* const found = std::find(others_.data(), end, c);
        if (found == end) {
            *found = c;
            other_masks_[others_count_++] = 0;
        }
        other_masks_[static_cast<std::size_t>(found - others_.data())] |= bit;
    }
    return true;
}

std::uint64_t OsaPattern::mask_of(char32_t c) const {
    if (c < ascii_.size()) return ascii_[c];
    for (std::size_t i = 0; i < others_count_; ++i) {
        if (others_[i] == c) return other_masks_[i];
    }
    return 0;
}

template <bool Prefix>
unsigned OsaPattern::run(std::string_view text, unsigned limit) const {
    if (length_ == 0) return limit + 1;
    auto score = static_cast<unsigned>(length_);
    unsigned best = score;
    std::uint64_t const last = std::uint64_t{1} << (length_ - 1);
    std::uint64_t vertical_plus = ~std::uint64_t{0};
    std::uint64_t vertical_minus = 0;
    std::uint64_t diagonal_zero = 0;
    std::uint64_t previous_mask = 0;
    // Each further column costs an insertion, so no later result can be within the limit.
    std::size_t const columns_max = length_ + limit;
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (columns == columns_max) return Prefix ? std::min(best, limit + 1) : limit + 1;
        auto const byte = static_cast<std::uint8_t>(text[at]);
        std::uint64_t const mask = byte < 0x80 ? ascii_[text[at++] & 0x7f] : mask_of(next_code_point(text, at));
        std::uint64_t const swapped = ((~diagonal_zero & mask) << 1U) & previous_mask;
        diagonal_zero =
            (((mask & vertical_plus) + vertical_plus) ^ vertical_plus) | mask | vertical_minus | swapped;
        std::uint64_t horizontal_plus = vertical_minus | ~(diagonal_zero | vertical_plus);
        std::uint64_t horizontal_minus = diagonal_zero & vertical_plus;
        if ((horizontal_plus & last) != 0) ++score;
        if ((horizontal_minus & last) != 0) --score;
        horizontal_plus = horizontal_plus << 1U | 1U;
        horizontal_minus <<= 1U;
        vertical_plus = horizontal_minus | ~(diagonal_zero | horizontal_plus);
        vertical_minus = horizontal_plus & diagonal_zero;
        previous_mask = mask;
        ++columns;
        best = std::min(best, score);
        // A column lowers the distance by one at most: too few may be left.
        if (score > limit + std::min(text.size() - at, columns_max - columns)) break;
    }
    return std::min(Prefix ? best : score, limit + 1);
}

unsigned OsaPattern::distance(std::string_view text, unsigned limit) const { return run<false>(text, limit); }

unsigned OsaPattern::prefix_distance(std::string_view text, unsigned limit) const { return run<true>(text, limit); }

}  // namespace ggen::search_index
