#pragma once

#include <string_view>

#include "spec/lockfile.hpp"

namespace ggen {

/// Reads a lockfile without conflict markers, line by line: exactly the keys and the layout that
/// Lockfile::print writes, plus blank lines, comments, any order of packages, and CRLF.
/// Errors: invalid (lockfile_invalid) with line and column.
[[nodiscard]] Result<Lockfile> read_lockfile(std::string_view text);

/// An error about a place in the lockfile.
[[nodiscard]] Error lockfile_error(std::size_t line, std::size_t column, std::string_view problem);

}  // namespace ggen
