#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "p2p/wire/byte_sink.hpp"

namespace ggen::p2p {

/// Bytes in order of their writing. Large blocks are shared with their writer; small ones are joined, since each for
/// itself would cost many times its bytes.
class YamuxQueue {
public:
    [[nodiscard]] std::size_t size() const { return size_; }

    void append(BytesView bytes) {
        if (bytes.empty()) return;
        size_ += bytes.size();
        if (tail_ != nullptr && tail_->size() + bytes.size() <= k_joined_bytes_max) {
            tail_->insert(tail_->end(), bytes.begin(), bytes.end());
            return;
        }
        auto own = std::make_shared<Bytes>(bytes.begin(), bytes.end());
        tail_ = own.get();
        blocks_.push_back(std::move(own));
    }
    void append(std::shared_ptr<Bytes const> block) {
        if (block->size() < k_shared_bytes_min) return append(BytesView{*block});
        size_ += block->size();
        tail_ = nullptr;
        blocks_.push_back(std::move(block));
    }
    /// Puts the first `bytes` and forgets them. Precondition: there are as many.
    void take(std::size_t bytes, ByteSink& sink) {
        size_ -= bytes;
        while (bytes > 0) {
            BytesView const left = BytesView{*blocks_[first_]}.subspan(at_);
            BytesView const part = left.first(std::min(bytes, left.size()));
            sink.put(part);
            bytes -= part.size();
            at_ += part.size();
            if (part.size() == left.size()) forget_first();
        }
    }

private:
    static constexpr std::size_t k_shared_bytes_min = 2 * k_kib;
    static constexpr std::size_t k_joined_bytes_max = 16 * k_kib;
    static constexpr std::size_t k_gap_max = 32;

    void forget_first() {
        blocks_[first_].reset();
        at_ = 0;
        ++first_;
        if (first_ == blocks_.size()) {
            blocks_ = {};
            first_ = 0;
            tail_ = nullptr;
        } else if (first_ >= k_gap_max && first_ * 2 >= blocks_.size()) {
            blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
    }

    std::vector<std::shared_ptr<Bytes const>> blocks_;
    std::size_t first_ = 0;  // before it, all is gone
    std::size_t at_ = 0;     // in the first block
    std::size_t size_ = 0;
    Bytes* tail_ = nullptr;  // the last block, when it is nobody else's
};

}  // namespace ggen::p2p
