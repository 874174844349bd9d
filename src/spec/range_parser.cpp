#include "spec/range_parser.hpp"

#include <algorithm>
#include <optional>

#include "spec/range_words.hpp"
#include "spec/version_grammar.hpp"

namespace ggen {
namespace {

namespace grammar = version_grammar;
using range_words::ComparatorSet;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r'; }

/// Runs of blanks become one space; none at the ends.
std::string joined_blanks(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (!is_blank(c)) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// Build metadata plays no part in ranges, wherever it stands.
std::string without_build(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = grammar::scan_build(text, at);
        if (end == at) out += text[at++];
        at = std::max(at, end);
    }
    return out;
}

/// The end of what npm takes for one version at `from`, leading zeros and a prerelease without its
/// hyphen included ("01.2.3beta"); of a partial when there are no three numbers.
std::size_t scan_loose_version(std::string_view text, std::size_t from) {
    auto end = from;
    for (int i = 0; i < 3; ++i) {
        if (i > 0 && (end >= text.size() || text[end] != '.')) return from;
        auto const begin = end + (i > 0 ? 1 : 0);
        end = grammar::scan_digits(text, begin);
        if (end == begin) return from;
    }
    if (end < text.size() && text[end] == '-') ++end;
    while (end < text.size() && grammar::is_identifier_character(text[end])) {
        while (end < text.size() && grammar::is_identifier_character(text[end])) ++end;
        bool const goes_on =
            end + 1 < text.size() && text[end] == '.' && grammar::is_identifier_character(text[end + 1]);
        if (goes_on) ++end;
    }
    return end;
}

bool is_version_lead(char c) { return c == 'v' || c == '=' || c == ' '; }
bool is_version_start(char c) { return grammar::is_digit(c) || c == 'x' || c == 'X' || c == '*'; }

/// Offset of the blank between an operator at `from` (one blank may lead it) and what follows.
std::optional<std::size_t> blank_after_operator(std::string_view text, std::size_t from) {
    auto const at = [&](char c) { return from < text.size() && text[from] == c; };
    if (at(' ')) ++from;
    if (at('<') || at('>')) ++from;
    if (at('=')) ++from;
    return at(' ') ? std::optional{from} : std::nullopt;
}

/// "> 1.2 <= 2" becomes ">1.2 <=2".
std::string operators_joined(std::string_view text) {
    std::string out;
    std::size_t copied = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto const start = at;
        if (text[at] == '<' || text[at] == '>') {
            ++at;
        } else if (!is_version_lead(text[at]) && !is_version_start(text[at])) {
            ++at;
            continue;
        }
        while (at < text.size() && is_version_lead(text[at])) ++at;
        if (at >= text.size() || !is_version_start(text[at])) continue;
        if (auto const blank = blank_after_operator(text, start)) {
            out += text.substr(copied, *blank - copied);
            copied = *blank + 1;
        }
        auto const end = scan_loose_version(text, at);
        if (end > at) {
            at = end;
            continue;
        }
        // In "007.x" every digit begins a version, and all but the last end at once: they are
        // skipped, because looking at the whole run from each of them would take quadratic time.
        auto const digits_end = grammar::scan_digits(text, at);
        if (text[at] == '0' && digits_end > at) at = digits_end - 1;
        (void)range_words::scan_partial(text, &at);
    }
    return out += text.substr(copied);
}

/// "~> 1" and "~ 1" become "~1", "^ 1" becomes "^1".
std::string signs_joined(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        char const sign = text[at++];
        out += sign;
        if (sign != '~' && sign != '^') continue;
        bool const is_arrow = sign == '~' && at < text.size() && text[at] == '>';
        auto const blank = at + (is_arrow ? 1 : 0);
        if (blank < text.size() && text[blank] == ' ') at = blank + 1;
    }
    return out;
}

/// "A - B" and nothing else; `*understood` is false when a side is no version after all.
bool read_hyphen_range(std::string_view text, ComparatorSet* out, bool* understood) {
    std::size_t at = !text.empty() && text.front() == ' ' ? 1 : 0;
    auto const from = range_words::scan_partial(text, &at);
    if (!from || text.substr(at, 3) != " - ") return false;
    at += 3;
    auto const to = range_words::scan_partial(text, &at);
    if (!to) return false;
    if (at < text.size() && text[at] == ' ') ++at;
    if (at != text.size()) return false;
    *understood = range_words::append_hyphen_from(*from, out) && range_words::append_hyphen_to(*to, out);
    return true;
}

/// Equal comparators count once; with a comparator that nothing satisfies, it alone is left.
ComparatorSet simplified(ComparatorSet const& all) {
    ComparatorSet out;
    for (auto const& comparator : all) {
        if (range_words::is_nothing(comparator)) return {comparator};
        bool const is_seen = std::find(out.begin(), out.end(), comparator) != out.end();
        if (!is_seen) out.push_back(comparator);
    }
    return out;
}

/// One side of "||". Sets `*bad_word` when it cannot be read.
ComparatorSet parse_set(std::string_view text, std::string* bad_word) {
    ComparatorSet all;
    auto const stripped = without_build(text);
    bool understood = true;
    if (read_hyphen_range(stripped, &all, &understood)) {
        if (!understood) *bad_word = text;
        return simplified(all);
    }
    auto const words = signs_joined(operators_joined(stripped));
    for (std::size_t at = 0; at <= words.size();) {
        auto const end = std::min(words.find(' ', at), words.size());
        auto const word = std::string_view{words}.substr(at, end - at);
        if (!range_words::append_word(word, &all)) {
            *bad_word = word;
            return {};
        }
        at = end + 1;
    }
    return simplified(all);
}

/// Sides that nothing satisfies are dropped, one is kept when there is no other; a side that every
/// release satisfies stands for all.
std::vector<ComparatorSet> simplified_sides(std::vector<ComparatorSet> sides) {
    auto const is_nothing = [](ComparatorSet const& set) {
        return !set.empty() && range_words::is_nothing(set.front());
    };
    if (sides.size() == 1) return sides;
    auto const first = sides.front();
    std::erase_if(sides, is_nothing);
    if (sides.empty()) return {first};
    bool const has_any =
        std::any_of(sides.begin(), sides.end(), [](ComparatorSet const& set) { return set.empty(); });
    if (has_any) return {ComparatorSet{}};
    return sides;
}

}  // namespace

ParsedRange parse_range(std::string_view text) {
    ParsedRange parsed;
    auto const joined = joined_blanks(text);
    std::string_view const view{joined};
    for (std::size_t at = 0; at <= view.size();) {
        auto const end = std::min(view.find("||", at), view.size());
        parsed.sets.push_back(parse_set(trimmed(view.substr(at, end - at)), &parsed.bad_word));
        if (!parsed.bad_word.empty()) return parsed;
        at = end + 2;
        if (end == view.size()) break;
    }
    parsed.sets = simplified_sides(std::move(parsed.sets));
    return parsed;
}

}  // namespace ggen
