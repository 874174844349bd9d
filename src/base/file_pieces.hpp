#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen {

/// Gives the content of the regular file `path`, which must hold `size_bytes`, to `take` in pieces of at most 1 MiB.
/// Follows no link when it matters to the caller: check the kind first. Errors: corrupt (another size), too_large,
/// not_found, io, and `take`'s.
Result<void> each_piece(FileSystem& files, std::string const& path, std::uint64_t size_bytes,
                        std::function<Result<void>(BytesView)> const& take);

/// Moves the regular file `from`, which holds `size_bytes`, to `to`, replacing what stands there: by rename, or by
/// copying when they are on different file systems. One caller at a time for each `to`. Nothing is synced. Errors: as
/// each_piece.
Result<void> move_file(FileSystem& files, std::string const& from, std::uint64_t size_bytes, std::string const& to);

}  // namespace ggen
