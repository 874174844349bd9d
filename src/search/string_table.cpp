#include "search/string_table.hpp"

#include <algorithm>
#include <cstring>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_head_bytes = 8;  // Count and length of the data.
constexpr std::size_t k_copy_bytes = 16;
/// Both lengths do not fit four bits; two bytes follow.
constexpr std::uint8_t k_long_lengths = 0xff;

/// Decodes one string that follows another in its block: keeps a prefix of `buffer` and puts the rest behind it.
/// False at the end of the bytes or when they make no sense.
bool decode_next(BytesView& rest, TermBuffer& buffer, std::size_t& length) {
    if (rest.empty()) return false;
    std::size_t shared = rest[0] >> 4U;
    std::size_t added = rest[0] & 0x0fU;
    std::size_t used = 1;
    if (rest[0] == k_long_lengths) {
        if (rest.size() < 3) return false;
        shared = rest[1];
        added = rest[2];
        used = 3;
    }
    if (shared > length || shared + added > k_term_bytes_max || added > rest.size() - used) return false;
    auto* const to = buffer.bytes.data() + shared;
    // A copy of constant length is one instruction; what is too much is overwritten by the next string.
    if (added <= k_copy_bytes && rest.size() >= used + k_copy_bytes) std::memcpy(to, rest.data() + used, k_copy_bytes);
    else std::memcpy(to, rest.data() + used, added);
    length = shared + added;
    rest = rest.subspan(used + added);
    return true;
}

/// The first string of a block stands whole.
bool decode_head(BytesView& rest, TermBuffer& buffer, std::size_t& length) {
    if (rest.empty() || rest[0] > rest.size() - 1) return false;
    length = rest[0];
    if (length <= k_copy_bytes && rest.size() > k_copy_bytes) {
        std::memcpy(buffer.bytes.data(), rest.data() + 1, k_copy_bytes);
    } else {
        std::memcpy(buffer.bytes.data(), rest.data() + 1, length);
    }
    rest = rest.subspan(1 + length);
    return true;
}

/// The smallest string after all that begin with `prefix`; empty when there is none.
std::string_view after_prefix(std::string_view prefix, TermBuffer& buffer) {
    std::size_t length = std::min(prefix.size(), k_term_bytes_max);
    while (length > 0 && static_cast<std::uint8_t>(prefix[length - 1]) == 0xff) --length;
    std::copy_n(prefix.begin(), length, buffer.bytes.begin());
    if (length > 0) ++buffer.bytes[length - 1];
    return {buffer.bytes.data(), length};
}

}  // namespace

Result<StringTable> StringTable::open(BytesView section) {
    Error const damaged{Errc::corrupt, "string table: lengths do not fit"};
    if (section.size() < k_head_bytes) return damaged;
    StringTable table;
    table.count_ = load<std::uint32_t>(section.data());
    std::uint64_t const blocks = (std::uint64_t{table.count_} + k_string_block - 1) / k_string_block;
    std::uint64_t const offsets_bytes = (blocks + 1) * sizeof(std::uint32_t);
    if (section.size() - k_head_bytes < offsets_bytes) return damaged;
    table.offsets_ = section.data() + k_head_bytes;
    table.data_ = section.subspan(k_head_bytes + offsets_bytes);
    if (table.data_.size() != load<std::uint32_t>(section.data() + 4)) return damaged;
    return table;
}

BytesView StringTable::block(std::uint32_t index) const {
    auto const* const at = offsets_ + std::size_t{index} * sizeof(std::uint32_t);
    auto const begin = load<std::uint32_t>(at);
    auto const end = load<std::uint32_t>(at + sizeof(std::uint32_t));
    if (begin > end || end > data_.size()) return {};
    return data_.subspan(begin, end - begin);
}

std::string_view StringTable::head(std::uint32_t block_index) const {
    auto const bytes = block(block_index);
    if (bytes.empty() || bytes[0] > bytes.size() - 1) return {};
    return as_text(bytes.subspan(1, bytes[0]));
}

std::string_view StringTable::at(std::uint32_t index, TermBuffer& buffer) const {
    if (index >= count_) return {};
    auto rest = block(index / k_string_block);
    std::size_t length = 0;
    if (!decode_head(rest, buffer, length)) return {};
    for (std::uint32_t i = index % k_string_block; i > 0; --i) {
        if (!decode_next(rest, buffer, length)) return {};
    }
    return {buffer.bytes.data(), length};
}

