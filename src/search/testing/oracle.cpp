#include "search/testing/oracle.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "search/fuzzy.hpp"
#include "search/text.hpp"
#include "search/words.hpp"

namespace ggen::testing {
namespace {

using search_index::append_joined;
using search_index::DocumentAnalyser;
using search_index::edits_allowed;
using search_index::Evidence;
using search_index::fold_value;
using search_index::IndexedString;
using search_index::k_enough_hits;
using search_index::k_fuzzy_chars_max;
using search_index::k_in_name;
using search_index::k_in_text;
using search_index::k_is_joined;
using search_index::k_is_token;
using search_index::k_near_enough;
using search_index::k_strong_score;
using search_index::k_typo_prefix_min;
using search_index::name_gate;
using search_index::name_weight;
using search_index::NameClass;
using search_index::popularity_of;
using search_index::rarity;
using search_index::Tier;
using search_index::Tokenizer;
using search_index::word_prefix_weight;
using search_index::word_weight;
using search_index::WordClass;


struct Word {
    std::string text;
    std::u32string points;
    double share = 0;
    std::size_t edits = 0;  // That it may have.
};

struct Analysed {
    SearchDocument const* document = nullptr;
    std::vector<std::u32string> strings;  // Tokens and joined names, each once.
    std::vector<std::pair<std::string, std::uint8_t>> tokens;
    std::vector<std::pair<std::string, bool>> names;  // Joined, and whether that is with the scope.
    std::vector<std::string> name_tokens;
};

std::uint32_t saturated(std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}
std::uint32_t released(SearchDocument const& document) {
    return document.released_unix < 0 ? 0 : saturated(static_cast<std::uint64_t>(document.released_unix));
}

Analysed analyse(SearchDocument const& document) {
    Analysed out;
    out.document = &document;
    DocumentAnalyser analyser;
    std::vector<IndexedString> strings;
    analyser.analyse(document, strings);
    for (auto const& string : strings) {
        out.strings.push_back(search::code_points(string.text));
        if ((string.flags & k_is_token) != 0) out.tokens.emplace_back(string.text, string.flags);
        if ((string.flags & k_is_joined) != 0)
            out.names.push_back({std::string{string.text}, (string.flags & search_index::k_joined_whole) != 0});
    }
    Tokenizer tokenizer;
    tokenizer.split(document.name);
    for (auto const& token : tokenizer.tokens()) out.name_tokens.emplace_back(token.text);
    return out;
}

/// Distance within `limit`; nothing beyond, and for texts that fuzzy search leaves alone.
std::optional<std::size_t> distance(std::u32string const& a, std::u32string const& b, std::size_t limit) {
    if (a.empty() || a.size() > k_fuzzy_chars_max) return std::nullopt;
    auto const found = search::word_distance(a, b, limit);
    return found <= limit ? std::optional{found} : std::nullopt;
}

class Oracle {
public:
    Oracle(std::vector<SearchDocument> const& documents, SearchQuery const& query) : query_(query) {
        for (auto const& document : documents) documents_.push_back(analyse(document));
        Tokenizer tokenizer;
        tokenizer.split_words(query.text);
        std::set<std::string> seen;
        for (auto const& token : tokenizer.tokens()) {
            std::string text{token.text};
            if (words_.size() < SearchQuery::k_words_max && seen.insert(text).second)
                words_.push_back({text, search::code_points(text), 0});
        }
        append_joined(query.text, joined_);
        joined_points_ = search::code_points(joined_);
        double sum = 0;
        for (auto& word : words_) sum += word.share = rarity(df(word.text));
        for (auto& word : words_) word.share *= 2 / sum;
        for (auto& word : words_) word.edits = edits_of(word.points);
        joined_edits_ = edits_of(joined_points_);
    }

    std::vector<OracleHit> run() {
        auto found = tier(Tier::strict);
        if (joined_.empty()) return hits_of(found);
        bool const is_relevance = query_.sort == SearchSort::relevance;
        // With `ascending`, too, the first hit is what is looked at.
        bool const is_weak = found.empty() || (is_relevance && (found.front().score < k_strong_score ||
                                                                !found.front().is_firm));
        if (query_.fuzzy && is_weak) found = tier(Tier::loose);
        if (is_relevance && words_.size() > 1 && is_weak && found.size() < (query_.fuzzy ? k_enough_hits : 1U))
            add_any(found);
        return hits_of(found);
    }

private:
    struct Found {
        Analysed const* analysed = nullptr;
        double key = 0;
        double score = 0;
        bool is_firm = false;  // Has all words, or the query for a name.
    };

    [[nodiscard]] std::uint64_t df(std::string const& text) const {
        return static_cast<std::uint64_t>(
            std::count_if(documents_.begin(), documents_.end(), [&](Analysed const& analysed) {
                return std::any_of(analysed.tokens.begin(), analysed.tokens.end(),
                                   [&](auto const& token) { return token.first == text; });
            }));
    }

