#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "search/score.hpp"
#include "search/segment_view.hpp"

namespace ggen::search_index {

/// Documents of one segment whose joined name is one of some strings, ascending by document. Strings are opened when
/// they are reached; of a range of strings only the most popular ones are. Keeps its memory. One thread.
class NameLists {
public:
    void clear(SegmentView const& view);
    /// The packages named by `term`; `base_weight` is for those that it names but for their scope.
    void add(TermId term, NameClass kind, double weight, double base_weight);
    /// The packages named by strings of `range` other than `except`: beginnings of which `typed` code points are known.
    void add_prefixes(TermRange range, TermId except, std::uint32_t typed);

    /// The least document not passed yet; k_none at the end.
    [[nodiscard]] DocId doc();
    struct Match {
        double weight = 0;
        double gate = 0;
        bool begins = false;    ///< The joined name is the query, or begins with it.
        bool is_equal = false;  ///< The joined name is the query.
    };
    /// What names `doc()`, the best of each; goes on to the next document. Documents at or after `end` may be left out
    /// from now on.
    [[nodiscard]] Match take(DocId end);
    /// Whether documents were left out at such an end.
    [[nodiscard]] bool is_cut() const { return is_cut_; }
    /// The largest weight of what stands in lists now, and of any prefix.
    [[nodiscard]] double list_weight_max() const { return list_weight_max_; }
    [[nodiscard]] double prefix_weight_max() const { return prefix_weight_max_; }
    /// Leaves the rest of the prefixes out.
    void close_prefixes() { has_prefixes_ = false; }
    /// The next document that only the range of prefixes has; k_none when there is none.
    [[nodiscard]] DocId prefix_doc();

private:
    struct List {
        DocId doc = k_none;
        TermId term = 0;
        NameClass kind = NameClass::none;
        double weight = 0;
        double base_weight = 0;
        std::uint32_t cursor = k_none;
    };
    void open(List& list);
    void push(List const& list);
    void advance(List& list, DocId end);
    void pull_prefixes(DocId up_to);
    void fetch_prefix();

    SegmentView const* view_ = nullptr;
    std::vector<List> lists_;  // A heap: the least document first.
    std::vector<PostingCursor> cursors_;
    std::size_t cursors_used_ = 0;
    BestNameScratch best_names_;
    TermRange range_{};
    TermId except_ = k_none;
    std::uint32_t typed_ = 0;
    bool has_prefixes_ = false;
    bool is_cut_ = false;
    NamedTerm next_prefix_{};
    double list_weight_max_ = 0;
    double prefix_weight_max_ = 0;
};

}  // namespace ggen::search_index
