#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "codec/utf8.hpp"
#include "search/search.hpp"
#include "search/words.hpp"

namespace ggen {
namespace {

using search::code_points;
using search::fold;
using search::word_distance;
using search::words_of;

// What a word is worth where it is found. Whole numbers, so that sums are exact on every machine. A
// package is worth the sum over the words of the query, each counted at its best place.
constexpr int k_whole_name_score = 1000;    // The query is the name.
constexpr int k_whole_base_score = 800;     // The query is the name without its scope.
constexpr int k_name_word_score = 100;
constexpr int k_scope_word_score = 50;
constexpr int k_name_prefix_score = 60;
constexpr int k_name_part_score = 30;       // Anywhere inside, from 3 letters on.
constexpr int k_keyword_score = 40;
constexpr int k_keyword_prefix_score = 25;
constexpr int k_author_score = 12;
constexpr int k_description_score = 10;
constexpr int k_description_prefix_score = 5;
/// A word that is found only by allowing mistakes is worth this part, halved per further edit.
constexpr int k_fuzzy_divisor = 3;
constexpr std::size_t k_part_bytes_min = 3;

/// The fields of a document as search compares them.
struct Folded {
    std::string name;
    std::string base;           // Without the scope.
    std::string joined_base;    // Without separators: "commitmessages" finds commit-messages.
    std::vector<std::string> scope_words;
    std::vector<std::string> name_words;
    std::vector<std::string> keyword_words;  // Keywords, tags, category.
    std::vector<std::string> author_words;
    std::vector<std::string> description_words;
    std::string category;
    std::string license;
    std::vector<std::string> tags;
    std::vector<std::string> keywords;
    std::string authors;
};

void add_words(std::vector<std::string>& out, std::string_view text) {
    for (auto& word : words_of(text)) out.push_back(std::move(word));
}

std::vector<std::string> folded_list(std::vector<std::string> const& texts) {
    std::vector<std::string> out;
    out.reserve(texts.size());
    for (auto const& text : texts) out.push_back(fold(text));
    return out;
}

Folded fold_document(SearchDocument const& document) {
    Folded out;
    out.name = fold(document.name);
    auto const slash = out.name.find('/');
    out.base = slash == std::string::npos ? out.name : out.name.substr(slash + 1);
    if (slash != std::string::npos) add_words(out.scope_words, out.name.substr(0, slash));
    add_words(out.name_words, out.base);
    for (auto const& word : out.name_words) out.joined_base += word;
    for (auto const& keyword : document.keywords) add_words(out.keyword_words, keyword);
    for (auto const& tag : document.tags) add_words(out.keyword_words, tag);
    add_words(out.keyword_words, document.category);
    for (auto const& author : document.authors) add_words(out.author_words, author);
    add_words(out.description_words, document.description);
    out.category = fold(document.category);
    out.license = fold(document.license);
    out.tags = folded_list(document.tags);
    out.keywords = folded_list(document.keywords);
    for (auto const& author : document.authors) out.authors += fold(author) + '\n';
    return out;
}

/// One word of the query.
struct Term {
    std::string text;
    std::u32string points;
    std::size_t edits_max = 0;
};

/// A query, checked and folded once.
struct Prepared {
    std::string whole;  // Without blanks at the ends.
    std::vector<Term> terms;
    bool matches_all = false;
    std::string category;
    std::string license;
    std::string author;
    std::vector<std::string> tags;
    std::vector<std::string> keywords;
};

std::string trimmed(std::string text) {
    auto const is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    auto const first = std::find_if_not(text.begin(), text.end(), is_blank);
    return {first, text.end()};
}

Result<Prepared> prepare(SearchQuery const& query) {
    if (query.text.size() > SearchQuery::k_text_bytes_max) {
        return Error{Errc::too_large, "the search text is longer than " +
                                          std::to_string(SearchQuery::k_text_bytes_max) + " bytes"};
    }
    if (query.limit > SearchQuery::k_limit_max) {
        return Error{Errc::too_large, "the limit is over " + std::to_string(SearchQuery::k_limit_max)};
    }
    if (!is_valid_utf8(query.text)) return Error{Errc::invalid, "the search text is not UTF-8"};

    Prepared out;
    out.whole = trimmed(fold(query.text));
    out.matches_all = out.whole.empty();
    for (auto& word : words_of(query.text)) {
        bool const is_known = std::any_of(out.terms.begin(), out.terms.end(),
                                          [&](Term const& term) { return term.text == word; });
        if (is_known || out.terms.size() == SearchQuery::k_words_max) continue;
        Term term{std::move(word), {}, 0};
        term.points = code_points(term.text);
        auto const letters = term.points.size();
        if (query.fuzzy) term.edits_max = letters < 3 ? 0 : letters < 6 ? 1 : 2;
        out.terms.push_back(std::move(term));
    }
    out.category = fold(query.category);
    out.license = fold(query.license);
    out.author = trimmed(fold(query.author));
    out.tags = folded_list(query.tags);
    out.keywords = folded_list(query.keywords);
    return out;
}

bool has_all(std::vector<std::string> const& present, std::vector<std::string> const& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](std::string const& text) {
        return std::find(present.begin(), present.end(), text) != present.end();
    });
}

bool passes(Prepared const& query, SearchQuery const& limits, Folded const& folded, SearchDocument const& document) {
    return (query.category.empty() || query.category == folded.category) &&
           (query.license.empty() || query.license == folded.license) &&
           (query.author.empty() || folded.authors.find(query.author) != std::string::npos) &&
           document.stars >= limits.stars_min && document.downloads >= limits.downloads_min &&
           has_all(folded.tags, query.tags) && has_all(folded.keywords, query.keywords);
}

