#pragma once

#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "spec/manifest.hpp"

namespace ggen::detail {

/// The files of the package in `directory`, chosen by its include and exclude, in byte order of their
/// paths. gpack.toml is always among them. Links and devices that would be packed are refused: a link
/// could take in files from outside.
/// Errors: refused (archive_path_unsafe) with the path, too_large, io, cancelled.
[[nodiscard]] Result<std::vector<ArchiveFile>> read_package_files(FileSystem& files, CancelToken const& cancel,
                                                                  std::string const& directory,
                                                                  Manifest const& manifest);

/// What a publisher probably did not intend; sentences. Looks at nothing but the package.
[[nodiscard]] std::vector<std::string> lint_package(Manifest const& manifest, std::vector<ArchiveFile> const& files);

}  // namespace ggen::detail
