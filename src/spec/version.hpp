#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ggen {

/// A SemVer 2.0.0 version.
///
/// Numbers up to 2^63-1 are exact. Text up to k_bytes_max bytes; longer is refused before it is read.
class Version {
public:
    static constexpr std::size_t k_bytes_max = 256;
    /// A numeric or an alphanumeric prerelease identifier; numbers sort before texts (SemVer 11.4.3).
    using Identifier = std::variant<std::uint64_t, std::string>;

    Version() = default;  ///< 0.0.0
    Version(std::uint64_t major_in, std::uint64_t minor_in, std::uint64_t patch_in,
            std::vector<Identifier> prerelease_in = {}, std::string build_in = {});

    /// The strict grammar: no "v", no leading zeros, no blanks. Errors: invalid (version_invalid).
    [[nodiscard]] static Result<Version> parse(std::string_view text);

    [[nodiscard]] std::uint64_t major() const { return major_; }
    [[nodiscard]] std::uint64_t minor() const { return minor_; }
    [[nodiscard]] std::uint64_t patch() const { return patch_; }
    [[nodiscard]] std::vector<Identifier> const& prerelease() const { return prerelease_; }
    [[nodiscard]] bool is_prerelease() const { return !prerelease_.empty(); }
    [[nodiscard]] std::string const& build() const { return build_; }
    /// The text as parsed, build included.
    [[nodiscard]] std::string text() const;

    /// Precedence (SemVer 11); build metadata does not count.
    friend std::strong_ordering operator<=>(Version const& a, Version const& b);
    friend bool operator==(Version const& a, Version const& b) { return (a <=> b) == 0; }

private:
    std::uint64_t major_ = 0;
    std::uint64_t minor_ = 0;
    std::uint64_t patch_ = 0;
    std::vector<Identifier> prerelease_;
    std::string build_;
};

}  // namespace ggen
