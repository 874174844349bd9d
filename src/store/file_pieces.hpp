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

}  // namespace ggen