    [[nodiscard]] std::size_t edits_of(std::u32string const& wanted) const {
        auto const allowed = edits_allowed(static_cast<std::uint32_t>(wanted.size()));
        if (allowed < 2 || !query_.fuzzy) return allowed;
        std::uint64_t near = 0;
        for (auto const& analysed : documents_) {
            near += static_cast<std::uint64_t>(
                std::count_if(analysed.strings.begin(), analysed.strings.end(),
                              [&](auto const& string) { return distance(wanted, string, 1).has_value(); }));
        }
        return near < k_near_enough ? 2 : 1;
    }

    static bool has_value(std::vector<std::string> const& values, std::string const& wanted) {
        return std::any_of(values.begin(), values.end(),
                           [&](std::string const& value) { return fold_value(value) == fold_value(wanted); });
    }

    [[nodiscard]] bool passes(SearchDocument const& document) const {
        auto const is = [](std::string const& wanted, std::string const& value) {
            return wanted.empty() || fold_value(wanted) == fold_value(value);
        };
        auto const has_all = [](std::vector<std::string> const& wanted, std::vector<std::string> const& values) {
            return std::all_of(wanted.begin(), wanted.end(),
                               [&](auto const& one) { return one.empty() || has_value(values, one); });
        };
        bool const has_author =
            query_.author.empty() ||
            std::any_of(document.authors.begin(), document.authors.end(), [&](std::string const& author) {
                return fold_value(author).find(fold_value(query_.author)) != std::string::npos;
            });
        bool const is_of_origin = query_.origins.empty() ||
                                  std::find(query_.origins.begin(), query_.origins.end(), document.origin) !=
                                      query_.origins.end();
        bool const is_old = query_.released_before_unix == 0 ||
                            (query_.released_before_unix > 0 &&
                             released(document) <= saturated(static_cast<std::uint64_t>(query_.released_before_unix)));
        return is(query_.category, document.category) && is(query_.license, document.license) && has_author &&
               has_all(query_.tags, document.tags) && has_all(query_.keywords, document.keywords) && is_of_origin &&
               is_old && saturated(document.stars) >= saturated(query_.stars_min) &&
               saturated(document.downloads) >= saturated(query_.downloads_min) &&
               (!query_.signed_only || document.is_signed);
    }

    /// Best name class that counts in `tier`, weights and gates taken apart. Whether a name begins with the query.
    bool weigh_name(Analysed const& analysed, Tier tier, Evidence& evidence) const {
        bool begins = false;
        bool const is_relevance = query_.sort == SearchSort::relevance;
        auto const typed = static_cast<std::uint32_t>(joined_points_.size());
        auto const note = [&](NameClass kind, std::size_t length) {
            evidence.name = std::max(evidence.name, name_weight(kind, typed, static_cast<std::uint32_t>(length)));
            evidence.name_gate = std::max(evidence.name_gate, name_gate(kind));
        };
        for (auto const& [name, is_whole] : analysed.names) {
            auto const points = search::code_points(name);
            begins = begins || name == joined_ || (query_.prefix && name.starts_with(joined_));
            if (name == joined_) note(is_whole ? NameClass::equal : NameClass::equal_base, points.size());
            else if (query_.prefix && name.starts_with(joined_))
                note(is_whole ? NameClass::prefix : NameClass::prefix_base, points.size());
            auto const edits = tier == Tier::strict ? std::min<std::size_t>(joined_edits_, 1) : joined_edits_;
            if (query_.fuzzy && edits > 0 && (is_relevance || tier != Tier::strict)) {
                auto const apart = distance(joined_points_, points, edits);
                if (apart == 1U) note(NameClass::one_edit, points.size());
                if (apart == 2U) note(NameClass::two_edits, points.size());
            }
            if (query_.fuzzy && query_.prefix && is_relevance && tier == Tier::loose && typed >= k_typo_prefix_min) {
                for (std::size_t length = 0; length <= points.size(); ++length) {
                    if (distance(joined_points_, points.substr(0, length), 1)) {
                        note(NameClass::typo_prefix, points.size());
                        break;
                    }
                }
            }
        }
        return begins;
    }

