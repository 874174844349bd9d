#include "search/engine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ggen::search_index {
Ranking Engine::run(Parts const& parts, SearchQuery const& query, PreparedQuery const& prepared,
                    PageKey const* after, std::size_t count, std::vector<RankedHit>& hits) {
    parts_ = &parts;
    query_ = &query;
    prepared_ = &prepared;
    after_ = after;
    HitOrder const order{parts, query};
    order_ = &order;
    pattern_.assign(prepared.joined());
    near_strings_used_ = 0;
    word_edits_.assign(prepared.words().size(), std::nullopt);
    name_edits_.reset();
    prefix_set_part_ = k_none;
    if (after != nullptr) {
        // The tier was chosen for the first page.
        if (after->tier == Tier::any) {
            after_ = nullptr;
            run_tier(prepared.is_fuzzy() ? Tier::loose : Tier::strict, k_enough_hits);
            after_ = after;
            run_any(count);
        } else {
            run_tier(after->tier, count);
        }
    } else {
        // Whether a tier is good enough is told by as many hits, however few are asked for.
        auto const enough = std::max(count, k_enough_hits);
        run_tier(Tier::strict, enough);
        auto* found = &top_.sorted();
        bool const has_words = prepared.words().size() > 1;
        bool const is_weak = found->empty() || (is_by_relevance() && (found->front().score < k_strong_score ||
                                                                      !found->front().is_firm));
        if (!prepared.is_blank() && prepared.is_fuzzy() && is_weak) {
            run_tier(Tier::loose, enough);
            found = &top_.sorted();
        }
        auto const wanted = prepared.is_fuzzy() ? k_enough_hits : std::size_t{1};
        if (is_by_relevance() && has_words && is_weak && found->size() < wanted) run_any(enough);
    }
    auto const& found = top_.sorted();
    hits.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size())));
    return {tier_, matches_, is_exact_};
}

/// After a tier that found all there is for it, which is little.
void Engine::run_any(std::size_t count) {
    before_any_ = top_.sorted();
    auto const matches = matches_;
    run_tier(Tier::any, count);
    matches_ += matches;
    for (auto hit : before_any_) {
        hit.key += query_->ascending ? -k_before_any : k_before_any;
        if (after_ == nullptr || order_->is_after(hit, *after_)) top_.offer(hit);
    }
}

void Engine::run_tier(Tier tier, std::size_t count) {
    tier_ = tier;
    matches_ = 0;
    is_exact_ = true;
    top_.reset(*order_, count);
    for (std::uint32_t part = 0; part < parts_->live.size(); ++part) run_part(part);
}

void Engine::run_part(std::uint32_t part) {
    part_ = part;
    view_ = &parts_->live[part].view();
    offered_in_part_ = 0;
    prefix_doc_ = k_none;
    filter_.assign(*query_, parts_->live[part]);
    if (prepared_->is_blank()) return walk_all();
    open_words();
    if (tier_ == Tier::any) return walk_any();
    open_names();
    walk_matches();
    if (names_.is_cut()) is_exact_ = false;
    if (!has_typo_prefixes()) return;
    walk_typo_prefixes();
    if (names_.is_cut()) is_exact_ = false;
}

