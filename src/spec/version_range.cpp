#include "spec/version_range.hpp"

#include <algorithm>

#include "spec/range_parser.hpp"
#include "spec/text_checks.hpp"

namespace ggen {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view k_blanks = " \t\n\v\f\r";
    auto const first = text.find_first_not_of(k_blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(k_blanks) - first + 1);
}

bool holds(VersionRange::Comparator const& comparator, Version const& version) {
    using Operator = VersionRange::Operator;
    auto const order = version <=> comparator.version;
    switch (comparator.op) {
        case Operator::less:
            return order < 0;
        case Operator::less_equal:
            return order <= 0;
        case Operator::equal:
            return order == 0;
        case Operator::greater_equal:
            return order >= 0;
        case Operator::greater:
            return order > 0;
    }
    return false;
}

bool has_same_core(Version const& a, Version const& b) {
    return a.major() == b.major() && a.minor() == b.minor() && a.patch() == b.patch();
}

bool set_matches(VersionRange::ComparatorSet const& set, Version const& version) {
    auto const all_hold =
        std::all_of(set.begin(), set.end(), [&](auto const& c) { return holds(c, version); });
    if (!all_hold || !version.is_prerelease()) return all_hold;
    return std::any_of(set.begin(), set.end(), [&](auto const& c) {
        return c.version.is_prerelease() && has_same_core(c.version, version);
    });
}

/// "<2.0.0-0": names a prerelease, but the lowest, and from below; no prerelease can match by it.
bool is_floor(VersionRange::Comparator const& comparator) {
    auto const& identifiers = comparator.version.prerelease();
    return comparator.op == VersionRange::Operator::less && identifiers.size() == 1 &&
           identifiers.front() == Version::Identifier{std::uint64_t{0}};
}

std::string_view operator_text(VersionRange::Operator op) {
    using Operator = VersionRange::Operator;
    switch (op) {
        case Operator::less:
            return "<";
        case Operator::less_equal:
            return "<=";
        case Operator::equal:
            return "";
        case Operator::greater_equal:
            return ">=";
        case Operator::greater:
            return ">";
    }
    return "";
}

}  // namespace

Result<VersionRange> VersionRange::parse(std::string_view text) {
    if (text.size() > k_bytes_max) {
        return Error{Errc::too_large, ErrorId::range_invalid,
                     "version range " + quoted(text) + ": it is longer than " + std::to_string(k_bytes_max) +
                         " bytes"};
    }
    VersionRange range;
    range.text_ = trimmed(text);
    if (range.text_ == "latest") {
        range.is_latest_tag_ = true;
        return range;
    }
    auto parsed = parse_range(text);
    if (!parsed.bad_word.empty()) {
        std::string context = "version range " + quoted(range.text_);
        if (parsed.bad_word != range.text_) context += ": at " + quoted(parsed.bad_word);
        return Error{Errc::invalid, ErrorId::range_invalid,
                     context + ": it is not a range such as ^1.2.3, ~1.2, >=1 <3 or 1.x"};
    }
    range.sets_ = std::move(parsed.sets);
    return range;
}

VersionRange VersionRange::exactly(Version const& version) {
    Version const bare{version.major(), version.minor(), version.patch(), version.prerelease()};
    VersionRange range;
    range.sets_ = {ComparatorSet{Comparator{Operator::equal, bare}}};
    range.text_ = bare.text();
    return range;
}

bool VersionRange::matches(Version const& version) const {
    return std::any_of(sets_.begin(), sets_.end(),
                       [&](ComparatorSet const& set) { return set_matches(set, version); });
}

bool VersionRange::allows_prerelease() const {
    return std::any_of(sets_.begin(), sets_.end(), [](ComparatorSet const& set) {
        return std::any_of(set.begin(), set.end(), [](Comparator const& comparator) {
            return comparator.version.is_prerelease() && !is_floor(comparator);
        });
    });
}

std::string VersionRange::canonical_text() const {
    std::string out;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        if (i > 0) out += "||";
        for (std::size_t k = 0; k < sets_[i].size(); ++k) {
            if (k > 0) out += ' ';
            out += operator_text(sets_[i][k].op);
            out += sets_[i][k].version.text();
        }
    }
    return out;
}

}  // namespace ggen
