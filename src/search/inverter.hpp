#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Collects postings by string in memory: documents ascending, strings in any order. Packed, about 70 bytes a string
/// and two a posting. One thread.
class Inverter {
public:
    /// The number of `text` (1 to k_term_bytes_max bytes), counted by first appearance. The same text must not come
    /// twice for one document with different flags; documents must not fall.
    std::uint32_t add(std::string_view text, DocId doc, std::uint8_t flags) {
        return add(text, hash(text), doc, flags);
    }
    /// `add` in steps, so that the memory of many strings is fetched at the same time: `hash` for all of them, then
    /// `prefetch` with step 0, 1 and 2, then `add`.
    [[nodiscard]] static std::uint32_t hash(std::string_view text);
    void prefetch(std::uint32_t hash, int step) const;
    std::uint32_t add(std::string_view text, std::uint32_t hash, DocId doc, std::uint8_t flags);
    /// As `add` without the posting, which `post` may add.
    std::uint32_t intern(std::string_view text) { return intern(text, hash(text)); }
    void post(std::uint32_t term, DocId doc, std::uint8_t flags) { append_posting(this->term(term), doc, flags); }

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(term_count_); }
    [[nodiscard]] std::string_view text(std::uint32_t number) const {
        std::uint32_t const place = term(number).text;
        auto const* const at = texts_[place / k_chunk_bytes].get() + place % k_chunk_bytes;
        return {at + 1, static_cast<std::uint8_t>(*at)};
    }
    /// Fetches what `text` and `postings` will read; the second step needs the first to have arrived.
    void prefetch_term(std::uint32_t term, int step) const;
    /// Replaces `out` by the postings of `term`, ascending.
    void postings(std::uint32_t term, std::vector<Posting>& out) const;
    /// All numbers, by their texts bytewise.
    [[nodiscard]] std::vector<std::uint32_t> sorted() const;
    /// Gives the memory of the postings back.
    void drop_postings() { pool_.clear(); }

private:
    struct Term {
        std::uint32_t text = 0;   // Place in `texts_`.
        std::uint32_t hash = 0;
        std::uint32_t first = k_none;  // The first posting: flags in the top byte.
        DocId last = k_none;
        std::uint32_t head = 0;   // First slice of the pool, when there are more postings.
        std::uint32_t write = 0;
        std::uint16_t left = 0;   // Bytes free in the slice.
        std::uint8_t level = 0;   // Doubles the next slice.
    };
    [[nodiscard]] Term& term(std::size_t i) { return terms_[i / k_chunk_terms][i % k_chunk_terms]; }
    [[nodiscard]] Term const& term(std::size_t i) const { return terms_[i / k_chunk_terms][i % k_chunk_terms]; }
    [[nodiscard]] std::uint8_t& pool_byte(std::uint32_t at) { return pool_[at / k_chunk_bytes][at % k_chunk_bytes]; }
    [[nodiscard]] std::uint8_t pool_byte(std::uint32_t at) const {
        return pool_[at / k_chunk_bytes][at % k_chunk_bytes];
    }
    std::uint32_t intern(std::string_view text, std::uint32_t hash);
    std::uint32_t new_term(std::string_view text, std::uint32_t hash);
    void append_posting(Term& term, DocId doc, std::uint8_t flags);
    void put_byte(Term& term, std::uint8_t byte);
    std::uint32_t new_slice(std::uint32_t bytes);
    void grow();

    // Chunks, so that growing never holds two copies.
    static constexpr std::size_t k_chunk_terms = 1U << 8U;
    static constexpr std::uint32_t k_chunk_bytes = 1U << 15U;
    std::vector<std::unique_ptr<Term[]>> terms_;
    std::vector<std::unique_ptr<char[]>> texts_;
    std::vector<std::unique_ptr<std::uint8_t[]>> pool_;
    std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(64, k_none);
    std::size_t term_count_ = 0;
    std::uint32_t text_used_ = k_chunk_bytes;  // In the last chunk; full, so that the first text makes one.
    std::uint32_t pool_used_ = k_chunk_bytes;
};

}  // namespace ggen::search_index
