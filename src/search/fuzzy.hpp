#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Longest query of a fuzzy look-up; the verifier keeps one bit a code point. Longer ones match nothing.
inline constexpr std::size_t k_fuzzy_chars_max = 64;

/// Presence of characters and length of a string in 32 bits; see docs/formats/search-segment.md, "signatures".
/// Bits 0-25 a-z, 26 digits 0-4, 27 digits 5-9, other characters the bit of their code point modulo 28; bits
/// 28-31 the count of code points modulo 16. One edit changes at most two presence bits and the count by one.
[[nodiscard]] std::uint32_t signature_of(std::string_view text);

/// Code points of `text`; a byte that is not UTF-8 stands for itself plus 0x110000.
/// Returns how many were written, at most `out.size()`.
std::size_t decode_code_points(std::string_view text, std::span<char32_t> out);

/// The inverse; returns the bytes written to `out`, which has room for four a code point.
std::size_t encode_code_points(std::span<char32_t const> code_points, std::span<char> out);

/// The optimal string alignment distance to one pattern, 64 characters at a time in parallel bits
/// (Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003).
class OsaPattern {
public:
    OsaPattern() { ascii_.fill(0); }
    /// False when `pattern` has no or more than k_fuzzy_chars_max code points; then it matches nothing.
    bool assign(std::string_view pattern);
    /// The distance when it is at most `limit`, otherwise `limit + 1`.
    [[nodiscard]] unsigned distance(std::string_view text, unsigned limit) const;
    /// The least distance to any prefix of `text`, likewise.
    [[nodiscard]] unsigned prefix_distance(std::string_view text, unsigned limit) const;
    [[nodiscard]] std::size_t length() const { return length_; }

private:
    template <bool Prefix>
    [[nodiscard]] unsigned run(std::string_view text, unsigned limit) const;
    [[nodiscard]] std::uint64_t mask_of(char32_t c) const;

    std::array<std::uint64_t, 128> ascii_;
    std::array<char32_t, k_fuzzy_chars_max> others_;  // Characters over 127 with their masks.
    std::array<std::uint64_t, k_fuzzy_chars_max> other_masks_;
    std::array<char, k_fuzzy_chars_max> set_;  // ASCII characters with a mask, to clear them again.
    std::size_t others_count_ = 0;
    std::size_t set_count_ = 0;
    std::size_t length_ = 0;
};

/// Instructions that the scans use. All give the same answers.
enum class ScanSpeed : std::uint8_t { scalar, avx2, avx512 };
/// The widest that this processor has.
[[nodiscard]] ScanSpeed best_scan_speed();

/// Numbers that scans write many at a time. Keeps its memory.
class CandidateList {
public:
    /// Room for `count` more; what is written there counts after `added`.
    std::uint32_t* room_for(std::size_t count) {
        if (items_.size() - size_ < count) items_.resize(std::max(2 * items_.size(), size_ + count));
        return items_.data() + size_;
    }
    void added(std::size_t count) { size_ += count; }
    void push_back(std::uint32_t item) {
        *room_for(1) = item;
        ++size_;
    }
    void clear() { size_ = 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::uint32_t& operator[](std::size_t i) { return items_[i]; }
    [[nodiscard]] std::uint32_t operator[](std::size_t i) const { return items_[i]; }

private:
    std::vector<std::uint32_t> items_;
    std::size_t size_ = 0;
};

/// Reused from query to query by one thread, so that look-ups do not allocate.
struct FuzzyScratch {
    ScanSpeed speed = best_scan_speed();
    OsaPattern pattern;
    std::vector<TermRange> ranges;
    CandidateList candidates;
};

/// Appends to `out` the positions in `ranges` of `signatures` at which a string within `distance` edits of one with
/// signature `query` may stand: no false negatives.
void scan_signatures(ScanSpeed speed, std::span<std::uint32_t const> signatures, std::span<TermRange const> ranges,
                     std::uint32_t query, unsigned distance, CandidateList& out);
/// The same for strings with a prefix within `distance` edits and `ranks[i] <= rank_max`; `ranks` is as long as
/// `signatures`.
void scan_prefix_signatures(ScanSpeed speed, std::span<std::uint32_t const> signatures,
                            std::span<TermRange const> ranges, BytesView ranks, std::uint32_t query,
                            unsigned distance, std::uint8_t rank_max, CandidateList& out);

}  // namespace ggen::search_index