void Engine::open_words() {
    auto const& words = prepared_->words();
    while (words_.size() < words.size()) {
        words_.emplace_back();
        probes_.emplace_back();
    }
    words_max_ = 0;
    double least = std::numeric_limits<double>::infinity();
    rarest_first_.clear();
    commonest_first_.clear();
    least_share_ = 2;
    for (std::size_t i = 0; i < words.size(); ++i) {
        words_[i].clear();
        probes_[i].clear();
        auto const term = view_->find(words[i].text);
        if (term != k_none) {
            words_[i].add(*view_, term, WordClass::equal);
            probes_[i].add(*view_, term, WordClass::equal);
        }
        if (has_near_words()) add_near_words(i);
        words_[i].start();
        probes_[i].start();
        bool const may_begin = tier_ != Tier::any && i + 1 == words.size() &&
                               (i > 0 ? prepared_->has_prefix_word() : prepared_->has_prefix_name());
        auto const prefix = may_begin ? word_prefix_weight(words[i].length, words[i].length + 1) : 0.0;
        auto const weight = std::max(words_[i].weight_max(), prefix);
        words_max_ += words[i].share * weight;
        least = std::min(least, words[i].share * weight);
        if (!may_begin || words.size() == 1) rarest_first_.push_back(i);
        commonest_first_.push_back(i);
        least_share_ = std::min(least_share_, words[i].share);
    }
    if (tier_ != Tier::any && prepared_->has_prefix_word() && prefix_set_part_ != part_) {
        prefix_set_.assign(*view_, words.back().text, filter_.end());
        prefix_set_part_ = part_;
    }
    words_but_one_max_ = words.empty() ? 0 : words_max_ - least;
    // The stream whose first document is the furthest is a good guess for the shortest.
    std::sort(rarest_first_.begin(), rarest_first_.end(),
              [&](std::size_t a, std::size_t b) { return words_[a].doc() > words_[b].doc(); });
    std::sort(commonest_first_.begin(), commonest_first_.end(),
              [&](std::size_t a, std::size_t b) { return words[a].share < words[b].share; });
}

void Engine::add_near_words(std::size_t word) {
    auto const& wanted = prepared_->words()[word];
    auto const edits = edits_of(wanted.text, wanted.length, word_edits_[word]);
    if (edits == 0) return;
    for (auto const& match : near(part_, wanted.text, edits)) {
        if (match.distance == 0) continue;
        auto const kind = match.distance == 1 ? WordClass::one_edit : WordClass::two_edits;
        words_[word].add(*view_, match.term, kind);
        probes_[word].add(*view_, match.term, kind);
    }
}

unsigned Engine::edits_of(std::string_view text, std::uint32_t length, std::optional<unsigned>& known) {
    if (!known) {
        known = edits_allowed(length);
        if (*known > 1 && count_near(text) >= k_near_enough) known = 1;
    }
    return *known;
}

unsigned Engine::name_edits() {
    auto const length = prepared_->joined_length();
    if (!has_near_names()) return 0;
    if (tier_ == Tier::strict) return std::min(edits_allowed(length), 1U);
    return edits_of(prepared_->joined(), length, name_edits_);
}

std::uint64_t Engine::count_near(std::string_view text) {
    std::uint64_t count = 0;
    for (std::uint32_t i = 0; i < parts_->live.size(); ++i) {
        auto const& part = parts_->live[i];
        for (auto const& match : near(i, text, 1)) count += part.view().posting_count(match.term);
        for (auto const& grave : part.graves) {
            grave->view().fuzzy(text, 1, fuzzy_, fuzzy_matches_);
            for (auto const& match : fuzzy_matches_) count -= grave->view().posting_count(match.term);
        }
    }
    return count;
}

std::vector<FuzzyMatch> const& Engine::near(std::uint32_t part, std::string_view text, unsigned edits) {
    for (std::size_t i = 0; i < near_strings_used_; ++i) {
        auto const& known = near_strings_[i];
        if (known.part == part && known.edits == edits && known.text == text) return known.matches;
    }
    if (near_strings_used_ == near_strings_.size()) near_strings_.emplace_back();
    auto& found = near_strings_[near_strings_used_++];
    found.part = part;
    found.edits = edits;
    found.text.assign(text);
    parts_->live[part].view().fuzzy(text, edits, fuzzy_, found.matches);
    return found.matches;
}

void Engine::open_names() {
    names_.clear(*view_);
    auto const joined = prepared_->joined();
    auto const typed = prepared_->joined_length();
    auto const whole = view_->find(joined);
    if (whole != k_none) {
        names_.add(whole, NameClass::equal, name_weight(NameClass::equal, typed, typed),
                   name_weight(NameClass::equal_base, typed, typed));
    }
    auto const edits = name_edits();
    if (edits > 0) {
        for (auto const& match : near(part_, joined, edits)) {
            if (match.distance == 0) continue;
            auto const kind = match.distance == 1 ? NameClass::one_edit : NameClass::two_edits;
            auto const weight = name_weight(kind, typed, typed);
            names_.add(match.term, kind, weight, weight);
        }
    }
    if (prepared_->has_prefix_name()) names_.add_prefixes(view_->prefix_range(joined), whole, typed);
}

