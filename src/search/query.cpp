#include "search/query.hpp"

#include <algorithm>

#include "codec/utf8.hpp"

namespace ggen::search_index {
namespace {

/// False when no token of `name` can begin with `word`: an ASCII name without its first two bytes in a row.
bool may_hold(std::string_view name, std::string_view word) {
    if (word.size() < 2) return true;
    auto const folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (static_cast<unsigned char>(name[i]) >= 0x80) return true;
        if (folded(name[i]) == word[0] && i + 1 < name.size() && folded(name[i + 1]) == word[1]) return true;
    }
    return false;
}

}  // namespace

Result<void> PreparedQuery::assign(SearchQuery const& query, Parts const& parts) {
    if (query.text.size() > SearchQuery::k_text_bytes_max) {
        return Error{Errc::too_large, "the words to search for are longer than 512 bytes"};
    }
    if (query.limit > SearchQuery::k_limit_max) {
        return Error{Errc::too_large, "at most 1000 results at a time"};
    }
    if (query.offset > SearchQuery::k_offset_max) {
        return Error{Errc::too_large, "at most 100000 results can be skipped; a cursor goes further"};
    }
    if (!is_valid_utf8(query.text)) return Error{Errc::invalid, "the words to search for are not UTF-8"};
    if (query.offset != 0 && !query.after.empty()) {
        return Error{Errc::invalid, "an offset and a cursor cannot go together"};
    }
    has_prefix_ = query.prefix;
    is_fuzzy_ = query.fuzzy;
    words_.clear();
    joined_.clear();
    tokenizer_.split_words(query.text);
    for (auto const& token : tokenizer_.tokens()) {
        bool const is_known = std::any_of(words_.begin(), words_.end(),
                                          [&](QueryWord const& word) { return word.text == token.text; });
        if (is_known) continue;
        if (words_.size() == SearchQuery::k_words_max) break;
        words_.push_back({token.text, count_code_points(token.text), 0});
    }
    is_written_apart_ = words_.size() > 1 && has_inner_blank(query.text);
    append_joined(query.text, joined_);
    joined_length_ = count_code_points(joined_);
    thread_local std::vector<std::uint64_t> df;
    df.clear();
    for (auto const& word : words_) df.push_back(parts.df(word.text));
    share_out(words_, df);
    return ok();
}

void share_out(std::vector<QueryWord>& words, std::vector<std::uint64_t> const& df) {
    double sum = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i].share = rarity(df[i]);
        sum += words[i].share;
    }
    for (auto& word : words) word.share *= 2 / sum;
}

double best_name_prefix(std::string_view name, QueryWord const& word, Tokenizer& tokenizer) {
    // Most names are known not to without taking them apart.
    if (!may_hold(name, word.text)) return 0;
    tokenizer.split(name);
    double best = 0;
    for (auto const& token : tokenizer.tokens()) {
        if (token.text.size() <= word.text.size() || !token.text.starts_with(word.text)) continue;
        best = std::max(best, word_prefix_weight(word.length, count_code_points(token.text)));
    }
    return best;
}

}  // namespace ggen::search_index
