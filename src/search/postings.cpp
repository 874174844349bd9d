#include "search/postings.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/result.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_skip_bytes = 8;  // First document; offset and flags of the block.
constexpr unsigned k_flag_shift = 28;
constexpr std::uint32_t k_block_bytes_max = (1U << k_flag_shift) - 1;
constexpr unsigned k_delta_bits_max = 24;
/// List head: the number of postings up to 15 (0: it follows), whether all are tokens (or their number follows), and
/// which document is the best name.
constexpr std::uint8_t k_count_mask = 0x0f;
constexpr std::uint8_t k_all_tokens = 0x10;
constexpr unsigned k_best_shift = 5;
constexpr unsigned k_best_none = 0;
constexpr unsigned k_best_first = 1;
constexpr unsigned k_best_other = 2;  // Follows.

/// Block head: bits of a delta (5 bits) and how flags are kept (2 bits). Second byte: all flags that occur.
constexpr unsigned k_mode_shift = 5;
constexpr std::uint64_t k_block_head_bytes = 2;
/// Bits a flag by mode; modes 1 and 2 begin with a table of the two or four values that occur.
constexpr std::array<std::uint8_t, 4> k_flag_bits{0, 1, 2, 4};
constexpr std::array<std::uint8_t, 4> k_table_bytes{0, 1, 2, 0};

std::uint32_t block_count(std::uint32_t postings) { return (postings + k_posting_block - 1) / k_posting_block; }

std::uint8_t all_flags(std::span<Posting const> block) {
    std::uint8_t flags = 0;
    for (auto const& posting : block) flags = static_cast<std::uint8_t>(flags | posting.flags);
    return flags;
}

/// The flags that occur, ascending, four bits each.
struct FlagTable {
    std::array<std::uint8_t, 16> values{};
    std::array<std::uint8_t, 16> places{};
    std::size_t count = 0;
    [[nodiscard]] unsigned mode() const { return count == 1 ? 0 : count == 2 ? 1 : count <= 4 ? 2 : 3; }
};

FlagTable table_of(std::span<Posting const> block) {
    std::array<bool, 16> seen{};
    for (auto const& posting : block) seen[posting.flags] = true;
    FlagTable table;
    for (std::size_t flags = 0; flags < seen.size(); ++flags) {
        if (!seen[flags]) continue;
        table.places[flags] = static_cast<std::uint8_t>(table.count);
        table.values[table.count++] = static_cast<std::uint8_t>(flags);
    }
    return table;
}

void append_block(Bytes& out, std::span<Posting const> block) {
    std::uint32_t widest = 0;
    for (std::size_t i = 1; i < block.size(); ++i) widest |= block[i].doc - block[i - 1].doc - 1;
    auto const width = static_cast<unsigned>(std::bit_width(widest));
    auto const table = table_of(block);
    unsigned const mode = table.mode();
    out.push_back(static_cast<std::uint8_t>(width | mode << k_mode_shift));
    out.push_back(all_flags(block));
    BitWriter writer{out};
    for (std::size_t i = 1; i < block.size(); ++i) writer.put(block[i].doc - block[i - 1].doc - 1, width);
    writer.flush();
    for (std::size_t i = 0; i < std::size_t{2} * k_table_bytes[mode]; ++i) writer.put(table.values[i], 4);
    for (auto const& posting : block) {
        writer.put(mode == 3 ? posting.flags : table.places[posting.flags], k_flag_bits[mode]);
    }
    writer.flush();
}

/// Documents from packed deltas. The width is a constant, so that shifts and masks are.
template <unsigned Width>
DocId decode_deltas(std::uint8_t const* from, std::uint32_t size, DocId doc, DocId* out) {
    out[0] = doc;
    std::uint64_t bit = 0;
    for (std::uint32_t i = 1; i < size; ++i, bit += Width) {
        doc += load_bits(from, bit, Width) + 1;
        out[i] = doc;
    }
    return doc;
}

using Decoder = DocId (*)(std::uint8_t const*, std::uint32_t, DocId, DocId*);

template <unsigned... Widths>
constexpr std::array<Decoder, sizeof...(Widths)> make_decoders(std::integer_sequence<unsigned, Widths...>) {
    return {&decode_deltas<Widths>...};
}

