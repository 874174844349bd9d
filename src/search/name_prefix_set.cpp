#include "search/name_prefix_set.hpp"

#include <algorithm>
#include <bit>

namespace ggen::search_index {

void NamePrefixSet::assign(SegmentView const& view, TermRange range, TermId except, DocId end) {
    words_.assign((std::size_t{view.doc_count()} + 63) / 64, 0);
    asked_ = next_ = 0;
    for (auto term = range.begin; term < range.end; ++term) {
        if (term == except || view.term_best_doc(term) >= end) continue;
        for (auto cursor = view.postings(term); !cursor.at_end() && cursor.doc() < end;) {
            if ((cursor.block_flags() & k_in_name) == 0) {
                cursor.seek(cursor.block_last() + 1);
                continue;
            }
            if ((cursor.flags() & k_in_name) != 0) add(cursor.doc());
            cursor.next();
        }
    }
    next_ = find(0);
}

DocId NamePrefixSet::next(DocId doc) {
    if (doc >= asked_ && doc <= next_) return next_;
    asked_ = doc;
    next_ = find(doc);
    return next_;
}

DocId NamePrefixSet::find(DocId doc) const {
    std::size_t at = doc / 64;
    if (at >= words_.size()) return k_none;
    auto word = words_[at] & ~std::uint64_t{0} << (doc % 64);
    while (word == 0) {
        if (++at == words_.size()) return k_none;
        word = words_[at];
    }
    return static_cast<DocId>(at * 64 + static_cast<std::size_t>(std::countr_zero(word)));
}

}  // namespace ggen::search_index
