#pragma once

#include <cstdint>
#include <vector>

#include "search/segment_view.hpp"

namespace ggen::search_index {

/// Documents of one segment whose name has a token with a certain beginning, as bits: what a walk over the documents
/// of other words is met with. Keeps its memory, one bit a document. One thread.
class NamePrefixSet {
public:
    /// The documents that have a string of `range`, other than `except`, in their name; those from `end` on
    /// are left out. Time linear in the strings of the range and their postings.
    void assign(SegmentView const& view, TermRange range, TermId except, DocId end);

    /// The first of its documents at or after `doc`, or k_none. Remembered, so that many calls before that document
    /// cost no more than one.
    [[nodiscard]] DocId next(DocId doc);
    [[nodiscard]] bool contains(DocId doc) const {
        return doc / 64 < words_.size() && (words_[doc / 64] >> (doc % 64) & 1U) != 0;
    }

private:
    void add(DocId doc) { words_[doc / 64] |= std::uint64_t{1} << (doc % 64); }
    [[nodiscard]] DocId find(DocId doc) const;

    std::vector<std::uint64_t> words_;
    DocId asked_ = 0;  // The last question …
    DocId next_ = 0;   // … and its answer.
};

}  // namespace ggen::search_index
