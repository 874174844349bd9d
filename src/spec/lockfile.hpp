#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"
#include "spec/version_range.hpp"

namespace ggen {

struct LockedPackage {
    PackageName name;
    Version version;
    std::string origin{};   ///< Origin of the registry's log ("example/main").
    Digest archive;         ///< Of the compressed archive as served.
    Digest tree;            ///< Of the canonical uncompressed bytes.
    Digest leaf;            ///< RFC 6962 leaf hash of the release record.
    std::uint64_t index = 0;          ///< Of the release record in the log.
    std::uint64_t archive_bytes = 0;  ///< Size of the compressed archive.
    /// name -> range as the manifest wrote it; only what is in the lockfile too.
    std::map<PackageName, std::string> dependencies{};
    friend bool operator==(LockedPackage const&, LockedPackage const&) = default;
};

/// `ggen.lock`: TOML, sorted by name, LF, no times, no machine paths; docs/formats/lockfile.md.
struct Lockfile {
    static constexpr std::size_t k_bytes_max = std::size_t{64} * 1024 * 1024;
    static constexpr std::int64_t k_format_version = 1;

    /// What the user asked for: name -> range text. The roots of the tree.
    std::map<PackageName, std::string> requirements;
    std::map<PackageName, LockedPackage> packages;

    /// Conflict markers of git are accepted: both sides are read as sets and joined, the higher
    /// version of a package wins; `had_conflict_markers` is set so that the caller resolves again.
    /// Errors: invalid (lockfile_invalid) with line and column; too_large.
    [[nodiscard]] static Result<Lockfile> parse(std::string_view text);
    /// Equal lockfiles print equal bytes; parse(print()) is the same value.
    [[nodiscard]] std::string print() const;

    bool had_conflict_markers = false;
};

}  // namespace ggen
