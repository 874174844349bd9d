#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

/// The one formula that engine and oracle share. docs/search.md explains it and says how the weights were found.
namespace ggen::search_index {

/// Which matches count. Later tiers are tried when the one before finds too little.
enum class Tier : std::uint8_t {
    strict,  ///< Words as they are, the joined name with its typing mistakes.
    loose,   ///< Also words with typing mistakes, and beginnings of names with one.
    any,     ///< Behind what the tier before found: documents with one word at least, counted by words alone.
};

/// How a joined name lies to the joined query.
enum class NameClass : std::uint8_t {
    none,
    equal,
    equal_base,  ///< Equal but for the scope.
    prefix,
    prefix_base,  ///< Beginning with it but for the scope.
    one_edit,
    two_edits,
    typo_prefix,
};
/// How a token of a package lies to a word of the query.
enum class WordClass : std::uint8_t { none, equal, prefix, one_edit, two_edits };

/// Edits that a word or name of so many code points may have.
[[nodiscard]] constexpr unsigned edits_allowed(std::uint32_t code_points) {
    return code_points >= 8 ? 2 : code_points >= 4 ? 1 : 0;
}
/// Two edits count only where one leads to little: when fewer documents than this have a string within one edit, each
/// string counting its own.
inline constexpr std::uint64_t k_near_enough = 5;
/// Joined queries from here on are also looked for as beginnings with a typing mistake.
inline constexpr std::uint32_t k_typo_prefix_min = 4;
/// Last words of so many bytes are also looked for as beginnings of tokens of names.
inline constexpr std::size_t k_prefix_word_bytes_min = 2;
/// The loose tier is tried when the best strict hit scores below, or has neither the name nor all words.
inline constexpr double k_strong_score = 13.0;
/// The any tier is tried when fewer hits were found.
inline constexpr std::size_t k_enough_hits = 10;
/// Above every score: hits of the tier before come first there.
inline constexpr double k_before_any = 1'000;

/// Weights of the score; each adds to it unless it says otherwise.
struct Weights {
    double popularity = 1.82;      ///< Times log10(1 + downloads), times the gate.
    double gate = 0.67;            ///< Share of it that must be earned by matching.
    double name_equal = 5.96, name_equal_base = 2.1, name_equal_length = 0.455;
    double name_prefix = 2.84, name_prefix_base = 2.0;  ///< Times the typed share, as all prefixes.
    double name_typed_least = 0.91, word_typed_least = 0.61;  ///< What the typed share of a long rest comes to.
    double name_one_edit = 2.27, name_two_edits = 1.79, name_edits_length = 0.29;
    double name_typo_prefix = 1.48;
    double gate_one_edit = 0.83, gate_two_edits = 0.8, gate_typo_prefix = 0.8;
    double word_in_name = 2.08, word_in_text = 2.03;  ///< Times the word's share of the query, as all words.
    double word_prefix = 1.82;                        ///< In the name only.
    double word_in_name_one_edit = 0.72, word_in_name_two_edits = 0.40;
    double word_in_text_one_edit = 0.49, word_in_text_two_edits = 0.30;
    double all_words = 0.41, all_in_name = 0.33;
    double name_of_words = 3.5;  ///< Less for a name equal to words written apart that all count already.
    double scoped = -0.54;
};
inline constexpr Weights k_weights{};

[[nodiscard]] inline double typed_share(std::uint32_t typed, std::uint32_t whole, double least) {
    return least + (1 - least) * static_cast<double>(typed) / static_cast<double>(std::max(typed, whole));
}

[[nodiscard]] inline double popularity_of(std::uint32_t downloads) {
    return k_weights.popularity * std::log10(1.0 + static_cast<double>(downloads));
}

/// `query` and `name` in code points.
[[nodiscard]] inline double name_weight(NameClass kind, std::uint32_t query, std::uint32_t name) {
    double const length = static_cast<double>(std::min(24U, query)) / 10.0;
    switch (kind) {
        case NameClass::none: return 0;
        case NameClass::equal: return k_weights.name_equal + k_weights.name_equal_length * length;
        case NameClass::equal_base: return k_weights.name_equal_base + k_weights.name_equal_length * length;
        case NameClass::prefix_base:
            return k_weights.name_prefix_base * typed_share(query, name, k_weights.name_typed_least);
        case NameClass::prefix: return k_weights.name_prefix * typed_share(query, name, k_weights.name_typed_least);
        case NameClass::one_edit: return k_weights.name_one_edit + k_weights.name_edits_length * length;
        case NameClass::two_edits: return k_weights.name_two_edits + k_weights.name_edits_length * length;
        case NameClass::typo_prefix:
            return k_weights.name_typo_prefix * typed_share(query, name, k_weights.name_typed_least);
    }
    return 0;
}

/// How much of its popularity a package gets for its name alone.
[[nodiscard]] inline double name_gate(NameClass kind) {
    switch (kind) {
        case NameClass::none: return 0;
        case NameClass::equal:
        case NameClass::equal_base:
        case NameClass::prefix:
        case NameClass::prefix_base: return 1;
        case NameClass::one_edit: return k_weights.gate_one_edit;
        case NameClass::two_edits: return k_weights.gate_two_edits;
        case NameClass::typo_prefix: return k_weights.gate_typo_prefix;
    }
    return 0;
}

/// Of a token with `is_in_name` or `is_in_text`; the better place counts.
[[nodiscard]] inline double word_weight(WordClass kind, bool is_in_name, bool is_in_text) {
    double name = 0;
    double text = 0;
    switch (kind) {
        case WordClass::none:
        case WordClass::prefix: return 0;  // A prefix counts by its typed share: word_prefix_weight.
        case WordClass::equal: name = k_weights.word_in_name; text = k_weights.word_in_text; break;
        case WordClass::one_edit:
            name = k_weights.word_in_name_one_edit;
            text = k_weights.word_in_text_one_edit;
            break;
        case WordClass::two_edits:
            name = k_weights.word_in_name_two_edits;
            text = k_weights.word_in_text_two_edits;
            break;
    }
    return std::max(is_in_name ? name : 0, is_in_text ? text : 0);
}
[[nodiscard]] inline double word_prefix_weight(std::uint32_t typed, std::uint32_t whole) {
    return k_weights.word_prefix * typed_share(typed, whole, k_weights.word_typed_least);
}

/// Weight of a word that `df` of the documents have, before the words of a query are brought to a sum of 2.
[[nodiscard]] inline double rarity(std::uint64_t df) {
    return std::max(0.1, std::log(1e6 / static_cast<double>(std::max<std::uint64_t>(df, 1))));
}

/// What is known of one document for one query; the words' sums are over the words in their order.
struct Evidence {
    double popularity = 0;    ///< popularity_of(downloads).
    double name = 0;          ///< Best name_weight.
    double name_gate = 0;     ///< Best name_gate.
    double words = 0;         ///< Sum of share x word weight.
    double matched = 0;       ///< Sum of the shares of the words that match; all shares together are 2.
    bool has_all_words = false;
    bool has_all_in_name = false;
    bool is_scoped = false;
    bool is_equal_apart = false;  ///< A joined name is the query, whose words are written apart.
};

[[nodiscard]] inline double score_of(Evidence const& evidence) {
    double const gate = std::max(evidence.name_gate, evidence.has_all_words ? 1.0 : evidence.matched / 2);
    double score = evidence.popularity * (1 - k_weights.gate * (1 - gate)) + evidence.name + evidence.words;
    if (evidence.has_all_words) score += k_weights.all_words;
    if (evidence.has_all_in_name) score += k_weights.all_in_name;
    if (evidence.is_scoped) score += k_weights.scoped;
    else if (evidence.is_equal_apart && evidence.has_all_words) score -= k_weights.name_of_words;
    return score;
}

}  // namespace ggen::search_index