/// Every document: a blank query.
void Engine::walk_all() {
    auto const live = parts_->live[part_].live_count();
    bool const counts_itself = filter_.is_open();
    if (counts_itself) matches_ += live;
    auto const end = std::min(filter_.end(), view_->doc_count());
    for (DocId doc = 0; doc < end; ++doc) {
        if (is_part_done() || is_hopeless(doc, 0)) {
            if (!counts_itself) is_exact_ = false;
            return;
        }
        if (!admits(doc)) continue;
        if (!counts_itself) ++matches_;
        auto const score = popularity_of(view_->downloads(doc));
        RankedHit const hit{key_of(doc, score), score, part_, doc, true};
        if (after_ != nullptr && !order_->is_after(hit, *after_)) continue;
        ++offered_in_part_;
        top_.offer(hit);
    }
}

void Engine::walk_matches() {
    auto const extras = k_weights.all_words + k_weights.all_in_name;
    // A document with all words may have a name that begins with the query, too; other names are met in `names_`.
    auto const typo_prefix = has_typo_prefixes() ? k_weights.name_typo_prefix : 0;
    auto const with_all_words = words_max_ + extras + std::max(names_.prefix_weight_max(), typo_prefix);
    auto const named = std::max(names_.list_weight_max(), names_.prefix_weight_max()) + words_max_ + extras;
    auto const only_prefix =
        names_.prefix_weight_max() + (prepared_->words().size() > 1 ? words_but_one_max_ : prefix_alone_max());
    is_prefix_closed_ = false;
    bool has_names = true;
    auto all = next_with_all_words(0, with_all_words);
    for (;;) {
        if (is_part_done()) {
            is_exact_ = false;
            return;
        }
        if (all != k_none && is_hopeless(all, with_all_words)) {
            all = k_none;
            is_exact_ = false;
        }
        auto const prefixed = names_.prefix_doc();
        if (prefixed != k_none && is_hopeless(prefixed, only_prefix)) {
            names_.close_prefixes();
            is_prefix_closed_ = true;
            is_exact_ = false;
        }
        auto next_named = has_names ? names_.doc() : k_none;
        if (next_named != k_none && is_hopeless(next_named, named)) {
            has_names = false;
            is_exact_ = false;
            next_named = k_none;
        }
        auto const doc = std::min(all, next_named);
        if (doc == k_none || doc >= filter_.end()) return;
        NameLists::Match name;
        if (doc == next_named) name = names_.take(hopeless_from(named));
        if (admits(doc)) {
            consider(doc, name, doc != all, is_prefix_closed_ || (doc == all && has_typo_prefixes()));
        }
        if (doc == all) all = next_with_all_words(doc + 1, with_all_words);
    }
}

/// Documents with one word at least, but not those that the tier before found. Words that alone cannot lift a document
/// among the best hits do not drive.
void Engine::walk_any() {
    for (DocId from = 0;;) {
        auto const driving = first_driving_word(from);
        if (driving > 0) is_exact_ = false;
        DocId doc = k_none;
        for (auto i = driving; i < commonest_first_.size(); ++i) {
            auto& word = words_[commonest_first_[i]];
            word.seek(from);
            doc = std::min(doc, word.doc());
        }
        if (doc == k_none || doc >= filter_.end()) return;
        bool const is_known = std::any_of(before_any_.begin(), before_any_.end(), [&](RankedHit const& hit) {
            return hit.part == part_ && hit.doc == doc;
        });
        if (!is_known && admits(doc)) consider(doc, {}, true, false);
        from = doc + 1;
    }
}