std::uint32_t StringTable::lower_bound(std::string_view text, TermRange within) const {
    std::uint32_t const end = std::min(within.end, count_);
    if (within.begin >= end) return within.end;
    // The last block whose head is less than `text`, among those that `within` touches.
    std::uint32_t low = within.begin / k_string_block;
    std::uint32_t high = (end - 1) / k_string_block + 1;
    while (high - low > 1) {
        std::uint32_t const middle = low + (high - low) / 2;
        if (head(middle) < text) low = middle;
        else high = middle;
    }
    TermBuffer buffer;
    std::size_t length = 0;
    auto rest = block(low);
    std::uint32_t index = low * k_string_block;
    std::uint32_t const block_end = std::min(index + k_string_block, end);
    bool good = decode_head(rest, buffer, length);
    for (; good && index < block_end; ++index) {
        if (index >= within.begin && std::string_view{buffer.bytes.data(), length} >= text) return index;
        if (index + 1 < block_end) good = decode_next(rest, buffer, length);
    }
    return std::max(block_end, within.begin);
}

TermRange StringTable::prefix_range(std::string_view prefix, TermRange within) const {
    TermBuffer buffer;
    TermRange range;
    range.begin = lower_bound(prefix, within);
    auto const after = after_prefix(prefix, buffer);
    range.end = after.empty() ? within.end : lower_bound(after, {range.begin, within.end});
    return range.begin < range.end ? range : TermRange{};
}

std::uint32_t StringTable::find(std::string_view text, TermRange within) const {
    std::uint32_t const index = lower_bound(text, within);
    if (index >= within.end) return k_none;
    TermBuffer buffer;
    return at(index, buffer) == text ? index : k_none;
}

std::string_view StringScan::at(std::uint32_t index) {
    if (index >= table_.count_) return {};
    if (index == last_) return {buffer_.bytes.data(), length_};
    bool good = true;
    if (next_ == k_none || index < next_ || index / k_string_block != next_ / k_string_block ||
        next_ % k_string_block == 0) {
        rest_ = table_.block(index / k_string_block);
        good = decode_head(rest_, buffer_, length_);
        next_ = index / k_string_block * k_string_block + 1;
    }
    for (; good && next_ <= index; ++next_) good = decode_next(rest_, buffer_, length_);
    if (!good) {
        next_ = last_ = k_none;
        return {};
    }
    last_ = index;
    return {buffer_.bytes.data(), length_};
}

void StringTableWriter::add(std::string_view text) {
    GGEN_ASSERT(!text.empty() && text.size() <= k_term_bytes_max && (count_ == 0 || previous_ < text));
    if (count_ % k_string_block == 0) {
        offsets_.push_back(static_cast<std::uint32_t>(data_.size()));
        data_.push_back(static_cast<std::uint8_t>(text.size()));
        data_.insert(data_.end(), text.begin(), text.end());
    } else {
        auto const ends = std::mismatch(text.begin(), text.end(), previous_.begin(), previous_.end());
        auto const shared = static_cast<std::size_t>(ends.first - text.begin());
        std::size_t const added = text.size() - shared;
        if (shared < 16 && added < 16 && shared + added < 30) {
            data_.push_back(static_cast<std::uint8_t>(shared << 4U | added));
        } else {
            data_.push_back(k_long_lengths);
            data_.push_back(static_cast<std::uint8_t>(shared));
            data_.push_back(static_cast<std::uint8_t>(added));
        }
        data_.insert(data_.end(), text.begin() + static_cast<std::ptrdiff_t>(shared), text.end());
    }
    previous_ = text;
    ++count_;
}

Bytes StringTableWriter::finish() {
    offsets_.push_back(static_cast<std::uint32_t>(data_.size()));
    Bytes section;
    section.reserve(k_head_bytes + offsets_.size() * sizeof(std::uint32_t) + data_.size());
    append(section, count_);
    append(section, static_cast<std::uint32_t>(data_.size()));
    for (auto const offset : offsets_) append(section, offset);
    section.insert(section.end(), data_.begin(), data_.end());
    *this = StringTableWriter{};
    return section;
}

}  // namespace ggen::search_index
