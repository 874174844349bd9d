#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Postings of one list, ascending by document, with the flags of each. Format: docs/formats/search-segment.md,
/// "postings".
inline constexpr std::uint32_t k_posting_block = 128;
/// Bytes after the last list, so that a block can be read eight bytes at a time.
inline constexpr std::size_t k_posting_slack_bytes = 16;

/// What stands before the blocks of a list.
struct PostingListInfo {
    std::uint32_t count = 0;        ///< Postings.
    std::uint32_t token_count = 0;  ///< Of them with k_in_name or k_in_text.
    DocId best_name = k_none;       ///< Smallest document with k_joined_whole or k_joined_unscoped.
    DocId first = k_none;           ///< Smallest document.
    std::uint64_t body = 0;         ///< Offset of the skip entries or of the only block.
};

/// Walks one list in ascending document order. Copies cost 600 bytes; no allocation. One thread.
///
/// `section` must outlive the cursor. Damaged bytes end the list early; every `doc()` is below the
/// document count, whatever the bytes are.
class PostingCursor {
public:
    /// An empty list.
    PostingCursor() {}  // NOLINT(modernize-use-equals-default): leaves `docs_` unset on purpose.
    /// A list of one.
    explicit PostingCursor(Posting posting);
    /// The list at `offset` of `section`.
    PostingCursor(BytesView section, std::uint64_t offset, std::uint32_t doc_count);

    [[nodiscard]] bool at_end() const { return index_ >= block_size_; }
    /// Only while not at_end(), like the next two.
    [[nodiscard]] DocId doc() const { return docs_[index_]; }
    [[nodiscard]] std::uint8_t flags() const {
        if (flag_bits_ == 0) return block_flags_;
        std::uint32_t const bit = index_ * flag_bits_;
        auto const place = static_cast<unsigned>(data_[flags_at_ + bit / 8] >> bit % 8) & ((1U << flag_bits_) - 1);
        return static_cast<std::uint8_t>(flag_bits_ == 4 ? place : flag_table_ >> 4U * place & 0x0fU);
    }
    void next() {
        if (++index_ >= block_size_) load_block(block_ + 1);
    }
    /// To the first posting from here on with one of the flags in `mask`. Blocks without any are passed over unread.
    void find(std::uint8_t mask);
    /// To the first posting at or after `doc`; never backwards. Skips whole blocks unread.
    void seek(DocId doc);
    /// Postings of the whole list, wherever the cursor stands.
    [[nodiscard]] std::uint32_t count() const { return count_; }
    /// All flags that occur in the current block: when a wanted one is absent, `seek(block_last() + 1)`.
    [[nodiscard]] std::uint8_t block_flags() const { return block_flags_; }
    [[nodiscard]] DocId block_last() const { return docs_[block_size_ - 1]; }

private:
    void load_block(std::uint32_t block);
    void decode_block(std::uint64_t offset, std::uint32_t size, DocId first);
    [[nodiscard]] DocId skip_first(std::uint32_t block) const;
    [[nodiscard]] std::uint8_t skip_flags(std::uint32_t block) const;

    std::uint8_t const* data_ = nullptr;  // Of the section.
    std::uint64_t size_ = 0;              // Of the section, bytes.
    std::uint64_t body_ = 0;
    std::uint64_t flags_at_ = 0;          // Of the block's packed flags.
    std::uint32_t doc_count_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t blocks_ = 0;
    std::uint32_t block_ = 0;
    std::uint32_t block_size_ = 0;
    std::uint32_t index_ = 0;
    std::uint16_t flag_table_ = 0;  // Values of one or two bit flags, four bits each.
    std::uint8_t flag_bits_ = 0;    // 0: all postings of the block have block_flags_.
    std::uint8_t block_flags_ = 0;
    std::array<DocId, k_posting_block> docs_;
};

/// Appends one list to `out`. `list` is ascending, not empty, each flag below 16.
void append_posting_list(Bytes& out, std::span<Posting const> list);

/// The head of the list at `offset`; count 0 when the bytes there are damaged.
[[nodiscard]] PostingListInfo read_posting_list(BytesView section, std::uint64_t offset,
                                                std::uint32_t doc_count);

}  // namespace ggen::search_index
