// What one document has to show for a query.
#include <algorithm>

#include "search/engine.hpp"

namespace ggen::search_index {
/// The first document from `from` on that has every word; the walk may end where documents with `more` beside their
/// popularity are hopeless.
DocId Engine::next_with_all_words(DocId from, double more) {
    if (prepared_->words().empty() || rarest_first_.empty()) return k_none;
    bool const is_alone = rarest_first_.size() == 1 && !prepared_->has_prefix_word();
    for (auto doc = from;;) {
        // Leapfrog: every stream goes to where the others stand until all stand at one document.
        auto const first = doc;
        if (prepared_->has_prefix_word()) {
            doc = next_with_last_word(doc);
            if (doc == k_none) return k_none;
        }
        for (auto const word : rarest_first_) {
            words_[word].seek(doc);
            doc = words_[word].doc();
            if (doc == k_none) return k_none;
        }
        if (doc != first && !is_alone) {
            if (is_hopeless(doc, more)) return doc;
            continue;
        }
        if (doc >= filter_.end() || is_hopeless(doc, more)) return doc;
        if (admits(doc)) return doc;
        ++doc;
    }
}

DocId Engine::next_with_last_word(DocId doc) {
    auto& last = words_[prepared_->words().size() - 1];
    last.seek(doc);
    return std::min(last.doc(), prefix_set_.next(doc));
}

double Engine::last_word_prefix(DocId doc) {
    if (prefix_doc_ == doc) return prefix_weight_;
    // A single word has no set: names that begin with it are few to look at.
    if (prepared_->has_prefix_word() && !prefix_set_.contains(doc)) return 0;
    auto const& word = prepared_->words().back();
    if (is_guessing_) {
        has_guessed_ = true;
        return word_prefix_weight(word.length, word.length + 1);
    }
    prefix_doc_ = doc;
    prefix_weight_ = best_name_prefix(view_->name(doc, name_buffer_), word, tokenizer_);
    return prefix_weight_;
}

/// In the any tier, of `commonest_first_`: a document from `doc` on that has only words before it cannot be among the
/// best.
std::size_t Engine::first_driving_word(DocId doc) const {
    if (!is_by_score() || !top_.is_full() || doc >= view_->doc_count()) return 0;
    auto const& words = prepared_->words();
    Evidence most;
    most.popularity = popularity_of(view_->downloads(doc));
    for (std::size_t i = 0; i < commonest_first_.size(); ++i) {
        auto const word = commonest_first_[i];
        most.matched += words[word].share;
        most.words += words[word].share * words_[word].weight_max();
        // Documents with all words were found before.
        if (i + 1 == commonest_first_.size()) {
            most.matched = 2 - least_share_;
            most.words = words_but_one_max_;
        }
        if (score_of(most) + k_rounding >= top_.key_min()) return i;
    }
    return commonest_first_.size();
}

/// Whether a token is a word of the query, or near one; a beginning does not count here.
bool Engine::weigh_words(DocId doc, bool begins, bool by_probes, Evidence& evidence) {
    bool has_word = false;
    auto const& words = prepared_->words();
    evidence.has_all_words = !words.empty();
    evidence.has_all_in_name = !words.empty();
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto& stream = by_probes ? probes_[i] : words_[i];
        stream.seek(doc);
        WordStream::Match match;
        bool is_met = stream.doc() == doc;
        if (is_met) match = stream.match();
        has_word = has_word || is_met;
        // A word alone is looked for only in names that begin with it.
        bool const may_begin = tier_ != Tier::any && i + 1 == words.size() &&
                               (i > 0 ? prepared_->has_prefix_word() : begins && prepared_->has_prefix_name());
        if (!match.is_equal && may_begin) {
            auto const prefix = last_word_prefix(doc);
            match.weight = std::max(match.weight, prefix);
            match.is_in_name = match.is_in_name || prefix > 0;
            is_met = is_met || prefix > 0;
        }
        evidence.words += words[i].share * match.weight;
        if (is_met) evidence.matched += words[i].share;
        evidence.has_all_words = evidence.has_all_words && is_met;
        evidence.has_all_in_name = evidence.has_all_in_name && match.is_in_name;
    }
    return has_word;
}