constexpr auto k_decoders = make_decoders(std::make_integer_sequence<unsigned, k_delta_bits_max + 1>{});

}  // namespace

void append_posting_list(Bytes& out, std::span<Posting const> list) {
    GGEN_ASSERT(!list.empty());
    std::uint32_t tokens = 0;
    DocId best_name = k_none;
    for (auto const& posting : list) {
        if ((posting.flags & k_is_token) != 0) ++tokens;
        if ((posting.flags & k_is_joined) != 0 && best_name == k_none) best_name = posting.doc;
    }
    unsigned best = k_best_none;
    if (best_name != k_none) best = best_name == list.front().doc ? k_best_first : k_best_other;
    bool const is_short = list.size() <= k_count_mask;
    bool const all_tokens = tokens == list.size();
    out.push_back(static_cast<std::uint8_t>((is_short ? list.size() : 0U) | (all_tokens ? k_all_tokens : 0U) |
                                            best << k_best_shift));
    if (!is_short) append_varint(out, list.size());
    if (!all_tokens) append_varint(out, tokens);
    if (best == k_best_other) append_varint(out, best_name);
    auto const count = static_cast<std::uint32_t>(list.size());
    if (block_count(count) == 1) {
        append_varint(out, list.front().doc);
        append_block(out, list);
        return;
    }
    Bytes blocks;
    for (std::size_t at = 0; at < list.size(); at += k_posting_block) {
        auto const block = list.subspan(at, std::min<std::size_t>(k_posting_block, list.size() - at));
        GGEN_ASSERT(blocks.size() <= k_block_bytes_max);
        append(out, block.front().doc);
        append(out, static_cast<std::uint32_t>(blocks.size()) |
                            static_cast<std::uint32_t>(all_flags(block)) << k_flag_shift);
        append_block(blocks, block);
    }
    out.insert(out.end(), blocks.begin(), blocks.end());
}

PostingListInfo read_posting_list(BytesView section, std::uint64_t offset, std::uint32_t doc_count) {
    if (offset >= section.size()) return {};
    std::uint8_t const head = section[offset++];
    unsigned const best = head >> k_best_shift & 3U;
    std::uint64_t count = head & k_count_mask;
    std::uint64_t best_name = k_none;
    if (count == 0 && !read_varint(section, offset, count)) return {};
    std::uint64_t tokens = count;
    if ((head & k_all_tokens) == 0 && !read_varint(section, offset, tokens)) return {};
    if (best == k_best_other && (!read_varint(section, offset, best_name) || best_name >= doc_count)) return {};
    if (count == 0 || count > doc_count || tokens > count) return {};
    PostingListInfo info;
    info.count = static_cast<std::uint32_t>(count);
    info.token_count = static_cast<std::uint32_t>(tokens);
    info.best_name = static_cast<DocId>(best_name);
    std::uint64_t first = 0;
    if (block_count(info.count) == 1) {
        if (!read_varint(section, offset, first)) return {};
    } else {
        std::uint64_t const skips = std::uint64_t{block_count(info.count)} * k_skip_bytes;
        if (offset > section.size() || section.size() - offset < skips) return {};
        first = load<std::uint32_t>(section.data() + offset);
    }
    if (first >= doc_count) return {};
    info.first = static_cast<DocId>(first);
    if (best == k_best_first) info.best_name = info.first;
    info.body = offset;
    return info;
}

PostingCursor::PostingCursor(Posting posting)  // NOLINT(cppcoreguidelines-pro-type-member-init)
    : count_(1), blocks_(1), block_size_(1), block_flags_(posting.flags) {
    docs_[0] = posting.doc;
}

PostingCursor::PostingCursor(BytesView section, std::uint64_t offset,  // NOLINT(cppcoreguidelines-pro-type-member-init)
                             std::uint32_t doc_count)
    : data_(section.data()), size_(section.size()), doc_count_(doc_count) {
    auto const info = read_posting_list(section, offset, doc_count);
    count_ = info.count;
    blocks_ = block_count(info.count);
    body_ = info.body;
    if (blocks_ == 1) decode_block(info.body, info.count, info.first);
    else load_block(0);
}

