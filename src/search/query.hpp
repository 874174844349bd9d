#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/part.hpp"
#include "search/score.hpp"
#include "search/search.hpp"
#include "search/text.hpp"

namespace ggen::search_index {

/// One word of a query.
struct QueryWord {
    std::string_view text;
    std::uint32_t length = 0;  ///< Code points.
    double share = 0;          ///< Of the query; the shares of all words sum to 2.
};

/// A query checked and taken apart. Keeps its memory from query to query. One thread.
class PreparedQuery {
public:
    /// Errors: too_large (text, limit, offset), invalid (text is not UTF-8, offset together with `after`).
    Result<void> assign(SearchQuery const& query, Parts const& parts);

    [[nodiscard]] std::vector<QueryWord> const& words() const { return words_; }
    [[nodiscard]] std::string_view joined() const { return joined_; }
    [[nodiscard]] std::uint32_t joined_length() const { return joined_length_; }
    [[nodiscard]] bool is_blank() const { return joined_.empty(); }
    /// Whether the last word may also be the beginning of a token of the name. A single word is looked for as the
    /// beginning of whole names instead, and a word of one byte begins too many.
    [[nodiscard]] bool has_prefix_word() const {
        return has_prefix_ && words_.size() > 1 && words_.back().text.size() >= k_prefix_word_bytes_min;
    }
    [[nodiscard]] bool has_prefix_name() const { return has_prefix_; }
    [[nodiscard]] bool is_fuzzy() const { return is_fuzzy_; }
    /// Several words with a blank between them, rather than a name with other separators.
    [[nodiscard]] bool is_written_apart() const { return is_written_apart_; }

private:
    Tokenizer tokenizer_;
    std::vector<QueryWord> words_;
    std::string joined_;
    std::uint32_t joined_length_ = 0;
    bool has_prefix_ = false;
    bool is_fuzzy_ = false;
    bool is_written_apart_ = false;
};

/// Rarities brought to shares with the sum 2. `df` of each word.
void share_out(std::vector<QueryWord>& words, std::vector<std::uint64_t> const& df);

/// The longest typed share that a token of `name` gives `word` as its beginning; 0 when none begins with it.
[[nodiscard]] double best_name_prefix(std::string_view name, QueryWord const& word, Tokenizer& tokenizer);

}  // namespace ggen::search_index
