#pragma once

#include <string>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "registry/root_file.hpp"
#include "registry/source.hpp"

namespace ggen::detail {

/// The newest root file of a folder, followed from version 1. Errors: not_found, invalid, refused
/// (root_file_invalid), io.
[[nodiscard]] Result<RootFile> load_root_chain(FileSystem& files, std::string const& directory);

/// The newest root file that `source` shows, followed from `root`: at most RootFile::k_steps_max versions. Errors:
/// invalid, refused (root_file_invalid), those of LogSource::read but for not_found.
[[nodiscard]] Result<RootFile> follow_root_chain(LogSource& source, RootFile root);

}  // namespace ggen::detail
