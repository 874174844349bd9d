#pragma once

#include <cstdint>
#include <vector>

#include "search/score.hpp"
#include "search/segment_view.hpp"

namespace ggen::search_index {

/// Documents of one segment that have a word, or a string near it, as a token: ascending, with the best match of
/// each. Lists are opened when they are reached. Keeps its memory. One thread.
class WordStream {
public:
    /// Starts over with nothing.
    void clear();
    /// `view` must outlive the stream. Strings of `kind`; no string twice.
    void add(SegmentView const& view, TermId term, WordClass kind);
    /// After the last `add`, and whenever the walk begins anew: goes to the first document.
    void start();

    /// k_none at the end.
    [[nodiscard]] DocId doc() const { return doc_; }
    /// To the first document at or after `doc`; never backwards.
    void seek(DocId doc);

    struct Match {
        double weight = 0;  ///< Best word_weight.
        bool is_in_name = false;
        bool is_equal = false;  ///< One of the tokens is the word itself.
    };
    /// Of the present document.
    [[nodiscard]] Match match() const;
    /// No match weighs more.
    [[nodiscard]] double weight_max() const { return weight_max_; }
    [[nodiscard]] bool is_empty() const { return lists_.empty(); }

private:
    struct List {
        SegmentView const* view = nullptr;
        TermId term = 0;
        WordClass kind = WordClass::none;
        std::uint32_t cursor = k_none;  // In `cursors_`, once opened.
        DocId doc = k_none;             // Its next document; while it is not open, at the earliest.
        [[nodiscard]] std::uint64_t key() const {
            return std::uint64_t{doc} << 1U | static_cast<std::uint64_t>(cursor != k_none);
        }
    };
    void settle(List& list, DocId doc);
    void sift_down(std::size_t at);

    std::vector<List> lists_;  // A heap: the least document first.
    std::vector<PostingCursor> cursors_;
    std::size_t cursors_used_ = 0;
    DocId doc_ = k_none;
    double weight_max_ = 0;
};

}  // namespace ggen::search_index