DocId PostingCursor::skip_first(std::uint32_t block) const {
    return load<std::uint32_t>(data_ + body_ + std::uint64_t{block} * k_skip_bytes);
}

std::uint8_t PostingCursor::skip_flags(std::uint32_t block) const {
    auto const* const at = data_ + body_ + std::uint64_t{block} * k_skip_bytes + sizeof(std::uint32_t);
    return static_cast<std::uint8_t>(load<std::uint32_t>(at) >> k_flag_shift);
}

void PostingCursor::load_block(std::uint32_t block) {
    block_ = block;
    index_ = 0;
    block_size_ = 0;
    if (block >= blocks_ || blocks_ == 1) return;  // The only block was decoded by the constructor.
    auto const* const skip = data_ + body_ + std::uint64_t{block} * k_skip_bytes;
    std::uint64_t const offset =
        body_ + std::uint64_t{blocks_} * k_skip_bytes + (load<std::uint32_t>(skip + 4) & k_block_bytes_max);
    decode_block(offset, std::min(k_posting_block, count_ - block * k_posting_block), load<std::uint32_t>(skip));
}

void PostingCursor::decode_block(std::uint64_t offset, std::uint32_t size, DocId first) {
    if (offset > size_ || size_ - offset < k_block_head_bytes) return;
    unsigned const width = data_[offset] & 0x1fU;
    unsigned const mode = data_[offset] >> k_mode_shift & 3U;
    std::uint64_t const deltas_bytes = (std::uint64_t{size - 1} * width + 7) / 8;
    std::uint64_t const flags_bytes = k_table_bytes[mode] + (size * k_flag_bits[mode] + 7) / 8;
    if (first >= doc_count_ || width > k_delta_bits_max ||
        size_ - offset < k_block_head_bytes + deltas_bytes + flags_bytes + k_posting_slack_bytes / 2) {
        return;
    }
    block_flags_ = data_[offset + 1] & 0x0fU;
    flag_bits_ = k_flag_bits[mode];
    auto const* const deltas = data_ + offset + k_block_head_bytes;
    flag_table_ = load<std::uint16_t>(deltas + deltas_bytes);
    flags_at_ = offset + k_block_head_bytes + deltas_bytes + k_table_bytes[mode];
    // 128 deltas of 24 bits and a first document below 2^24 stay below 2^32: the sum cannot wrap.
    DocId const doc = k_decoders[width](deltas, size, first, docs_.data());
    if (doc < doc_count_) block_size_ = size;
}

void PostingCursor::find(std::uint8_t mask) {
    while (!at_end()) {
        if ((block_flags_ & mask) != 0) {
            for (; index_ < block_size_; ++index_) {
                if ((flags() & mask) != 0) return;
            }
        }
        auto block = block_ + 1;
        while (block < blocks_ && (skip_flags(block) & mask) == 0) ++block;
        load_block(block);
    }
}

void PostingCursor::seek(DocId doc) {
    if (at_end() || docs_[index_] >= doc) return;
    if (docs_[block_size_ - 1] < doc) {
        // The last block that begins at or before `doc`: gallop, then halve.
        std::uint32_t low = block_;
        std::uint32_t step = 1;
        while (low + step < blocks_ && skip_first(low + step) <= doc) {
            low += step;
            step *= 2;
        }
        std::uint32_t high = std::min(low + step, blocks_);
        while (high - low > 1) {
            std::uint32_t const middle = low + (high - low) / 2;
            if (skip_first(middle) <= doc) low = middle;
            else high = middle;
        }
        if (low != block_) load_block(low);
        if (at_end()) return;
        if (docs_[block_size_ - 1] < doc) {
            load_block(low + 1);
            return;
        }
    }
    if (docs_[index_] >= doc) return;
    // Most steps are short: gallop, then halve. The block's last document is at or after `doc`.
    std::uint32_t low = index_;
    std::uint32_t step = 1;
    while (low + step < block_size_ && docs_[low + step] < doc) {
        low += step;
        step *= 2;
    }
    auto const* const begin = docs_.data();
    auto const* const found =
        std::lower_bound(begin + low + 1, begin + std::min(low + step, block_size_ - 1), doc);
    index_ = static_cast<std::uint32_t>(found - begin);
}

}  // namespace ggen::search_index
