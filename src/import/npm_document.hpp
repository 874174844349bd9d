#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "spec/manifest.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

namespace ggen {

inline constexpr std::uint64_t k_packument_bytes_max = 256 * k_mib;

/// A dependency as npm wrote it; not yet judged.
struct NpmDependency {
    std::string name;
    std::string range;
    bool optional = false;
};

/// One version in npm's document of a package.
struct NpmVersion {
    Version version;
    std::vector<NpmDependency> dependencies;  ///< dependencies and optionalDependencies, sorted by name.
    std::string tarball_url;
    std::string integrity;  ///< "sha512-<base64>", may be empty.
    std::string shasum;     ///< Hex SHA-1, may be empty.
    bool is_deprecated = false;
};

/// npm's document of a package ("packument"), full or abbreviated.
struct NpmPackument {
    std::string name;
    std::map<std::string, std::string> dist_tags;
    std::vector<NpmVersion> versions;  ///< Those with a SemVer version, ascending.

    /// Errors: invalid (import_package).
    [[nodiscard]] static Result<NpmPackument> parse(std::string_view json);
    [[nodiscard]] NpmVersion const* find(Version const& version) const;
};

/// sha512 of `integrity` where given, else SHA-1 of `shasum`; neither is a refusal.
/// Errors: refused (import_package).
[[nodiscard]] Result<void> check_npm_integrity(BytesView tarball, NpmVersion const& version);

/// `@a/b` becomes a/b, `x` becomes <name_space>/x. Errors: invalid (name_invalid) when our grammar
/// has no such name (capitals, leading '_', over 64 bytes), or when a scope is `name_space` itself,
/// because `@npm/x` and `x` would be one package.
[[nodiscard]] Result<PackageName> map_npm_name(std::string_view npm_name, std::string_view name_space);

/// A dependency in our terms, or why there is none.
struct MappedDependency {
    std::optional<Dependency> dependency;
    std::string npm_name;
    std::string dropped_because;  ///< "" when `dependency` is set.
};
/// `tags` are the dist-tags of the dependency's own packument when known; a range that is a tag becomes
/// that exact version. Aliases (npm:…), addresses and folders cannot be mapped.
[[nodiscard]] MappedDependency map_npm_dependency(NpmDependency const& dependency, std::string_view name_space,
                                                  std::map<std::string, std::string> const* tags);

/// What package.json inside an archive adds to the manifest.
struct NpmDescription {
    std::string description;
    std::string license;
    std::string homepage;
    std::string repository;
    std::string author;
    std::vector<std::string> keywords;
    /// Never fails: odd fields stay empty.
    [[nodiscard]] static NpmDescription from_package_json(BytesView json);
};

/// The gpack.toml of an imported release. Parses with Manifest::parse.
[[nodiscard]] std::string manifest_from_npm(PackageName const& name, Version const& version,
                                            NpmDescription const& description,
                                            std::vector<Dependency> const& dependencies);

}  // namespace ggen
