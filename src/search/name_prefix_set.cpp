#include "search/name_prefix_set.hpp"

#include <algorithm>
#include <bit>

namespace ggen::search_index {

void NamePrefixSet::assign(SegmentView const& view, std::string_view beginning, DocId end) {
    view_ = &view;
    list_ = view.find_beginning(beginning);
    next_place_.asked = contains_place_.asked = k_none;
    if (list_ == k_none) gather(beginning, end);
}

void NamePrefixSet::gather(std::string_view beginning, DocId end) {
    words_.assign((std::size_t{view_->doc_count()} + 63) / 64, 0);
    auto const range = view_->prefix_range(beginning);
    auto const except = view_->find(beginning);
    asked_ = next_ = 0;
    for (auto term = range.begin; term < range.end; ++term) {
        if (term == except || view_->term_best_doc(term) >= end) continue;
        auto cursor = view_->postings(term);
        for (cursor.find(k_in_name); !cursor.at_end() && cursor.doc() < end; cursor.find(k_in_name)) {
            add(cursor.doc());
            cursor.next();
        }
    }
    next_ = find(0);
}

DocId NamePrefixSet::find_in_list(DocId doc, Place& place) const {
    // Nothing was asked yet, or less.
    if (place.asked > doc) place.cursor = view_->beginning_docs(list_);
    place.asked = doc;
    place.cursor.seek(doc);
    return place.cursor.at_end() ? k_none : place.cursor.doc();
}

DocId NamePrefixSet::next(DocId doc) {
    if (list_ != k_none) return find_in_list(doc, next_place_);
    if (doc >= asked_ && doc <= next_) return next_;
    asked_ = doc;
    next_ = find(doc);
    return next_;
}

bool NamePrefixSet::contains(DocId doc) {
    if (list_ != k_none) return find_in_list(doc, contains_place_) == doc;
    return doc / 64 < words_.size() && (words_[doc / 64] >> (doc % 64) & 1U) != 0;
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
