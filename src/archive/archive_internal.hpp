#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "archive/bounds.hpp"

/// The operations of archive.hpp under limits of the caller's, for tests; private to `archive`.
namespace ggen::archive_internal {

/// What the rules for a list of files look at.
struct ListedFile {
    std::string_view path;
    std::uint64_t size_bytes = 0;
};
/// Holds the top directory, each path and the sorted files as a whole against the rules. Returns the size of their
/// tree. Errors: as encode_archive.
[[nodiscard]] Result<std::uint64_t> check_list(std::string_view top_directory,
                                               std::vector<ListedFile> const& sorted_files,
                                               ArchiveBounds const& bounds);
/// Errors: too_large (archive_too_large).
[[nodiscard]] Result<void> check_packed_size(std::uint64_t packed_bytes, std::uint64_t tree_bytes,
                                             ArchiveBounds const& bounds);

[[nodiscard]] Result<WrittenArchive> write_archive(std::string_view top_directory, std::vector<ArchiveMember> members,
                                                   GiveContent const& give, TakePiece const& packed,
                                                   ArchiveBounds const& bounds);
[[nodiscard]] Result<Bytes> encode_tree(std::string_view top_directory,
                                        std::vector<ArchiveEntry> const& sorted_files, ArchiveBounds const& bounds);
[[nodiscard]] Result<DecodedArchive> decode_tree(Bytes tree_bytes, ArchiveBounds const& bounds);

}  // namespace ggen::archive_internal
