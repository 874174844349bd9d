#include <algorithm>
#include <bit>

#include "search/fuzzy.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_presence = 0x0fffffff;
constexpr unsigned k_length_shift = 28;
constexpr std::uint32_t k_length_modulus = 16;

/// What both scans compare with. An insertion or deletion changes one presence bit, a replacement two.
struct Filter {
    std::uint32_t query = 0;
    std::uint32_t distance = 0;
    std::uint32_t bits_max = 0;       // Presence bits plus difference of lengths.
    std::uint32_t length_offset = 0;  // Puts an equal length at 8 of 16, differences around it.
};

Filter make_filter(std::uint32_t query, unsigned distance) {
    return {query, distance, 2 * distance,
            (k_length_modulus / 2 + k_length_modulus - (query >> k_length_shift)) % k_length_modulus};
}

/// Without the instruction, which not every x86-64 has, std::popcount would call a function.
std::uint32_t count_bits(std::uint32_t value) {
    value -= value >> 1U & 0x55555555U;
    value = (value & 0x33333333U) + (value >> 2U & 0x33333333U);
    return ((value + (value >> 4U)) & 0x0f0f0f0fU) * 0x01010101U >> 24U;
}

bool passes(Filter const& filter, std::uint32_t signature) {
    std::uint32_t const bits = count_bits((signature ^ filter.query) & k_presence);
    std::uint32_t const place = ((signature >> k_length_shift) + filter.length_offset) % k_length_modulus;
    std::uint32_t const half = k_length_modulus / 2;
    std::uint32_t const difference = place < half ? half - place : place - half;
    return difference <= filter.distance && bits + difference <= filter.bits_max;
}

bool passes_prefix(std::uint32_t query, unsigned distance, std::uint32_t signature) {
    return count_bits(query & ~signature & k_presence) <= distance;
}

[[maybe_unused]] std::uint32_t* push_mask(std::uint32_t mask, std::uint32_t base, std::uint32_t* out) {
    for (; mask != 0; mask &= mask - 1) *out++ = base + static_cast<std::uint32_t>(std::countr_zero(mask));
    return out;
}

#if defined(__x86_64__)

/// The lanes of 16 that stand before `end`: ranges are short, so the last ones are masked, not looped over.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,bmi2"))) __mmask16 lanes_before(std::uint32_t at,
                                                                                             std::uint32_t end) {
    return static_cast<__mmask16>(_bzhi_u32(0xffff, std::min(end - at, 16U)));
}

