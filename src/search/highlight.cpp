#include "search/highlight.hpp"

#include <algorithm>

namespace ggen::search_index {
namespace {

/// Sorted, overlapping and touching ranges made one.
void tidy(std::vector<ByteRange>& ranges) {
    std::sort(ranges.begin(), ranges.end(), [](ByteRange a, ByteRange b) { return a.begin < b.begin; });
    std::size_t kept = 0;
    for (auto const range : ranges) {
        if (kept > 0 && range.begin <= ranges[kept - 1].end) {
            ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
        } else {
            ranges[kept++] = range;
        }
    }
    ranges.resize(kept);
}

bool is_ascii_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

void Highlighter::assign(PreparedQuery const& query, Tier tier) {
    query_ = &query;
    has_near_words_ = query.is_fuzzy() && tier != Tier::strict;
    patterns_.resize(std::max(patterns_.size(), query.words().size()));
    for (std::size_t i = 0; i < query.words().size(); ++i) patterns_[i].assign(query.words()[i].text);
}

std::size_t Highlighter::covered(std::string_view token, std::size_t word, bool with_prefix) const {
    auto const& wanted = query_->words()[word];
    if (token == wanted.text) return token.size();
    bool const is_last = word + 1 == query_->words().size();
    if (with_prefix && is_last && query_->has_prefix_name() && token.starts_with(wanted.text)) {
        return wanted.text.size();
    }
    auto const edits = has_near_words_ ? edits_allowed(wanted.length) : 0;
    return edits > 0 && patterns_[word].distance(token, edits) <= edits ? token.size() : 0;
}

void Highlighter::mark_words(std::string_view text, bool with_prefix, std::vector<ByteRange>& out) {
    tokenizer_.split(text);
    for (auto const& token : tokenizer_.tokens()) {
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < query_->words().size(); ++i)
            bytes = std::max(bytes, covered(token.text, i, with_prefix));
        if (bytes == 0) continue;
        // Folding may have changed the length of what the token stands for; then the whole of it is marked.
        bool const is_part = bytes < token.text.size() && token.text.size() == token.end - token.begin;
        out.push_back({token.begin, is_part ? token.begin + bytes : token.end});
    }
}

/// "reactdom" covers "react" and "dom" of "react-dom".
void Highlighter::mark_joined(std::string_view name, std::vector<ByteRange>& out) const {
    std::string joined;
    append_joined(name, joined);
    auto const wanted = query_->joined();
    bool const is_met = joined == wanted || (query_->has_prefix_name() && joined.starts_with(wanted));
    if (!is_met || std::any_of(name.begin(), name.end(), [](char c) { return (c & 0x80) != 0; })) return;
    std::size_t left = wanted.size();
    for (std::size_t at = 0; at < name.size() && left > 0; ++at) {
        if (!is_ascii_word(name[at])) continue;
        out.push_back({at, at + 1});
        --left;
    }
}

void Highlighter::mark_name(std::string_view name, std::vector<ByteRange>& out) {
    out.clear();
    mark_words(name, true, out);
    mark_joined(name, out);
    auto const base = without_scope(name);
    if (base.size() < name.size()) {
        std::vector<ByteRange> inner;
        mark_joined(base, inner);
        auto const shift = name.size() - base.size();
        for (auto const range : inner) out.push_back({range.begin + shift, range.end + shift});
    }
    tidy(out);
}

void Highlighter::mark_text(std::string_view text, std::vector<ByteRange>& out) {
    out.clear();
    mark_words(text, false, out);
    tidy(out);
}

}  // namespace ggen::search_index
