#pragma once

#include <string_view>
#include <vector>

#include "search/fuzzy.hpp"
#include "search/query.hpp"
#include "search/score.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// Marks what a query matched in the texts of its hits. Keeps its memory. One thread.
class Highlighter {
public:
    /// `query` must outlive the use of `mark_…`; `tier` is the one that found the hits.
    void assign(PreparedQuery const& query, Tier tier);
    /// Byte ranges of words, ascending and apart. In a name also the letters that the joined query covers.
    void mark_name(std::string_view name, std::vector<ByteRange>& out);
    void mark_text(std::string_view text, std::vector<ByteRange>& out);

private:
    void mark_words(std::string_view text, bool with_prefix, std::vector<ByteRange>& out);
    void mark_joined(std::string_view name, std::vector<ByteRange>& out) const;
    /// Bytes of `token` that word `i` covers; 0 when it does not match.
    [[nodiscard]] std::size_t covered(std::string_view token, std::size_t word, bool with_prefix) const;

    PreparedQuery const* query_ = nullptr;
    bool has_near_words_ = false;
    std::vector<OsaPattern> patterns_;
    Tokenizer tokenizer_;
};

}  // namespace ggen::search_index