/// The positions `at` + lane of the set lanes. Writes 16 numbers, not all of which count.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,bmi2"))) std::uint32_t* push_lanes(
    __mmask16 mask, std::uint32_t at, std::uint32_t* out) {
    if (mask == 0) return out;
    __m512i const lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i const places = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(at)), lanes);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(mask, places));
    return out + std::popcount(static_cast<std::uint32_t>(mask));
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,bmi2"))) void scan_avx512(
    std::span<std::uint32_t const> signatures, std::span<TermRange const> ranges, Filter const& filter,
    CandidateList& out) {
    __m512i const query = _mm512_set1_epi32(static_cast<int>(filter.query));
    __m512i const presence = _mm512_set1_epi32(static_cast<int>(k_presence));
    __m512i const offset = _mm512_set1_epi32(static_cast<int>(filter.length_offset));
    __m512i const modulus = _mm512_set1_epi32(static_cast<int>(k_length_modulus - 1));
    __m512i const half = _mm512_set1_epi32(static_cast<int>(k_length_modulus / 2));
    __m512i const distance = _mm512_set1_epi32(static_cast<int>(filter.distance));
    __m512i const bits_max = _mm512_set1_epi32(static_cast<int>(filter.bits_max));
    for (auto const range : ranges) {
        auto* const first = out.room_for(range.size() + 16);
        auto* to = first;
        for (auto i = range.begin; i < range.end; i += 16) {
            auto const lanes = lanes_before(i, range.end);
            __m512i const value = _mm512_maskz_loadu_epi32(lanes, signatures.data() + i);
            __m512i const bits = _mm512_popcnt_epi32(_mm512_and_si512(_mm512_xor_si512(value, query), presence));
            __m512i const place =
                _mm512_and_si512(_mm512_add_epi32(_mm512_srli_epi32(value, k_length_shift), offset), modulus);
            __m512i const difference = _mm512_abs_epi32(_mm512_sub_epi32(place, half));
            __mmask16 const near = _mm512_mask_cmple_epu32_mask(lanes, difference, distance);
            to = push_lanes(_mm512_mask_cmple_epu32_mask(near, _mm512_add_epi32(bits, difference), bits_max), i, to);
        }
        out.added(static_cast<std::size_t>(to - first));
    }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,bmi2"))) void scan_prefix_avx512(
    std::span<std::uint32_t const> signatures, std::span<TermRange const> ranges, BytesView ranks,
    std::uint32_t query, unsigned distance, std::uint8_t rank_max, CandidateList& out) {
    __m512i const wanted = _mm512_set1_epi32(static_cast<int>(query & k_presence));
    __m512i const limit = _mm512_set1_epi32(static_cast<int>(distance));
    __m128i const rank_limit = _mm_set1_epi8(static_cast<char>(rank_max));
    for (auto const range : ranges) {
        auto* const first = out.room_for(range.size() + 16);
        auto* to = first;
        for (auto i = range.begin; i < range.end; i += 16) {
            auto const lanes = lanes_before(i, range.end);
            __m128i const rank = _mm_maskz_loadu_epi8(lanes, ranks.data() + i);
            __mmask16 const popular = _mm_mask_cmple_epu8_mask(lanes, rank, rank_limit);
            if (popular == 0) continue;
            __m512i const value = _mm512_maskz_loadu_epi32(popular, signatures.data() + i);
            __m512i const missing = _mm512_popcnt_epi32(_mm512_andnot_si512(value, wanted));
            to = push_lanes(_mm512_mask_cmple_epu32_mask(popular, missing, limit), i, to);
        }
        out.added(static_cast<std::size_t>(to - first));
    }
}

/// Bits set in each 32-bit lane.
__attribute__((target("avx2"))) __m256i popcount_avx2(__m256i value) {
    __m256i const table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1,
                                           2, 2, 3, 2, 3, 3, 4);
    __m256i const nibble = _mm256_set1_epi8(0x0f);
    __m256i const low = _mm256_shuffle_epi8(table, _mm256_and_si256(value, nibble));
    __m256i const high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(value, 4), nibble));
    __m256i const pairs = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/// Eight at a time; returns where less are left.
__attribute__((target("avx2"))) std::uint32_t scan_avx2(std::span<std::uint32_t const> signatures, TermRange range,
                                                        Filter const& filter, CandidateList& out) {
    __m256i const query = _mm256_set1_epi32(static_cast<int>(filter.query));
    __m256i const presence = _mm256_set1_epi32(static_cast<int>(k_presence));
    __m256i const offset = _mm256_set1_epi32(static_cast<int>(filter.length_offset));
    __m256i const modulus = _mm256_set1_epi32(static_cast<int>(k_length_modulus - 1));
    __m256i const half = _mm256_set1_epi32(static_cast<int>(k_length_modulus / 2));
    __m256i const distance = _mm256_set1_epi32(static_cast<int>(filter.distance));
    __m256i const bits_max = _mm256_set1_epi32(static_cast<int>(filter.bits_max));
    auto* const first = out.room_for(range.size());
    auto* to = first;
    auto i = range.begin;
    for (; range.end - i >= 8; i += 8) {
        __m256i const value = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(signatures.data() + i));
        __m256i const bits = popcount_avx2(_mm256_and_si256(_mm256_xor_si256(value, query), presence));
        __m256i const place =
            _mm256_and_si256(_mm256_add_epi32(_mm256_srli_epi32(value, k_length_shift), offset), modulus);
        __m256i const difference = _mm256_abs_epi32(_mm256_sub_epi32(place, half));
        __m256i const too_far = _mm256_or_si256(_mm256_cmpgt_epi32(_mm256_add_epi32(bits, difference), bits_max),
                                                _mm256_cmpgt_epi32(difference, distance));
        auto const mask = static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(too_far)));
        to = push_mask(~mask & 0xffU, i, to);
    }
    out.added(static_cast<std::size_t>(to - first));
    return i;
}