void Engine::consider(DocId doc, NameLists::Match name, bool by_probes, bool is_partial) {
    Evidence evidence;
    // Reading a name takes longer than all else: at first it is taken to be as good as can be.
    is_guessing_ = is_by_score() && top_.is_full();
    has_guessed_ = false;
    auto is_match = weigh(doc, name, by_probes, evidence);
    is_guessing_ = false;
    if (is_partial || has_guessed_) {
        if (is_hopeless_with_name(evidence, is_partial)) {
            ++matches_;
            return;
        }
        if (is_partial) name = match_name(doc).match;
        evidence = {};
        is_match = weigh(doc, name, by_probes, evidence);
    }
    if (!is_match.by_words && name.gate == 0) return;
    ++matches_;
    offer(doc, score_of(evidence), name.is_equal || evidence.has_all_words, false);
}

/// Whether a document stays behind the best so far even if its name begins with the query, or nearly so.
bool Engine::is_hopeless_with_name(Evidence const& evidence, bool is_partial) const {
    if (!is_by_score() || !top_.is_full()) return false;
    auto most = evidence;
    most.is_equal_apart = false;  // It counts only with all words, which may be a guess.
    if (is_partial && has_typo_prefixes()) {
        most.name = std::max(most.name, k_weights.name_typo_prefix);
        most.name_gate = std::max(most.name_gate, k_weights.gate_typo_prefix);
    }
    if (is_partial && is_prefix_closed_) {
        most.name = std::max(most.name, names_.prefix_weight_max());
        most.name_gate = 1;
        if (prepared_->words().size() == 1) {
            most.words = std::max(most.words, words_max_);
            most.has_all_words = most.has_all_in_name = true;
        }
    }
    return score_of(most) < top_.key_min();
}

Engine::IsMatch Engine::weigh(DocId doc, NameLists::Match const& name, bool by_probes, Evidence& evidence) {
    evidence.popularity = popularity_of(view_->downloads(doc));
    evidence.name = name.weight;
    evidence.name_gate = name.gate;
    evidence.is_scoped = view_->is_scoped(doc);
    evidence.is_equal_apart = name.is_equal && prepared_->is_written_apart();
    bool const has_word = weigh_words(doc, name.begins, by_probes, evidence);
    return {evidence.has_all_words || (tier_ == Tier::any && has_word)};
}

void Engine::offer(DocId doc, double score, bool is_firm, bool is_again) {
    RankedHit const hit{key_of(doc, score), score, part_, doc, is_firm};
    if (after_ != nullptr && !order_->is_after(hit, *after_)) return;
    ++offered_in_part_;
    if (is_again) top_.offer_again(hit);
    else top_.offer(hit);
}

Engine::NameMatch Engine::match_name(DocId doc) {
    auto const name = view_->name(doc, name_buffer_);
    auto const wanted = prepared_->joined();
    auto const typed = prepared_->joined_length();
    auto const edits = name_edits();
    NameMatch out;
    bool has_other = false;
    bool has_typo_prefix = false;
    auto const note = [&](NameClass kind, std::uint32_t length) {
        out.match.weight = std::max(out.match.weight, name_weight(kind, typed, length));
        out.match.gate = std::max(out.match.gate, name_gate(kind));
        (kind == NameClass::typo_prefix ? has_typo_prefix : has_other) = true;
    };
    auto const base = without_scope(name);
    bool is_base = false;
    for (auto const part : {name, base}) {
        joined_buffer_.clear();
        append_joined(part, joined_buffer_);
        std::string_view const joined = joined_buffer_;
        auto const length = count_code_points(joined);
        if (joined == wanted) note(is_base ? NameClass::equal_base : NameClass::equal, length);
        else if (prepared_->has_prefix_name() && joined.starts_with(wanted))
            note(is_base ? NameClass::prefix_base : NameClass::prefix, length);
        out.match.is_equal = out.match.is_equal || joined == wanted;
        out.match.begins = out.match.begins || out.match.gate == 1;
        if (edits > 0 && joined != wanted) {
            auto const distance = pattern_.distance(joined, edits);
            if (distance == 1) note(NameClass::one_edit, length);
            else if (distance == 2 && edits == 2) note(NameClass::two_edits, length);
        }
        if (has_typo_prefixes() && pattern_.prefix_distance(joined, 1) <= 1) note(NameClass::typo_prefix, length);
        if (base.size() == name.size()) break;
        is_base = true;
    }
    out.is_typo_prefix_only = has_typo_prefix && !has_other;
    return out;
}

}  // namespace ggen::search_index
