#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "search/segment_view.hpp"

namespace ggen::search_index {

/// Documents of one segment whose name has a longer token with a certain beginning: what a walk over the documents of
/// other words is met with. A list of the segment for beginnings of many strings, else bits. Keeps its memory, one bit
/// a document. One thread.
class NamePrefixSet {
public:
    /// The documents that have a longer string than `beginning` with that beginning in their name; those from `end` on
    /// may be left out. Time linear in the strings, under k_beginning_strings_min of them, and their postings.
    void assign(SegmentView const& view, std::string_view beginning, DocId end);

    /// The first of its documents at or after `doc`, or k_none. Cheapest when `doc` ascends.
    [[nodiscard]] DocId next(DocId doc);
    /// The same, and apart from the calls of `next`.
    [[nodiscard]] bool contains(DocId doc);

private:
    void add(DocId doc) { words_[doc / 64] |= std::uint64_t{1} << (doc % 64); }
    void gather(std::string_view beginning, DocId end);
    [[nodiscard]] DocId find(DocId doc) const;

    /// A place in the list.
    struct Place {
        PostingCursor cursor;
        DocId asked = k_none;
    };
    DocId find_in_list(DocId doc, Place& place) const;

    SegmentView const* view_ = nullptr;
    std::uint32_t list_ = k_none;
    Place next_place_;
    Place contains_place_;
    std::vector<std::uint64_t> words_;
    DocId asked_ = 0;  // The last question …
    DocId next_ = 0;   // … and its answer.
};

}  // namespace ggen::search_index
