#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "spec/version.hpp"

namespace ggen {

/// A set of versions in npm's range grammar (node-semver): `^ ~ > >= < <= = ||`, hyphen ranges,
/// x-ranges, blanks, "v" prefixes, and "latest" (or "") for any release.
///
/// The prerelease rule of npm holds: a prerelease satisfies a comparator set only if some comparator
/// of that set has the same major.minor.patch and a prerelease itself.
class VersionRange {
public:
    static constexpr std::size_t k_bytes_max = 1024;

    enum class Operator : std::uint8_t { less, less_equal, equal, greater_equal, greater };
    struct Comparator {
        Operator op;
        Version version;
        friend bool operator==(Comparator const&, Comparator const&) = default;
    };
    /// All of them must hold. An empty set means any release.
    using ComparatorSet = std::vector<Comparator>;

    VersionRange() = default;  ///< "*"
    /// Runs in time linear in the text. Errors: invalid (range_invalid), too_large.
    [[nodiscard]] static Result<VersionRange> parse(std::string_view text);
    /// Exactly this version (build metadata ignored).
    [[nodiscard]] static VersionRange exactly(Version const& version);

    [[nodiscard]] bool matches(Version const& version) const;
    /// Whether a prerelease could match at all (some comparator names one).
    [[nodiscard]] bool allows_prerelease() const;
    /// "latest" was written: the newest release is meant.
    [[nodiscard]] bool is_latest_tag() const { return is_latest_tag_; }
    /// The text as written (blanks at both ends cut), "*" for the default.
    [[nodiscard]] std::string const& text() const { return text_; }
    /// Desugared comparator sets, joined by OR.
    [[nodiscard]] std::vector<ComparatorSet> const& sets() const { return sets_; }
    /// Desugared, as npm's `new Range(x).range` prints it.
    [[nodiscard]] std::string canonical_text() const;

    friend bool operator==(VersionRange const& a, VersionRange const& b) { return a.sets_ == b.sets_; }

private:
    std::vector<ComparatorSet> sets_{ComparatorSet{}};
    std::string text_ = "*";
    bool is_latest_tag_ = false;
};

}  // namespace ggen
