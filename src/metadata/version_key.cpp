#include "metadata/version_key.hpp"

#include <algorithm>

namespace ggen::metadata {
namespace {

std::string_view take_identifier(std::string_view& text) {
    auto const dot = std::min(text.find('.'), text.size());
    auto const piece = text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
    return piece;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Numbers before texts; numbers by value, texts by bytes (SemVer 11.4).
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
    bool const a_is_number = is_number(a);
    bool const b_is_number = is_number(b);
    if (a_is_number != b_is_number) return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
    // No leading zeros, so the longer number is the greater one.
    if (a_is_number && a.size() != b.size()) return a.size() <=> b.size();
    return a <=> b;
}

}  // namespace

std::strong_ordering compare_prereleases(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        auto const order = compare_identifiers(take_identifier(a), take_identifier(b));
        if (order != 0) return order;
    }
    // The one with more identifiers is the greater.
    return static_cast<int>(!a.empty()) <=> static_cast<int>(!b.empty());
}

std::strong_ordering operator<=>(VersionKey const& a, VersionKey const& b) {
    if (auto const order = a.major <=> b.major; order != 0) return order;
    if (auto const order = a.minor <=> b.minor; order != 0) return order;
    if (auto const order = a.patch <=> b.patch; order != 0) return order;
    if (a.is_prerelease() && b.is_prerelease()) return compare_prereleases(a.prerelease, b.prerelease);
    return static_cast<int>(b.is_prerelease()) <=> static_cast<int>(a.is_prerelease());
}

std::string prerelease_text(Version const& version) {
    std::string out;
    for (auto const& identifier : version.prerelease()) {
        if (!out.empty()) out += '.';
        auto const* const number = std::get_if<std::uint64_t>(&identifier);
        out += number != nullptr ? std::to_string(*number) : std::get<std::string>(identifier);
    }
    return out;
}

}  // namespace ggen::metadata
