#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "search/search.hpp"

/// A search index on disk (docs/formats/search-index.md): a segment, the changes since, and the file CURRENT that
/// names both. index_writer.hpp has what changes it.
namespace ggen {

/// The index as it stands: maps the segment and replays the changes. Takes no lock and waits for no writer; later
/// changes by others do not show, open again for them. Blocks; thread-safe.
/// Errors: not_found (no index there), io, invalid (of another version), corrupt.
[[nodiscard]] Result<std::shared_ptr<SearchIndex const>> open_search_index(FileSystem& files,
                                                                           std::string const& directory);

/// An index of these documents that is on no disk. Origin and name together must not come twice. Errors: too_large.
[[nodiscard]] Result<std::shared_ptr<SearchIndex const>> make_memory_index(
    std::vector<SearchDocument> const& documents);

/// Digest over all documents of the index as it stands: equal content gives an equal digest, however it grew. Reads
/// all of them and every byte of the segment. Errors: as open_search_index, cancelled.
[[nodiscard]] Result<Digest> search_index_image(FileSystem& files, std::string const& directory,
                                                CancelToken const* cancel = nullptr);

namespace search_index {

class Delta;
class SegmentReader;

/// Names of the files of an index.
[[nodiscard]] std::string current_path(std::string const& directory);
[[nodiscard]] std::string lock_path(std::string const& directory);
[[nodiscard]] std::string segment_path(std::string const& directory, std::uint64_t number);
[[nodiscard]] std::string changes_path(std::string const& directory, std::uint64_t number);

/// The number in CURRENT. Errors: not_found, io, invalid (of another version), corrupt.
[[nodiscard]] Result<std::uint64_t> read_current(FileSystem& files, std::string const& directory);
/// Points CURRENT at `number`, durably, in one step. Errors: io.
[[nodiscard]] Result<void> write_current(FileSystem& files, std::string const& directory, std::uint64_t number);

/// What one number of an index holds.
struct IndexState {
    std::uint64_t number = 0;
    std::shared_ptr<SegmentReader const> base;
    std::shared_ptr<Delta const> delta;
    std::uint64_t changes_bytes = 0;  ///< Of whole records; the file may be longer by a torn one.
};
/// Opens what CURRENT names, again when a writer moved on meanwhile. Errors: as open_search_index.
[[nodiscard]] Result<IndexState> load_index(FileSystem& files, std::string const& directory);

}  // namespace search_index
}  // namespace ggen
