#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Rules about the paths of an archive; private to `archive`.
namespace ggen::path_rules {

/// Longest path that a ustar header can hold: prefix, slash, name.
inline constexpr std::size_t k_ustar_path_bytes_max = 155 + 1 + 100;

/// check_archive_path with a limit of the caller's.
[[nodiscard]] Result<void> check(std::string_view path, std::size_t bytes_max);

/// Refuses paths that are one file on some system, and a file where another path has a directory.
/// Every path has passed `check`. Keeps one key a path: at most 4 x 200 bytes each.
/// Errors: refused (archive_collision, archive_path_unsafe).
[[nodiscard]] Result<void> check_collisions(std::vector<std::string_view> const& paths);

/// "the path \"…\"", cut and safe for a terminal.
[[nodiscard]] std::string shown(std::string_view path);

}  // namespace ggen::path_rules