/// The best of: the word itself, a word that begins with it.
int score_in(std::vector<std::string> const& words, std::string const& term, int whole, int prefix) {
    int best = 0;
    for (auto const& word : words) {
        if (word == term) return whole;
        if (prefix > best && word.starts_with(term)) best = prefix;
    }
    return best;
}

int fuzzy_score_in(std::vector<std::string> const& words, Term const& term, int whole) {
    auto nearest = term.edits_max + 1;
    for (auto const& word : words) {
        // Bytes bound characters from above and, by 4, from below: cheap refusal first.
        if (word.size() > 4 * (term.points.size() + term.edits_max)) continue;
        nearest = std::min(nearest, word_distance(term.points, code_points(word), term.edits_max));
        if (nearest <= 1) break;
    }
    if (nearest > term.edits_max) return 0;
    return std::max(1, whole / k_fuzzy_divisor / (nearest >= 2 ? 2 : 1));
}

int exact_score(Folded const& folded, Term const& term) {
    auto const& text = term.text;
    int best = score_in(folded.name_words, text, k_name_word_score, k_name_prefix_score);
    if (best == k_name_word_score) return best;
    best = std::max(best, score_in(folded.scope_words, text, k_scope_word_score, k_name_part_score));
    if (folded.joined_base == text) best = std::max(best, k_name_word_score);
    if (text.size() >= k_part_bytes_min) {
        if (folded.joined_base.starts_with(text)) best = std::max(best, k_name_prefix_score);
        else if (folded.joined_base.find(text) != std::string::npos) best = std::max(best, k_name_part_score);
    }
    best = std::max(best, score_in(folded.keyword_words, text, k_keyword_score, k_keyword_prefix_score));
    best = std::max(best, score_in(folded.author_words, text, k_author_score, 0));
    return std::max(best, score_in(folded.description_words, text, k_description_score, k_description_prefix_score));
}

int fuzzy_score(Folded const& folded, Term const& term) {
    int best = fuzzy_score_in(folded.name_words, term, k_name_word_score);
    best = std::max(best, fuzzy_score_in(folded.keyword_words, term, k_keyword_score));
    return std::max(best, fuzzy_score_in(folded.description_words, term, k_description_score));
}

/// Nothing when some word of the query is not there.
std::optional<int> score_of(Prepared const& query, Folded const& folded) {
    if (query.matches_all) return 0;
    int score = 0;
    if (query.whole == folded.name) score += k_whole_name_score;
    else if (query.whole == folded.base) score += k_whole_base_score;
    if (query.terms.empty() && score == 0) return std::nullopt;
    for (auto const& term : query.terms) {
        int found = exact_score(folded, term);
        if (found == 0 && term.edits_max > 0) found = fuzzy_score(folded, term);
        if (found == 0) return std::nullopt;
        score += found;
    }
    return score;
}

/// Negative when `a` comes first by the key of `sort` alone, best first.
template <class T>
int descending(T const& a, T const& b) {
    return a == b ? 0 : (a > b ? -1 : 1);
}

class ScanIndex final : public SearchIndex {
public:
    explicit ScanIndex(std::vector<SearchDocument> documents) : documents_(std::move(documents)) {
        folded_.reserve(documents_.size());
        for (auto const& document : documents_) folded_.push_back(fold_document(document));
    }

    Result<SearchPage> search(SearchQuery const& query) const override {
        ASSIGN_OR_RETURN(auto const prepared, prepare(query));
        std::vector<Found> found;
        for (std::size_t i = 0; i < documents_.size(); ++i) {
            if (!passes(prepared, query, folded_[i], documents_[i])) continue;
            if (auto const score = score_of(prepared, folded_[i])) found.push_back({i, *score});
        }
        SearchPage page;
        page.total = found.size();
        auto const begin = std::min(query.offset, found.size());
        auto const end = begin + std::min(query.limit, found.size() - begin);
        auto const middle = found.begin() + static_cast<std::ptrdiff_t>(end);
        std::partial_sort(found.begin(), middle, found.end(),
                          [&](Found const& a, Found const& b) { return comes_first(a, b, query); });
        for (auto i = begin; i < end; ++i) {
            page.hits.push_back({documents_[found[i].document], static_cast<double>(found[i].score)});
        }
        return page;
    }

    [[nodiscard]] std::size_t document_count() const override { return documents_.size(); }

private:
    struct Found {
        std::size_t document;
        int score;
    };

    [[nodiscard]] bool comes_first(Found const& a, Found const& b, SearchQuery const& query) const {
        auto const& x = documents_[a.document];
        auto const& y = documents_[b.document];
        int order = 0;
        switch (query.sort) {
            case SearchSort::relevance: order = descending(a.score, b.score); break;
            case SearchSort::downloads: order = descending(x.downloads, y.downloads); break;
            case SearchSort::stars: order = descending(x.stars, y.stars); break;
            case SearchSort::recency: order = descending(x.released_unix, y.released_unix); break;
            case SearchSort::name: order = descending(y.name, x.name); break;
        }
        if (order != 0) return (order < 0) != query.ascending;
        // Ties fall the same way in both directions.
        if (a.score != b.score) return a.score > b.score;
        if (x.downloads != y.downloads) return x.downloads > y.downloads;
        if (x.name != y.name) return x.name < y.name;
        if (x.origin != y.origin) return x.origin < y.origin;
        return a.document < b.document;
    }

    std::vector<SearchDocument> documents_;
    std::vector<Folded> folded_;
};

}  // namespace

std::unique_ptr<SearchIndex> make_scan_index(std::vector<SearchDocument> documents) {
    return std::make_unique<ScanIndex>(std::move(documents));
}

}  // namespace ggen