    /// Whether a token, beginnings left out, is one of the words or near it.
    bool weigh_words(Analysed const& analysed, Tier tier, bool begins, Evidence& evidence) const {
        bool has_word = false;
        evidence.has_all_words = !words_.empty();
        evidence.has_all_in_name = !words_.empty();
        for (std::size_t i = 0; i < words_.size(); ++i) {
            auto const& word = words_[i];
            double best = 0;
            bool is_met = false;
            bool is_equal = false;
            bool is_in_name = false;
            for (auto const& [text, flags] : analysed.tokens) {
                auto kind = WordClass::none;
                if (text == word.text) {
                    kind = WordClass::equal;
                    is_equal = true;
                } else if (query_.fuzzy && tier != Tier::strict) {
                    auto const apart = word.edits > 0
                                           ? distance(word.points, search::code_points(text), word.edits)
                                           : std::nullopt;
                    if (apart == 1U) kind = WordClass::one_edit;
                    if (apart == 2U) kind = WordClass::two_edits;
                }
                if (kind == WordClass::none) continue;
                is_met = true;
                is_in_name = is_in_name || (flags & k_in_name) != 0;
                best = std::max(best, word_weight(kind, (flags & k_in_name) != 0, (flags & k_in_text) != 0));
            }
            has_word = has_word || is_met;
            bool const may_begin =
                tier == Tier::any    ? false
                : words_.size() > 1 ? word.text.size() >= search_index::k_prefix_word_bytes_min
                                    : begins;
            if (!is_equal && query_.prefix && i + 1 == words_.size() && may_begin) {
                for (auto const& token : analysed.name_tokens) {
                    if (token.size() <= word.text.size() || !token.starts_with(word.text)) continue;
                    is_met = true;
                    is_in_name = true;
                    best = std::max(best, word_prefix_weight(static_cast<std::uint32_t>(word.points.size()),
                                                             static_cast<std::uint32_t>(
                                                                 search::code_points(token).size())));
                }
            }
            evidence.words += word.share * best;
            if (is_met) evidence.matched += word.share;
            evidence.has_all_words = evidence.has_all_words && is_met;
            evidence.has_all_in_name = evidence.has_all_in_name && is_in_name;
        }
        return has_word;
    }

    [[nodiscard]] bool is_named(Analysed const& analysed) const {
        return std::any_of(analysed.names.begin(), analysed.names.end(),
                           [&](auto const& name) { return name.first == joined_; });
    }

    [[nodiscard]] bool is_written_apart() const {
        return words_.size() > 1 && search_index::has_inner_blank(query_.text);
    }

    [[nodiscard]] double key_of(SearchDocument const& document, double score) const {
        double key = 0;
        switch (query_.sort) {
            case SearchSort::relevance: key = score; break;
            case SearchSort::downloads: key = saturated(document.downloads); break;
            case SearchSort::stars: key = saturated(document.stars); break;
            case SearchSort::recency: key = released(document); break;
            case SearchSort::name: return 0;
        }
        return query_.ascending ? -key : key;
    }

    [[nodiscard]] bool is_before(Found const& a, Found const& b) const {
        if (a.key != b.key) return a.key > b.key;
        auto const& x = *a.analysed->document;
        auto const& y = *b.analysed->document;
        if (query_.sort == SearchSort::name && x.name != y.name) return (x.name < y.name) != query_.ascending;
        if (saturated(x.downloads) != saturated(y.downloads)) return saturated(x.downloads) > saturated(y.downloads);
        if (saturated(x.stars) != saturated(y.stars)) return saturated(x.stars) > saturated(y.stars);
        if (released(x) != released(y)) return released(x) > released(y);
        if (x.name != y.name) return x.name < y.name;
        return x.origin < y.origin;
    }

    /// Documents with some words, behind those that are there.
    void add_any(std::vector<Found>& found) const {
        std::set<Analysed const*> known;
        for (auto const& one : found) known.insert(one.analysed);
        std::vector<Found> more;
        for (auto const& one : tier(Tier::any)) {
            if (!known.contains(one.analysed)) more.push_back(one);
        }
        found.insert(query_.ascending ? found.begin() : found.end(), more.begin(), more.end());
    }

    [[nodiscard]] std::vector<Found> tier(Tier tier) const {
        std::vector<Found> found;
        for (auto const& analysed : documents_) {
            if (!passes(*analysed.document)) continue;
            Evidence evidence;
            evidence.popularity = popularity_of(saturated(analysed.document->downloads));
            bool is_firm = joined_.empty();
            if (!joined_.empty()) {
                bool const begins = tier != Tier::any && weigh_name(analysed, tier, evidence);
                bool const has_word = weigh_words(analysed, tier, begins, evidence);
                if (evidence.name_gate == 0 && !evidence.has_all_words && !(tier == Tier::any && has_word)) continue;
                is_firm = evidence.has_all_words || is_named(analysed);
                evidence.is_equal_apart = tier != Tier::any && is_named(analysed) && is_written_apart();
                evidence.is_scoped = analysed.document->name.starts_with('@') &&
                                     analysed.document->name.find('/') != std::string::npos;
            }
            auto const score = joined_.empty() ? evidence.popularity : score_of(evidence);
            found.push_back({&analysed, key_of(*analysed.document, score), score, is_firm});
        }
        std::sort(found.begin(), found.end(), [&](Found const& a, Found const& b) { return is_before(a, b); });
        return found;
    }

    static std::vector<OracleHit> hits_of(std::vector<Found> const& found) {
        std::vector<OracleHit> out;
        out.reserve(found.size());
        for (auto const& one : found)
            out.push_back({one.analysed->document->origin, one.analysed->document->name, one.score});
        return out;
    }

    SearchQuery const& query_;
    std::vector<Analysed> documents_;
    std::vector<Word> words_;
    std::string joined_;
    std::u32string joined_points_;
    std::size_t joined_edits_ = 0;
};

}  // namespace

std::vector<OracleHit> oracle_search(std::vector<SearchDocument> const& documents, SearchQuery const& query) {
    return Oracle{documents, query}.run();
}

}  // namespace ggen::testing