// A name that is met in another way gains nothing from being a beginning with a typing mistake, too.
static_assert(k_weights.name_typo_prefix <= k_weights.name_prefix_base &&
              k_weights.name_prefix_base <= k_weights.name_prefix &&
              k_weights.name_typo_prefix <= k_weights.name_two_edits &&
              k_weights.name_two_edits <= k_weights.name_one_edit &&
              k_weights.gate_typo_prefix <= k_weights.gate_two_edits);
// Names are left out where they are hopeless: having one is never worse than having none.
// Only names without a scope lose by it, and those are equal as a whole.
static_assert(k_weights.name_of_words <= k_weights.name_equal);

/// Names that begin with the query but for one typing mistake, in a walk of its own: how far it must go depends on
/// what the others found. Documents with all words were weighed with their names before.
void Engine::walk_typo_prefixes() {
    auto const more = k_weights.name_typo_prefix + words_but_one_max_;
    auto const gate = std::max(k_weights.gate_typo_prefix, 1 - least_share_ / 2);
    auto const earned = 1 - k_weights.gate * (1 - gate);
    auto const end = hopeless_from(more, earned);
    if (end < view_->doc_count()) is_exact_ = false;
    view_->fuzzy_prefix(prepared_->joined(), 1, fuzzy_, end, fuzzy_matches_);
    names_.clear(*view_);
    for (auto const& match : fuzzy_matches_) {
        names_.add(match.term, NameClass::typo_prefix, k_weights.name_typo_prefix, k_weights.name_typo_prefix);
    }
    for (std::size_t i = 0; i < prepared_->words().size(); ++i) probes_[i].start();
    prefix_doc_ = k_none;
    for (;;) {
        auto const doc = names_.doc();
        if (doc == k_none || doc >= filter_.end()) return;
        if (is_hopeless(doc, more, earned)) {
            is_exact_ = false;
            return;
        }
        static_cast<void>(names_.take(hopeless_from(more, earned)));
        if (!admits(doc)) continue;
        auto const own = match_name(doc);
        Evidence evidence;
        auto const is_match = weigh(doc, own.match, true, evidence);
        if (own.is_typo_prefix_only && !is_match.by_words) ++matches_;
        offer(doc, score_of(evidence), own.match.is_equal || evidence.has_all_words, true);
    }
}

/// What a single word adds to a document of which it only begins the name.
double Engine::prefix_alone_max() const {
    auto const& word = prepared_->words();
    if (word.empty()) return 0;
    return 2 * word_prefix_weight(word.front().length, word.front().length + 1) + k_weights.all_words +
           k_weights.all_in_name;
}

bool Engine::is_part_done() const { return (is_by_id() || (is_by_score() && prepared_->is_blank())) &&
                                           offered_in_part_ >= top_.capacity(); }

bool Engine::is_hopeless(DocId doc, double more, double earned) const {
    return is_by_score() && top_.is_full() &&
           popularity_of(view_->downloads(doc)) * earned + more + k_rounding < top_.key_min();
}

/// The first document that is hopeless, or a later one.
DocId Engine::hopeless_from(double more, double earned) const {
    if (!is_by_score() || !top_.is_full()) return k_none;
    auto const needed = (top_.key_min() - more) / (k_weights.popularity * earned);
    if (needed <= 0) return k_none;
    // One download less than computed, for the rounding of log10 and pow.
    auto const downloads = std::min(std::pow(10.0, needed) - 2, 4e9);
    return downloads <= 0 ? k_none : view_->first_below_downloads(static_cast<std::uint32_t>(downloads));
}

double Engine::key_of(DocId doc, double score) const {
    double key = 0;
    switch (query_->sort) {
        case SearchSort::relevance: key = score; break;
        case SearchSort::downloads: key = view_->downloads(doc); break;
        case SearchSort::stars: key = view_->stars(doc); break;
        case SearchSort::recency: key = view_->released(doc); break;
        case SearchSort::name: return 0;
    }
    return query_->ascending ? -key : key;
}

}  // namespace ggen::search_index
