#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {

/// Unsigned numbers of 0 to 32 bits each, the least that holds the largest, times a unit; read in place, thread-safe.
/// Format: docs/formats/search-segment.md, "columns".
class Column {
public:
    Column() = default;
    /// Errors: corrupt (the section's length does not fit `count`).
    static Result<Column> open(BytesView section, std::uint32_t count);
    /// 0 when `index` is out of range.
    [[nodiscard]] std::uint32_t at(std::uint32_t index) const {
        return index >= count_ ? 0 : load_bits(data_, std::uint64_t{index} * width_, width_) * unit_;
    }
    /// `at` by a read of `file`, in which the section stands: it leaves no page of the column resident.
    [[nodiscard]] std::uint32_t read(MappedFile const& file, std::uint32_t index) const;
    [[nodiscard]] std::uint32_t size() const { return count_; }

private:
    std::uint8_t const* data_ = nullptr;
    std::uint32_t count_ = 0;
    std::uint32_t width_ = 0;
    std::uint32_t unit_ = 1;
};

/// `unit` is used when it divides all values, else 1.
[[nodiscard]] Bytes write_column(std::span<std::uint32_t const> values, std::uint32_t unit = 1);

/// Non-increasing numbers in blocks of 64: the first of each block and packed differences to it.
class FallingColumn {
public:
    FallingColumn() = default;
    /// Errors: corrupt (lengths that do not fit).
    static Result<FallingColumn> open(BytesView section, std::uint32_t count);
    [[nodiscard]] std::uint32_t at(std::uint32_t index) const;
    /// The first index whose number is below `least`.
    [[nodiscard]] std::uint32_t first_below(std::uint32_t least) const;

private:
    BytesView section_;
    std::uint32_t count_ = 0;
    std::uint32_t blocks_ = 0;
};

[[nodiscard]] Bytes write_falling_column(std::span<std::uint32_t const> values);

}  // namespace ggen::search_index
