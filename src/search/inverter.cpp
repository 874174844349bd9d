#include "search/inverter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/result.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_slice_bytes_min = 8;
constexpr std::uint8_t k_slice_level_max = 7;
constexpr std::uint32_t k_link_bytes = 4;  // At the end of a slice, once it is full: the next one.
constexpr unsigned k_flag_bits = 4;

std::uint32_t hash_of(std::string_view text) {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ text.size();
    while (!text.empty()) {
        std::uint64_t word = 0;
        std::size_t const used = std::min(text.size(), sizeof word);
        std::memcpy(&word, text.data(), used);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32U;
        text.remove_prefix(used);
    }
    return static_cast<std::uint32_t>(hash ^ hash >> 29U);
}

std::uint32_t slice_bytes(std::uint8_t level) { return k_slice_bytes_min << level; }

}  // namespace

std::uint32_t Inverter::hash(std::string_view text) { return hash_of(text); }

void Inverter::prefetch(std::uint32_t hash, int step) const {
    auto const* const slot = &slots_[hash & (slots_.size() - 1)];
    if (step == 0) __builtin_prefetch(slot);
    else if (*slot != k_none) prefetch_term(*slot, step - 1);
}

void Inverter::prefetch_term(std::uint32_t number, int step) const {
    auto const& wanted = term(number);
    if (step == 0) {
        __builtin_prefetch(&wanted);
        return;
    }
    __builtin_prefetch(texts_[wanted.text / k_chunk_bytes].get() + wanted.text % k_chunk_bytes);
    if (wanted.head == 0 || pool_.empty()) return;  // None, or dropped: a dictionary is written after all postings.
    __builtin_prefetch(pool_[wanted.write / k_chunk_bytes].get() + wanted.write % k_chunk_bytes);
}

std::uint32_t Inverter::add(std::string_view text, std::uint32_t hash, DocId doc, std::uint8_t flags) {
    auto const number = intern(text, hash);
    post(number, doc, flags);
    return number;
}

std::uint32_t Inverter::intern(std::string_view text, std::uint32_t hash) {
    if (term_count_ * 2 >= slots_.size()) grow();
    std::size_t const mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots_[slot] != k_none; slot = (slot + 1) & mask) {
        if (term(slots_[slot]).hash == hash && this->text(slots_[slot]) == text) return slots_[slot];
    }
    slots_[slot] = new_term(text, hash);
    return slots_[slot];
}

std::uint32_t Inverter::new_term(std::string_view text, std::uint32_t hash) {
    GGEN_ASSERT(!text.empty() && text.size() <= k_term_bytes_max);
    auto const bytes = static_cast<std::uint32_t>(text.size()) + 1;
    if (k_chunk_bytes - text_used_ < bytes) {
        texts_.push_back(std::make_unique_for_overwrite<char[]>(k_chunk_bytes));
        text_used_ = 0;
    }
    auto* const at = texts_.back().get() + text_used_;
    *at = static_cast<char>(text.size());
    std::memcpy(at + 1, text.data(), text.size());
    if (term_count_ % k_chunk_terms == 0) terms_.push_back(std::make_unique<Term[]>(k_chunk_terms));
    auto& made = term(term_count_);
    made.text = static_cast<std::uint32_t>(texts_.size() - 1) * k_chunk_bytes + text_used_;
    made.hash = hash;
    text_used_ += bytes;
    return static_cast<std::uint32_t>(term_count_++);
}

void Inverter::append_posting(Term& term, DocId doc, std::uint8_t flags) {
    if (doc == term.last) return;  // The same value twice in one document.
    if (term.last == k_none) {
        term.first = static_cast<std::uint32_t>(flags) << 24U | doc;
        term.last = doc;
        return;
    }
    GGEN_ASSERT(doc > term.last);
    std::uint32_t value = (doc - term.last - 1) << k_flag_bits | flags;
    for (; value >= 0x80; value >>= 7U) put_byte(term, static_cast<std::uint8_t>(value | 0x80U));
    put_byte(term, static_cast<std::uint8_t>(value));
    term.last = doc;
}

