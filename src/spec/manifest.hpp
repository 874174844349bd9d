#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"
#include "spec/version_range.hpp"

namespace ggen {

/// One line of `[dependencies]`.
struct Dependency {
    PackageName name;
    VersionRange range;
    bool optional = false;
    std::string registry{};  ///< "" = wherever the namespace is mapped.
    friend bool operator==(Dependency const&, Dependency const&) = default;
};

/// `gpack.toml`, docs/formats/manifest.md.
struct Manifest {
    static constexpr std::size_t k_bytes_max = std::size_t{1024} * 1024;
    static constexpr std::size_t k_depth_max = 64;
    static constexpr std::size_t k_keys_max = 10'000;
    static constexpr std::size_t k_dependencies_max = 4'096;

    PackageName name;
    Version version;
    std::string description{};
    std::string license{};
    std::vector<std::string> authors{};
    std::string category{};
    std::vector<std::string> tags{};
    std::vector<std::string> keywords{};
    std::string homepage{};
    std::string repository{};
    std::string readme{};                ///< Path inside the package, "" = README.md when there is one.
    std::vector<std::string> include{};  ///< Globs; empty = everything.
    std::vector<std::string> exclude{};
    std::vector<Dependency> dependencies{};  ///< Sorted by name.
    /// The whole document as read: sections that ggen does not know are kept in it as they are.
    std::string source_text{};

    /// `source_name` stands in messages ("gpack.toml:3:9: …").
    /// Errors: invalid (manifest_invalid, name_invalid, …) with line and column; too_large.
    [[nodiscard]] static Result<Manifest> parse(std::string_view text,
                                                std::string_view source_name = "gpack.toml");
    /// `source_text` with the version replaced, nothing else touched (for `publish --tag`).
    [[nodiscard]] Result<Manifest> with_version(Version const& version) const;
};

}  // namespace ggen
