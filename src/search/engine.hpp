#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/hit_order.hpp"
#include "search/name_lists.hpp"
#include "search/name_prefix_set.hpp"
#include "search/part.hpp"
#include "search/part_filter.hpp"
#include "search/query.hpp"
#include "search/word_stream.hpp"

namespace ggen::search_index {

/// What a search found, before documents are read.
struct Ranking {
    Tier tier = Tier::strict;
    std::uint64_t matches = 0;       ///< Documents that match in that tier, at least.
    bool is_exact = true;            ///< All of them were seen.
};

/// Bounds sum up in another order than scores do.
inline constexpr double k_rounding = 1e-9;

/// Finds the best hits of a query: walks documents of each part in the order of popularity and stops when no later
/// one can be among the best. docs/search.md has the rules that it follows and why stopping is safe.
///
/// Keeps its memory: after some queries nothing is allocated. One thread; the parts may be shared.
class Engine {
public:
    /// Fills `hits` with the best `count` hits, best first; behind `after` when it is not null. `query` and `prepared`
    /// belong together.
    Ranking run(Parts const& parts, SearchQuery const& query, PreparedQuery const& prepared, PageKey const* after,
                std::size_t count, std::vector<RankedHit>& hits);

private:
    void run_tier(Tier tier, std::size_t count);
    void run_any(std::size_t count);
    void run_part(std::uint32_t part);
    void open_words();
    void open_names();
    void add_near_words(std::size_t word);
    /// Every string of a part within `edits` of `text`; each is looked for once a run. Stands until the next call.
    std::vector<FuzzyMatch> const& near(std::uint32_t part, std::string_view text, unsigned edits);
    /// The edits that `text` of `length` code points may have; `known` keeps the answer during a run.
    unsigned edits_of(std::string_view text, std::uint32_t length, std::optional<unsigned>& known);
    /// Those that the joined name may have in this tier.
    unsigned name_edits();
    /// Live documents, once for each of their strings within one edit of `text`.
    std::uint64_t count_near(std::string_view text);
    void walk_all();
    void walk_matches();
    void walk_any();
    void walk_typo_prefixes();

    [[nodiscard]] DocId next_with_all_words(DocId from, double more);
    [[nodiscard]] DocId next_with_last_word(DocId doc);
    [[nodiscard]] std::size_t first_driving_word(DocId doc) const;
    /// Offers a document that matches. `is_partial`: its name may lie nearer to the query than `name` tells.
    void consider(DocId doc, NameLists::Match name, bool by_probes, bool is_partial);
    [[nodiscard]] bool is_hopeless_with_name(Evidence const& evidence, bool is_partial) const;
    void offer(DocId doc, double score, bool is_firm, bool is_again);
    struct IsMatch {
        bool by_words = false;  ///< Without its name, too.
    };
    IsMatch weigh(DocId doc, NameLists::Match const& name, bool by_probes, Evidence& evidence);
    bool weigh_words(DocId doc, bool begins, bool by_probes, Evidence& evidence);
    [[nodiscard]] double last_word_prefix(DocId doc);
    [[nodiscard]] double prefix_alone_max() const;
    /// Every way in which the joined names of `doc` lie to the query, in this tier.
    struct NameMatch {
        NameLists::Match match;
        bool is_typo_prefix_only = false;
    };
    [[nodiscard]] NameMatch match_name(DocId doc);

    [[nodiscard]] bool admits(DocId doc) const { return parts_->live[part_].is_live(doc) && filter_.passes(doc); }
    /// With this share of its popularity earned and `more` beside it the document stays behind the best so far, and so
    /// do all after it.
    [[nodiscard]] bool is_hopeless(DocId doc, double more, double earned = 1) const;
    [[nodiscard]] DocId hopeless_from(double more, double earned = 1) const;
    [[nodiscard]] bool is_part_done() const;
    [[nodiscard]] double key_of(DocId doc, double score) const;
    [[nodiscard]] bool is_by_relevance() const { return query_->sort == SearchSort::relevance; }
    /// Hits with less popularity cannot be better: walks may stop.
    [[nodiscard]] bool is_by_score() const { return is_by_relevance() && !query_->ascending; }
    [[nodiscard]] bool is_by_id() const { return query_->sort == SearchSort::downloads && !query_->ascending; }
    [[nodiscard]] bool has_near_words() const { return tier_ != Tier::strict && prepared_->is_fuzzy(); }
    [[nodiscard]] bool has_near_names() const {
        return prepared_->is_fuzzy() && (is_by_relevance() || tier_ != Tier::strict);
    }
    [[nodiscard]] bool has_typo_prefixes() const {
        return tier_ == Tier::loose && has_near_words() && is_by_relevance() && prepared_->has_prefix_name() &&
               prepared_->joined_length() >= k_typo_prefix_min;
    }

    Parts const* parts_ = nullptr;
    SearchQuery const* query_ = nullptr;
    PreparedQuery const* prepared_ = nullptr;
    PageKey const* after_ = nullptr;
    HitOrder const* order_ = nullptr;
    Tier tier_ = Tier::strict;
    TopHits top_;
    std::vector<RankedHit> before_any_;  // What the tier before found: fewer than k_enough_hits.
    std::uint64_t matches_ = 0;
    bool is_exact_ = true;

    // Of the part at hand.
    std::uint32_t part_ = 0;
    SegmentView const* view_ = nullptr;
    PartFilter filter_;
    NameLists names_;
    std::vector<WordStream> words_;   // Drive the walk …
    std::vector<WordStream> probes_;  // … and look words of other documents up.
    std::vector<std::size_t> rarest_first_;     // Words that a document must have.
    std::vector<std::size_t> commonest_first_;  // All.
    double words_max_ = 0;            // No document's words weigh more.
    double words_but_one_max_ = 0;    // The same for a document that lacks one of them.
    double least_share_ = 0;
    bool is_prefix_closed_ = false;   // Names that begin with the query are no longer met in `names_`.
    std::size_t offered_in_part_ = 0;
    DocId prefix_doc_ = k_none;       // The document of which …
    double prefix_weight_ = 0;        // … this is the weight of the last word as a beginning.

    // Documents that have the last word as a beginning, when that counts.
    NamePrefixSet prefix_set_;
    std::uint32_t prefix_set_part_ = k_none;  // What it was made for in this run.
    bool is_guessing_ = false;  // Names are not read, but taken to begin as well as can be …
    bool has_guessed_ = false;  // … and one was.

    struct NearStrings {
        std::uint32_t part = 0;
        unsigned edits = 0;
        std::string text;
        std::vector<FuzzyMatch> matches;
    };
    std::vector<NearStrings> near_strings_;
    std::size_t near_strings_used_ = 0;
    std::vector<std::optional<unsigned>> word_edits_;
    std::optional<unsigned> name_edits_;

    FuzzyScratch fuzzy_;
    std::vector<FuzzyMatch> fuzzy_matches_;
    OsaPattern pattern_;
    Tokenizer tokenizer_;
    std::string name_buffer_;
    std::string joined_buffer_;
};

}  // namespace ggen::search_index
