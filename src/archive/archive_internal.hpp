#pragma once

#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "archive/bounds.hpp"

/// The operations of archive.hpp under limits of the caller's, for tests; private to `archive`.
namespace ggen::archive_internal {

[[nodiscard]] Result<Bytes> encode_tree(std::string_view top_directory,
                                        std::vector<ArchiveEntry> const& sorted_files, ArchiveBounds const& bounds);
[[nodiscard]] Result<DecodedArchive> decode_tree(Bytes tree_bytes, ArchiveBounds const& bounds);

}  // namespace ggen::archive_internal
