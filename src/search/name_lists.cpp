#include "search/name_lists.hpp"

#include <algorithm>

#include "search/text.hpp"

namespace ggen::search_index {
namespace {

constexpr auto k_least_first = [](auto const& a, auto const& b) { return a.doc > b.doc; };

}  // namespace

void NameLists::clear(SegmentView const& view) {
    view_ = &view;
    lists_.clear();
    cursors_used_ = 0;
    has_prefixes_ = false;
    is_cut_ = false;
    list_weight_max_ = 0;
    prefix_weight_max_ = 0;
}

void NameLists::push(List const& list) {
    lists_.push_back(list);
    std::push_heap(lists_.begin(), lists_.end(), k_least_first);
}

void NameLists::add(TermId term, NameClass kind, double weight, double base_weight) {
    auto const doc = view_->term_best_name_doc(term);
    if (doc == k_none) return;
    list_weight_max_ = std::max(list_weight_max_, weight);
    push({doc, term, kind, weight, base_weight, k_none});
}

void NameLists::add_prefixes(TermRange range, TermId except, std::uint32_t typed) {
    range_ = range;
    except_ = except;
    typed_ = typed;
    has_prefixes_ = range.size() > (except == k_none ? 0U : 1U);
    if (!has_prefixes_) return;
    prefix_weight_max_ = name_weight(NameClass::prefix, typed, typed + 1);
    view_->begin_best_names(range_, best_names_);
    fetch_prefix();
}

void NameLists::fetch_prefix() {
    for (;;) {
        auto const next = view_->next_best_name(range_, best_names_);
        if (!next) {
            has_prefixes_ = false;
            return;
        }
        if (next->term == except_) continue;
        next_prefix_ = *next;
        return;
    }
}

DocId NameLists::prefix_doc() { return has_prefixes_ ? next_prefix_.doc : k_none; }

/// Turns prefixes whose first document is at most `up_to` into lists.
void NameLists::pull_prefixes(DocId up_to) {
    while (has_prefixes_ && next_prefix_.doc <= up_to) {
        TermBuffer buffer;
        auto const length = count_code_points(view_->term_text(next_prefix_.term, buffer));
        push({next_prefix_.doc, next_prefix_.term, NameClass::prefix, name_weight(NameClass::prefix, typed_, length),
              name_weight(NameClass::prefix_base, typed_, length), k_none});
        fetch_prefix();
    }
}

DocId NameLists::doc() {
    auto const listed = lists_.empty() ? k_none : lists_.front().doc;
    return std::min(listed, prefix_doc());
}

void NameLists::open(List& list) {
    if (list.cursor != k_none) return;
    if (cursors_used_ == cursors_.size()) cursors_.emplace_back();
    list.cursor = static_cast<std::uint32_t>(cursors_used_++);
    cursors_[list.cursor] = view_->postings(list.term);
    cursors_[list.cursor].seek(list.doc);
}

/// To the next document that the string names.
void NameLists::advance(List& list, DocId end) {
    if (list.cursor == k_none && view_->posting_count(list.term) == 1) {
        list.doc = k_none;
        return;
    }
    open(list);
    auto& cursor = cursors_[list.cursor];
    if (!cursor.at_end()) cursor.next();
    // A common word names few packages.
    cursor.find(k_is_joined);
    is_cut_ = is_cut_ || (!cursor.at_end() && cursor.doc() >= end);
    list.doc = cursor.at_end() || cursor.doc() >= end ? k_none : cursor.doc();
}

NameLists::Match NameLists::take(DocId end) {
    Match best;
    auto const doc = this->doc();
    pull_prefixes(doc);
    while (!lists_.empty() && lists_.front().doc == doc) {
        std::pop_heap(lists_.begin(), lists_.end(), k_least_first);
        auto& list = lists_.back();
        auto weight = list.weight;
        if (list.weight != list.base_weight) {
            open(list);
            if ((cursors_[list.cursor].flags() & k_joined_whole) == 0) weight = list.base_weight;
        }
        best.weight = std::max(best.weight, weight);
        best.begins = best.begins || list.kind == NameClass::equal || list.kind == NameClass::prefix;
        best.is_equal = best.is_equal || list.kind == NameClass::equal;
        best.gate = std::max(best.gate, name_gate(list.kind));
        advance(list, end);
        if (list.doc == k_none) lists_.pop_back();
        else std::push_heap(lists_.begin(), lists_.end(), k_least_first);
    }
    return best;
}

}  // namespace ggen::search_index
