#pragma once

#include <string>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "registry/root_file.hpp"

namespace ggen::detail {

/// The newest root file of a folder, followed from version 1. Errors: not_found, invalid, refused
/// (root_file_invalid), io.
[[nodiscard]] Result<RootFile> load_root_chain(FileSystem& files, std::string const& directory);

}  // namespace ggen::detail
