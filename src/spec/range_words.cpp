#include "spec/range_words.hpp"

#include <algorithm>

#include "spec/version_grammar.hpp"

namespace ggen::range_words {
namespace {

namespace grammar = version_grammar;

using Triple = std::array<std::uint64_t, 3>;
using Identifiers = std::vector<Version::Identifier>;

bool is_lead(char c) { return c == 'v' || c == '=' || c == ' '; }

bool is_wildcard(char c) { return c == 'x' || c == 'X' || c == '*'; }

std::size_t scan_part(std::string_view text, std::size_t from) {
    if (from < text.size() && is_wildcard(text[from])) return from + 1;
    return grammar::scan_number(text, from);
}

/// The first `fixed` numbers of `partial`, zeros after them; nothing when one is too large.
std::optional<Triple> numbers(Partial const& partial, std::size_t fixed) {
    Triple out{};
    for (std::size_t i = 0; i < fixed; ++i) {
        auto const value = grammar::number_value(partial.parts[i].digits);
        if (!value) return std::nullopt;
        out[i] = *value;
    }
    return out;
}

/// The smallest version core above everything that starts with the first `fixed` numbers, which
/// are at least one. At the largest number the next one to the left is raised instead; nothing
/// when there is none left, because then no version lies above.
std::optional<Triple> bumped(Triple const& triple, std::size_t fixed) {
    for (auto i = fixed; i > 0; --i) {
        if (triple[i - 1] == grammar::k_number_max) continue;
        Triple out{};
        std::copy_n(triple.begin(), i, out.begin());
        ++out[i - 1];
        return out;
    }
    return std::nullopt;
}

Version release(Triple const& t) { return {t[0], t[1], t[2]}; }

/// The lowest prerelease, so that "<" this also keeps out the prereleases of the bound.
Version floor_of(Triple const& t) {
    return {t[0], t[1], t[2], Identifiers{Version::Identifier{std::uint64_t{0}}}};
}

void append_at_least(Triple const& triple, ComparatorSet* out) {
    if (triple != Triple{}) out->push_back({Operator::greater_equal, release(triple)});
}

void append_below(std::optional<Triple> const& bound, ComparatorSet* out) {
    if (bound) out->push_back({Operator::less, floor_of(*bound)});
}

/// `op` and an exact version, spelled with at most one "v" before it. ">=0.0.0" is any release.
bool append_exact(Operator op, std::string_view text, ComparatorSet* out) {
    if (op == Operator::greater_equal && text == "0.0.0") return true;
    if (text.size() > Version::k_bytes_max) return false;
    if (!text.empty() && text.front() == 'v') text.remove_prefix(1);
    auto version = Version::parse(text);
    if (!version) return false;
    // Build metadata can still be here when a "*" hid it before ("1.2.3+*b").
    out->push_back(
        {op, Version{version->major(), version->minor(), version->patch(), version->prerelease()}});
    return true;
}

/// From the fixed numbers of `partial` (and its prerelease) up to, not including, the bump of the
/// number at `bump_at`.
bool append_window(Partial const& partial, std::size_t bump_at, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    auto const triple = numbers(partial, fixed);
    if (!triple) return false;
    if (fixed == 3 && !partial.prerelease.empty()) {
        if (!append_exact(Operator::greater_equal, partial.version_text, out)) return false;
    } else {
        append_at_least(*triple, out);
    }
    append_below(bumped(*triple, bump_at + 1), out);
    return true;
}

bool append_caret(Partial const& partial, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    if (fixed == 0) return true;
    std::size_t bump_at = 0;
    while (bump_at + 1 < fixed && partial.parts[bump_at].digits == "0") ++bump_at;
    return append_window(partial, bump_at, out);
}

bool append_tilde(Partial const& partial, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    return fixed == 0 || append_window(partial, std::min<std::size_t>(fixed - 1, 1), out);
}

/// "<", ">=", "=" or nothing at the start of `word`; moves `*from` behind it.
Operator scan_operator(std::string_view word, std::size_t* from) {
    auto const at = [&](char c) { return *from < word.size() && word[*from] == c; };
    bool const is_less = at('<');
    bool const is_greater = at('>');
    if (is_less || is_greater) ++*from;
    bool const has_equal = at('=');
    if (has_equal) ++*from;
    if (is_less) return has_equal ? Operator::less_equal : Operator::less;
    if (is_greater) return has_equal ? Operator::greater_equal : Operator::greater;
    return Operator::equal;
}

/// A number after a wildcard ("1.x.3") has no meaning outside of carets and tildes.
bool has_number_after_wildcard(Partial const& partial) {
    auto const& parts = partial.parts;
    return (parts[0].is_wildcard && !parts[1].is_wildcard) || (parts[1].is_wildcard && !parts[2].is_wildcard);
}

/// `op` on a partial with at least one wildcard.
bool append_x_range(Operator op, Partial const& partial, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    if (fixed == 0) {
        if (op == Operator::less || op == Operator::greater) out->push_back(nothing());
        return true;
    }
    auto const triple = numbers(partial, fixed);
    if (!triple) return false;
    auto const above = bumped(*triple, fixed);
    switch (op) {
        case Operator::less:
            out->push_back({Operator::less, floor_of(*triple)});
            break;
        case Operator::less_equal:
            append_below(above, out);
            break;
        case Operator::equal:
            append_at_least(*triple, out);
            append_below(above, out);
            break;
        case Operator::greater_equal:
            append_at_least(*triple, out);
            break;
        case Operator::greater:
            if (above) append_at_least(*above, out);
            if (!above) out->push_back(nothing());
            break;
    }
    return true;
}

/// npm drops the first "*" of a word that nothing else explains, with the operator before it:
/// "1.2.3*" is 1.2.3.
std::string without_star(std::string_view word) {
    auto const star = word.find('*');
    if (star == std::string_view::npos) return std::string{word};
    auto from = star;
    if (from > 0 && word[from - 1] == '=') --from;
    if (from > 0 && (word[from - 1] == '<' || word[from - 1] == '>')) --from;
    return std::string{word.substr(0, from)} + std::string{word.substr(star + 1)};
}

std::optional<Partial> whole_partial(std::string_view text, std::size_t from) {
    auto partial = scan_partial(text, &from);
    return from == text.size() ? partial : std::nullopt;
}

}  // namespace

std::size_t Partial::fixed_parts() const {
    std::size_t fixed = 0;
    while (fixed < parts.size() && !parts[fixed].is_wildcard) ++fixed;
    return fixed;
}

std::optional<Partial> scan_partial(std::string_view text, std::size_t* from) {
    Partial partial;
    auto at = *from;
    while (at < text.size() && is_lead(text[at])) ++at;
    partial.lead = text.substr(*from, at - *from);
    auto const start = at;
    for (std::size_t i = 0; i < 3; ++i) {
        if (i > 0 && (at >= text.size() || text[at] != '.')) break;
        auto const begin = at + (i > 0 ? 1 : 0);
        auto const end = scan_part(text, begin);
        if (end == begin) break;
        auto const part = text.substr(begin, end - begin);
        partial.parts[i] = {is_wildcard(part.front()), true, part};
        at = end;
    }
    if (at == start) return std::nullopt;
    if (partial.parts[2].is_present) {
        auto const end = grammar::scan_prerelease(text, at);
        if (end > at) partial.prerelease = text.substr(at + 1, end - at - 1);
        at = end;
    }
    partial.version_text = text.substr(start, at - start);
    *from = at;
    return partial;
}

bool append_hyphen_from(Partial const& partial, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    if (fixed == 3) {
        // Becomes ">=" before the text as written, so only one blank and one "v" may lead it.
        auto lead = partial.lead;
        if (!lead.empty() && lead.front() == ' ') lead.remove_prefix(1);
        if (!lead.empty() && lead != "v") return false;
        return append_exact(Operator::greater_equal, std::string{lead} + std::string{partial.version_text},
                            out);
    }
    auto const triple = numbers(partial, fixed);
    if (!triple) return false;
    append_at_least(*triple, out);
    return true;
}

bool append_hyphen_to(Partial const& partial, ComparatorSet* out) {
    auto const fixed = partial.fixed_parts();
    if (fixed == 0) return true;
    if (fixed < 3) {
        auto const triple = numbers(partial, fixed);
        if (!triple) return false;
        append_below(bumped(*triple, fixed), out);
        return true;
    }
    auto lead = partial.lead;
    if (!lead.empty() && lead.front() == ' ') lead.remove_prefix(1);
    bool const is_rebuilt = !partial.prerelease.empty();  // npm keeps only the numbers then.
    if (!is_rebuilt && !lead.empty() && lead != "v") return false;
    return append_exact(Operator::less_equal, partial.version_text, out);
}

bool append_word(std::string_view word, ComparatorSet* out) {
    if (word.empty()) return true;
    if (word.front() == '^') {
        if (auto const partial = whole_partial(word, 1)) return append_caret(*partial, out);
    }
    if (word.front() == '~') {
        bool const is_arrow = word.size() > 1 && word[1] == '>';
        if (auto const partial = whole_partial(word, is_arrow ? 2 : 1)) {
            return append_tilde(*partial, out);
        }
    }
    std::size_t from = 0;
    auto op = scan_operator(word, &from);
    auto const partial = whole_partial(word, from);
    if (partial && partial->fixed_parts() < 3 && !has_number_after_wildcard(*partial)) {
        return append_x_range(op, *partial, out);
    }
    auto const plain = without_star(word);
    if (plain.empty()) return true;
    from = 0;
    op = scan_operator(plain, &from);
    return append_exact(op, std::string_view{plain}.substr(from), out);
}

Comparator nothing() { return {Operator::less, floor_of({})}; }

bool is_nothing(Comparator const& comparator) { return comparator == nothing(); }

}  // namespace ggen::range_words
