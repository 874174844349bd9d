#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "search/segment_reader.hpp"

namespace ggen::search_index {

/// Documents of a segment that are no longer: removed, or replaced by one in another segment. Immutable once shared.
class DeadSet {
public:
    explicit DeadSet(std::uint32_t doc_count) : words_((doc_count + 63) / 64) {}
    void add(DocId doc) {
        auto& word = words_[doc / 64];
        auto const bit = std::uint64_t{1} << (doc % 64);
        if ((word & bit) == 0) ++count_;
        word |= bit;
    }
    [[nodiscard]] bool contains(DocId doc) const { return (words_[doc / 64] >> (doc % 64) & 1U) != 0; }
    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    std::vector<std::uint64_t> words_;
    std::uint32_t count_ = 0;
};

/// One segment of an index and which of its documents count.
struct Part {
    std::shared_ptr<SegmentReader const> segment;
    std::shared_ptr<DeadSet const> dead;  ///< Null when all live.
    /// The dead ones once more: with them the number of live documents that have a word is exact.
    std::vector<std::shared_ptr<SegmentReader const>> graves;

    [[nodiscard]] SegmentView const& view() const { return segment->view(); }
    [[nodiscard]] bool is_live(DocId doc) const { return dead == nullptr || !dead->contains(doc); }
    [[nodiscard]] std::uint32_t live_count() const {
        return view().doc_count() - (dead == nullptr ? 0 : dead->count());
    }
};

/// What a search runs over.
struct Parts {
    std::vector<Part> live;

    [[nodiscard]] std::uint64_t document_count() const;
    /// Live documents that have `text` as a token.
    [[nodiscard]] std::uint64_t df(std::string_view text) const;
};

/// The order of documents with equal scores: more downloads, more stars, newer, then by name and origin, bytewise.
/// Within one segment it is the order of the ids.
[[nodiscard]] bool comes_before(Parts const& parts, std::uint32_t part_a, DocId a, std::uint32_t part_b, DocId b);

}  // namespace ggen::search_index
