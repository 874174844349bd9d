#pragma once

#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

/// Reads a file that a node keeps between runs; one that is not there is passed over. Blocks. Errors: io, and too_large
/// or those of `decode`: then the file was moved to `<path>.bad`, for whoever wants to know why, and the next save is
/// not stopped by it.
[[nodiscard]] Result<void> load_state_file(FileSystem& disk, std::string const& path, std::uint64_t bytes_max,
                                           std::function<Result<void>(BytesView image)> const& decode);
/// Writes the file whole or not at all, readable by its owner alone, with its directory. Blocks. Errors: io.
[[nodiscard]] Result<void> save_state_file(FileSystem& disk, std::string const& path, BytesView image);

}  // namespace ggen::p2p
