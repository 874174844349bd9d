#pragma once

#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// Limits on an archive that somebody else's tool made.
struct ForeignLimits {
    std::uint64_t unpacked_bytes_max = 512 * k_mib;
    std::size_t files_max = 100'000;
    std::uint64_t unpacked_floor_bytes = 64 * k_mib;  ///< Up to here any ratio is fine.
    std::uint64_t unpacked_ratio_max = 100;           ///< Of the packed size.
    /// Where the files will stand (archive_top_directory); paths without room below it are left out.
    std::string top_directory = "package";
};

struct ForeignContents {
    std::vector<ArchiveFile> files;      ///< Paths that our own archive accepts, first come first.
    std::vector<std::string> skipped;    ///< "path: reason" for every entry left out.
};

/// Reads a .tgz of npm: the first path component is cut, links, devices and paths that our archive refuses
/// are left out with a reason, any executable bit counts. Nothing is written.
///
/// Uses libarchive with its tar and gzip readers only, and is never linked into the install path
/// (trust.md 4.1 A15). Errors: invalid (import_package), too_large.
[[nodiscard]] Result<ForeignContents> read_npm_tarball(BytesView tarball, ForeignLimits const& limits = {});

}  // namespace ggen
