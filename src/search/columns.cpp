#include "search/columns.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_head_bytes = 8;   // Width and unit.
constexpr std::size_t k_slack_bytes = 8;  // Numbers are read eight bytes at a time.
constexpr std::uint32_t k_falling_block = 64;
constexpr std::size_t k_falling_entry_bytes = 8;
constexpr std::size_t k_falling_slack_bytes = 8;
constexpr std::uint32_t k_width_bits = 6;

}  // namespace

Result<Column> Column::open(BytesView section, std::uint32_t count) {
    if (section.size() < k_head_bytes) return Error{Errc::corrupt, "column: too short"};
    Column column;
    column.width_ = load<std::uint32_t>(section.data());
    column.unit_ = load<std::uint32_t>(section.data() + 4);
    column.count_ = count;
    if (column.width_ > 32 ||
        section.size() != k_head_bytes + (std::uint64_t{count} * column.width_ + 7) / 8 + k_slack_bytes) {
        return Error{Errc::corrupt, "column: length does not fit"};
    }
    column.data_ = section.data() + k_head_bytes;
    return column;
}

std::uint32_t Column::read(MappedFile const& file, std::uint32_t index) const {
    if (index >= count_) return 0;
    std::uint64_t const bit = std::uint64_t{index} * width_;
    std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
    auto const offset = static_cast<std::uint64_t>(data_ - file.bytes().data()) + bit / 8;
    if (!file.read_at(offset, bytes)) return at(index);
    return load_bits(bytes.data(), bit % 8, width_) * unit_;
}

Bytes write_column(std::span<std::uint32_t const> values, std::uint32_t unit) {
    if (std::any_of(values.begin(), values.end(), [&](std::uint32_t value) { return value % unit != 0; })) unit = 1;
    std::uint32_t largest = 0;
    for (auto const value : values) largest |= value / unit;
    auto const width = static_cast<std::uint32_t>(std::bit_width(largest));
    Bytes section;
    section.reserve(k_head_bytes + (values.size() * width + 7) / 8 + k_slack_bytes);
    append(section, width);
    append(section, unit);
    BitWriter writer{section};
    for (auto const value : values) writer.put(value / unit, width);
    writer.flush();
    section.resize(section.size() + k_slack_bytes);
    return section;
}

Result<FallingColumn> FallingColumn::open(BytesView section, std::uint32_t count) {
    FallingColumn column;
    column.section_ = section;
    column.count_ = count;
    column.blocks_ = (count + k_falling_block - 1) / k_falling_block;
    if (section.size() < column.blocks_ * k_falling_entry_bytes + k_falling_slack_bytes) {
        return Error{Errc::corrupt, "falling column: too short"};
    }
    return column;
}

std::uint32_t FallingColumn::at(std::uint32_t index) const {
    if (index >= count_) return 0;
    auto const* const entry = section_.data() + index / k_falling_block * k_falling_entry_bytes;
    auto const first = load<std::uint32_t>(entry);
    auto const place = load<std::uint32_t>(entry + 4);
    unsigned const width = std::min(place & ((1U << k_width_bits) - 1), 32U);
    std::uint64_t const bit = std::uint64_t{index % k_falling_block} * width;
    std::uint64_t const start = blocks_ * k_falling_entry_bytes + std::uint64_t{place >> k_width_bits} * 8;
    if (start + (bit >> 3U) + k_falling_slack_bytes > section_.size()) return 0;
    return first - load_bits(section_.data() + start, bit, width);
}

std::uint32_t FallingColumn::first_below(std::uint32_t least) const {
    std::uint32_t low = 0;
    std::uint32_t high = count_;
    while (low < high) {
        std::uint32_t const middle = low + (high - low) / 2;
        if (at(middle) >= least) low = middle + 1;
        else high = middle;
    }
    return low;
}

Bytes write_falling_column(std::span<std::uint32_t const> values) {
    Bytes entries;
    Bytes packed;
    for (std::size_t at = 0; at < values.size(); at += k_falling_block) {
        auto const block = values.subspan(at, std::min<std::size_t>(k_falling_block, values.size() - at));
        auto const width = static_cast<std::uint32_t>(std::bit_width(block.front() - block.back()));
        append(entries, block.front());
        append(entries, static_cast<std::uint32_t>(packed.size() / 8) << k_width_bits | width);
        BitWriter writer{packed};
        for (auto const value : block) writer.put(block.front() - value, width);
        writer.flush();
        packed.resize((packed.size() + 7) / 8 * 8);
    }
    entries.insert(entries.end(), packed.begin(), packed.end());
    entries.resize(entries.size() + k_falling_slack_bytes);
    return entries;
}

}  // namespace ggen::search_index
