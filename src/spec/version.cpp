#include "spec/version.hpp"

#include <algorithm>
#include <optional>

#include "spec/text_checks.hpp"
#include "spec/version_grammar.hpp"

namespace ggen {
namespace {

namespace grammar = version_grammar;

Error invalid(std::string_view text, std::string_view problem) {
    return {Errc::invalid, ErrorId::version_invalid, "version " + quoted(text) + ": " + std::string{problem}};
}

/// The spelling without blanks and a leading "v" or "=", when that is a version.
std::string likely_spelling(std::string_view text) {
    auto const is_noise = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!text.empty() && (is_noise(text.front()) || text.front() == '=')) text.remove_prefix(1);
    while (!text.empty() && is_noise(text.back())) text.remove_suffix(1);
    if (!text.empty() && (text.front() == 'v' || text.front() == 'V')) text.remove_prefix(1);
    return std::string{text};
}

/// Offsets just after each piece of a version; `build` is the end of the text.
struct Pieces {
    std::size_t major = 0;
    std::size_t minor = 0;
    std::size_t patch = 0;
    std::size_t prerelease = 0;
};

std::optional<Pieces> scan_pieces(std::string_view text) {
    Pieces ends;
    auto const dotted = [&](std::size_t from) -> std::size_t {
        if (from >= text.size() || text[from] != '.') return 0;
        auto const end = grammar::scan_number(text, from + 1);
        return end == from + 1 ? 0 : end;
    };
    ends.major = grammar::scan_number(text, 0);
    if (ends.major == 0) return std::nullopt;
    if (ends.minor = dotted(ends.major); ends.minor == 0) return std::nullopt;
    if (ends.patch = dotted(ends.minor); ends.patch == 0) return std::nullopt;
    ends.prerelease = grammar::scan_prerelease(text, ends.patch);
    if (grammar::scan_build(text, ends.prerelease) != text.size()) return std::nullopt;
    return ends;
}

std::string_view between(std::string_view text, std::size_t from, std::size_t end) {
    return from < end ? text.substr(from, end - from) : std::string_view{};
}

/// Splits "a.1.b"; nothing when a number is too large. `text` follows the grammar.
std::optional<std::vector<Version::Identifier>> identifiers(std::string_view text) {
    std::vector<Version::Identifier> out;
    while (!text.empty()) {
        auto const dot = std::min(text.find('.'), text.size());
        auto const piece = text.substr(0, dot);
        if (grammar::scan_digits(piece, 0) == piece.size()) {
            auto const value = grammar::number_value(piece);
            if (!value) return std::nullopt;
            out.emplace_back(*value);
        } else {
            out.emplace_back(std::string{piece});
        }
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return out;
}

std::strong_ordering compare(Version::Identifier const& a, Version::Identifier const& b) {
    if (a.index() != b.index()) return a.index() <=> b.index();  // Numbers before texts.
    if (auto const* number = std::get_if<std::uint64_t>(&a))
        return *number <=> *std::get_if<std::uint64_t>(&b);
    return *std::get_if<std::string>(&a) <=> *std::get_if<std::string>(&b);
}

}  // namespace

Version::Version(std::uint64_t major_in, std::uint64_t minor_in, std::uint64_t patch_in,
                 std::vector<Identifier> prerelease_in, std::string build_in)
    : major_(major_in),
      minor_(minor_in),
      patch_(patch_in),
      prerelease_(std::move(prerelease_in)),
      build_(std::move(build_in)) {}

Result<Version> Version::parse(std::string_view text) {
    if (text.size() > k_bytes_max) return invalid(text, "it is longer than 256 bytes");
    auto const ends = scan_pieces(text);
    if (!ends) {
        auto error = invalid(text, "it is not MAJOR.MINOR.PATCH[-prerelease][+build]");
        auto const spelling = likely_spelling(text);
        if (spelling != text && scan_pieces(spelling)) error.help = "did you mean " + spelling + "?";
        return error;
    }
    auto const major = grammar::number_value(between(text, 0, ends->major));
    auto const minor = grammar::number_value(between(text, ends->major + 1, ends->minor));
    auto const patch = grammar::number_value(between(text, ends->minor + 1, ends->patch));
    auto prerelease = identifiers(between(text, ends->patch + 1, ends->prerelease));
    if (!major || !minor || !patch || !prerelease) {
        return invalid(text, "a number is larger than 9223372036854775807");
    }
    return Version{*major, *minor, *patch, *std::move(prerelease),
                   std::string{between(text, ends->prerelease + 1, text.size())}};
}

std::string Version::text() const {
    std::string out = std::to_string(major_);
    out += '.';
    out += std::to_string(minor_);
    out += '.';
    out += std::to_string(patch_);
    char lead = '-';
    for (auto const& identifier : prerelease_) {
        out += lead;
        lead = '.';
        auto const* number = std::get_if<std::uint64_t>(&identifier);
        out += number != nullptr ? std::to_string(*number) : *std::get_if<std::string>(&identifier);
    }
    if (!build_.empty()) out += '+';
    return out + build_;
}

std::strong_ordering operator<=>(Version const& a, Version const& b) {
    if (auto const order = a.major_ <=> b.major_; order != 0) return order;
    if (auto const order = a.minor_ <=> b.minor_; order != 0) return order;
    if (auto const order = a.patch_ <=> b.patch_; order != 0) return order;
    if (a.is_prerelease() != b.is_prerelease()) {
        return a.is_prerelease() ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    auto const common = std::min(a.prerelease_.size(), b.prerelease_.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (auto const order = compare(a.prerelease_[i], b.prerelease_[i]); order != 0) return order;
    }
    return a.prerelease_.size() <=> b.prerelease_.size();
}

}  // namespace ggen
