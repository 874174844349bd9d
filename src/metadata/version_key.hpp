#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "spec/version.hpp"

namespace ggen::metadata {

/// A version as it stands in a file: compared without building a Version.
struct VersionKey {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::uint64_t patch = 0;
    std::string_view prerelease;  ///< "rc.1"; empty for a release. Identifiers as SemVer 9 writes them.

    [[nodiscard]] bool is_prerelease() const { return !prerelease.empty(); }
    /// Precedence as that of Version (SemVer 11). A prerelease that breaks the grammar has some fixed place.
    friend std::strong_ordering operator<=>(VersionKey const& a, VersionKey const& b);
    friend bool operator==(VersionKey const& a, VersionKey const& b) { return (a <=> b) == 0; }
};

/// "rc.1" of 1.0.0-rc.1+b5; empty for a release.
[[nodiscard]] std::string prerelease_text(Version const& version);

/// Precedence of two prereleases of one release, neither empty.
[[nodiscard]] std::strong_ordering compare_prereleases(std::string_view a, std::string_view b);

}  // namespace ggen::metadata
