#pragma once

#include <string>

#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen {

/// Tries out below `room` (absent; its parent exists) what the store at `directory` is built on: a rename that replaces
/// nothing and tells so, a rename of a directory that is whole at once, and locks that keep others away. Network file
/// systems exist that lack each of these. Leaves nothing.
/// Errors: refused (store_unsafe) with the promise that was broken; io.
Result<void> check_promises(FileSystem& files, std::string const& room, std::string const& directory);

}  // namespace ggen