void Inverter::put_byte(Term& term, std::uint8_t byte) {
    if (term.left == 0) {
        bool const is_first = term.head == 0 && term.write == 0;
        std::uint32_t const bytes = slice_bytes(term.level);
        std::uint32_t const slice = new_slice(bytes + k_link_bytes);
        if (is_first) {
            term.head = slice;
        } else {
            for (std::uint32_t i = 0; i < k_link_bytes; ++i) {
                pool_byte(term.write + i) = static_cast<std::uint8_t>(slice >> 8U * i);
            }
        }
        term.write = slice;
        term.left = static_cast<std::uint16_t>(bytes);
        if (term.level < k_slice_level_max) ++term.level;
    }
    pool_byte(term.write++) = byte;
    --term.left;
}

std::uint32_t Inverter::new_slice(std::uint32_t bytes) {
    if (k_chunk_bytes - pool_used_ < bytes) {
        pool_.push_back(std::make_unique<std::uint8_t[]>(k_chunk_bytes));
        // Place 0 stays unused: it says that a term has no slice.
        pool_used_ = pool_.size() == 1 ? 1 : 0;
    }
    auto const place = static_cast<std::uint32_t>(pool_.size() - 1) * k_chunk_bytes + pool_used_;
    pool_used_ += bytes;
    return place;
}

void Inverter::postings(std::uint32_t number, std::vector<Posting>& out) const {
    auto const& from = term(number);
    out.clear();
    if (from.last == k_none) return;
    out.push_back({from.first & k_documents_max, static_cast<std::uint8_t>(from.first >> 24U)});
    if (from.head == 0) return;
    std::uint32_t at = from.head;
    std::uint8_t level = 0;
    std::uint32_t left = slice_bytes(level);
    std::uint32_t value = 0;
    unsigned shift = 0;
    while (true) {
        if (at == from.write) return;
        if (left == 0) {
            std::uint32_t next = 0;
            for (std::uint32_t i = 0; i < k_link_bytes; ++i) next |= std::uint32_t{pool_byte(at + i)} << 8U * i;
            at = next;
            if (level < k_slice_level_max) ++level;
            left = slice_bytes(level);
        }
        std::uint8_t const byte = pool_byte(at++);
        --left;
        value |= std::uint32_t{byte & 0x7fU} << shift;
        shift += 7;
        if (byte >= 0x80) continue;
        out.push_back({out.back().doc + (value >> k_flag_bits) + 1,
                       static_cast<std::uint8_t>(value & ((1U << k_flag_bits) - 1))});
        value = 0;
        shift = 0;
    }
}

void Inverter::grow() {
    std::size_t const size = slots_.size() * 2;
    slots_.clear();
    slots_.shrink_to_fit();
    slots_.resize(size, k_none);
    for (std::uint32_t i = 0; i < term_count_; ++i) {
        std::size_t slot = term(i).hash & (size - 1);
        while (slots_[slot] != k_none) slot = (slot + 1) & (size - 1);
        slots_[slot] = i;
    }
}

std::vector<std::uint32_t> Inverter::sorted() const {
    struct Entry {
        std::uint64_t key;
        std::uint32_t term;
    };
    std::vector<Entry> entries;
    entries.reserve(term_count_);
    for (std::uint32_t i = 0; i < term_count_; ++i) entries.push_back({leading_bytes(text(i)), i});
    std::sort(entries.begin(), entries.end(), [&](Entry const& a, Entry const& b) {
        if (a.key != b.key) return a.key < b.key;
        return text(a.term) < text(b.term);
    });
    std::vector<std::uint32_t> order;
    order.reserve(entries.size());
    for (auto const& entry : entries) order.push_back(entry.term);
    return order;
}

}  // namespace ggen::search_index