__attribute__((target("avx2"))) std::uint32_t scan_prefix_avx2(std::span<std::uint32_t const> signatures,
                                                               TermRange range, BytesView ranks,
                                                               std::uint32_t query, unsigned distance,
                                                               std::uint8_t rank_max, CandidateList& out) {
    __m256i const wanted = _mm256_set1_epi32(static_cast<int>(query & k_presence));
    __m256i const limit = _mm256_set1_epi32(static_cast<int>(distance));
    __m256i const rank_limit = _mm256_set1_epi32(rank_max);
    auto* const first = out.room_for(range.size());
    auto* to = first;
    auto i = range.begin;
    for (; range.end - i >= 8; i += 8) {
        __m256i const rank =
            _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(ranks.data() + i)));
        __m256i const value = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(signatures.data() + i));
        __m256i const missing = popcount_avx2(_mm256_andnot_si256(value, wanted));
        __m256i const out_of_reach =
            _mm256_or_si256(_mm256_cmpgt_epi32(missing, limit), _mm256_cmpgt_epi32(rank, rank_limit));
        auto const mask = static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(out_of_reach)));
        to = push_mask(~mask & 0xffU, i, to);
    }
    out.added(static_cast<std::size_t>(to - first));
    return i;
}

#endif

}  // namespace

ScanSpeed best_scan_speed() {
#if defined(__x86_64__)
    static ScanSpeed const best = [] {
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq") &&
            __builtin_cpu_supports("bmi2")) {
            return ScanSpeed::avx512;
        }
        return __builtin_cpu_supports("avx2") ? ScanSpeed::avx2 : ScanSpeed::scalar;
    }();
    return best;
#else
    return ScanSpeed::scalar;
#endif
}

void scan_signatures(ScanSpeed speed, std::span<std::uint32_t const> signatures, std::span<TermRange const> ranges,
                     std::uint32_t query, unsigned distance, CandidateList& out) {
    auto const filter = make_filter(query, distance);
#if defined(__x86_64__)
    if (speed == ScanSpeed::avx512) return scan_avx512(signatures, ranges, filter, out);
#else
    static_cast<void>(speed);
#endif
    for (auto const range : ranges) {
        auto i = range.begin;
#if defined(__x86_64__)
        if (speed == ScanSpeed::avx2) i = scan_avx2(signatures, range, filter, out);
#endif
        for (; i < range.end; ++i) {
            if (passes(filter, signatures[i])) out.push_back(i);
        }
    }
}

void scan_prefix_signatures(ScanSpeed speed, std::span<std::uint32_t const> signatures,
                            std::span<TermRange const> ranges, BytesView ranks, std::uint32_t query,
                            unsigned distance, std::uint8_t rank_max, CandidateList& out) {
#if defined(__x86_64__)
    if (speed == ScanSpeed::avx512) {
        return scan_prefix_avx512(signatures, ranges, ranks, query, distance, rank_max, out);
    }
#else
    static_cast<void>(speed);
#endif
    for (auto const range : ranges) {
        auto i = range.begin;
#if defined(__x86_64__)
        if (speed == ScanSpeed::avx2) {
            i = scan_prefix_avx2(signatures, range, ranks, query, distance, rank_max, out);
        }
#endif
        for (; i < range.end; ++i) {
            if (ranks[i] <= rank_max && passes_prefix(query, distance, signatures[i])) out.push_back(i);
        }
    }
}

}  // namespace ggen::search_index
