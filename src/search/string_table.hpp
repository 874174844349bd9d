#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

inline constexpr std::uint32_t k_string_block = 16;

/// Sorted, distinct strings, front-coded in blocks of 16, read in place.
///
/// Format: docs/formats/search-segment.md, "string table". Thread-safe; the bytes must outlive it. Damaged
/// bytes give shorter or empty strings, never a read outside the section.
class StringTable {
public:
    StringTable() = default;
    /// Errors: corrupt (the block offsets do not fit the section).
    static Result<StringTable> open(BytesView section);

    [[nodiscard]] std::uint32_t size() const { return count_; }
    [[nodiscard]] std::string_view at(std::uint32_t index, TermBuffer& buffer) const;
    /// Fetches what `at` will read.
    void prefetch(std::uint32_t index) const {
        if (index < count_) __builtin_prefetch(block(index / k_string_block).data());
    }
    /// The index of `text`, or k_none.
    [[nodiscard]] std::uint32_t find(std::string_view text, TermRange within) const;
    [[nodiscard]] std::uint32_t find(std::string_view text) const { return find(text, {0, count_}); }
    /// The first index in `within` whose string is not less than `text`; `within.end` when there is none.
    [[nodiscard]] std::uint32_t lower_bound(std::string_view text, TermRange within) const;
    /// Those of `within` that begin with `prefix`; all for an empty one.
    [[nodiscard]] TermRange prefix_range(std::string_view prefix, TermRange within) const;

private:
    friend class StringScan;
    /// The bytes of a block; empty when damaged.
    [[nodiscard]] BytesView block(std::uint32_t block_index) const;
    [[nodiscard]] std::string_view head(std::uint32_t block_index) const;

    std::uint8_t const* offsets_ = nullptr;  // u32 little-endian, one a block and the end.
    BytesView data_;
    std::uint32_t count_ = 0;
};

/// Walks a table in order without decoding a block from its start for every string. One thread.
class StringScan {
public:
    explicit StringScan(StringTable const& table) : table_(table) {}
    /// The string at `index`; cheap when `index` is at or shortly after the previous one.
    [[nodiscard]] std::string_view at(std::uint32_t index);

private:
    StringTable const& table_;
    TermBuffer buffer_;
    BytesView rest_;
    std::uint32_t next_ = k_none;  // Index of the string that `rest_` begins with.
    std::uint32_t last_ = k_none;
    std::size_t length_ = 0;
};

/// Builds a table; strings must come ascending and distinct, each 1 to k_term_bytes_max bytes.
class StringTableWriter {
public:
    void add(std::string_view text);
    [[nodiscard]] std::uint32_t size() const { return count_; }
    /// The section's bytes; the writer is empty afterwards.
    [[nodiscard]] Bytes finish();

private:
    Bytes data_;
    std::vector<std::uint32_t> offsets_;
    std::string previous_;
    std::uint32_t count_ = 0;
};

}  // namespace ggen::search_index
