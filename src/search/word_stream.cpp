#include "search/word_stream.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ggen::search_index {

void WordStream::clear() {
    lists_.clear();
    cursors_used_ = 0;
    doc_ = k_none;
    weight_max_ = 0;
}

void WordStream::add(SegmentView const& view, TermId term, WordClass kind) {
    if (view.term_df(term) == 0) return;
    lists_.push_back({&view, term, kind, k_none, k_none});
    weight_max_ = std::max(weight_max_, word_weight(kind, true, true));
}

void WordStream::start() {
    cursors_used_ = 0;
    for (auto& list : lists_) {
        list.cursor = k_none;
        list.doc = list.view->term_best_doc(list.term);
    }
    std::make_heap(lists_.begin(), lists_.end(), [](List const& a, List const& b) { return a.key() > b.key(); });
    doc_ = 0;
    seek(0);
}

/// Opens `list` if need be and moves it to its first token posting at or after `doc`.
void WordStream::settle(List& list, DocId doc) {
    if (list.cursor == k_none) {
        if (cursors_used_ == cursors_.size()) cursors_.emplace_back();
        list.cursor = static_cast<std::uint32_t>(cursors_used_++);
        cursors_[list.cursor] = list.view->postings(list.term);
    }
    auto& cursor = cursors_[list.cursor];
    if (!cursor.at_end() && cursor.doc() < doc) cursor.seek(doc);
    cursor.find(k_is_token);
    list.doc = cursor.at_end() ? k_none : cursor.doc();
}

void WordStream::sift_down(std::size_t at) {
    for (;;) {
        auto const left = 2 * at + 1;
        if (left >= lists_.size()) return;
        auto const right = left + 1;
        auto const least = right < lists_.size() && lists_[right].key() < lists_[left].key() ? right : left;
        if (lists_[at].key() <= lists_[least].key()) return;
        std::swap(lists_[at], lists_[least]);
        at = least;
    }
}

void WordStream::seek(DocId doc) {
    if (doc_ == k_none) return;
    if (lists_.empty()) {
        doc_ = k_none;
        return;
    }
    // Unopened lists come before open ones of the same document, so that none at the present document stays shut.
    while (lists_.front().doc != k_none && (lists_.front().doc < doc || lists_.front().cursor == k_none)) {
        settle(lists_.front(), doc);
        sift_down(0);
    }
    doc_ = lists_.front().doc;
}

WordStream::Match WordStream::match() const {
    Match best;
    // Lists at the present document hang together from the top of the heap. Depth first, so that no more wait than
    // the heap has levels.
    std::array<std::size_t, 64> waiting;
    std::size_t count = 0;
    waiting[count++] = 0;
    while (count > 0) {
        auto const at = waiting[--count];
        if (at >= lists_.size() || lists_[at].doc != doc_) continue;
        auto const flags = cursors_[lists_[at].cursor].flags();
        bool const is_in_name = (flags & k_in_name) != 0;
        best.weight = std::max(best.weight, word_weight(lists_[at].kind, is_in_name, (flags & k_in_text) != 0));
        best.is_in_name = best.is_in_name || is_in_name;
        best.is_equal = best.is_equal || lists_[at].kind == WordClass::equal;
        waiting[count++] = 2 * at + 1;
        waiting[count++] = 2 * at + 2;
    }
    return best;
}

}  // namespace ggen::search_index
