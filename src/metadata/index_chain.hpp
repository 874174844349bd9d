#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "metadata/index_file.hpp"
#include "metadata/index_writer.hpp"
#include "spec/package_name.hpp"

namespace ggen::metadata {

/// A whole index file and files with what changed since, in one directory. The newest record of a name counts.
/// Files are numbered; each names the one before it, so that a crash between two steps leaves the old chain or the
/// new one. One thread; blocks.
class IndexChain {
public:
    /// Beyond so many files with changes, or when they hold a quarter of the whole one, all become one file.
    static constexpr std::size_t k_changes_max = 8;

    /// The chain in `directory`. Errors: not_found (there is none), corrupt (a file is missing or damaged), invalid
    /// (another format), io. After `corrupt` and `invalid`: remove the directory and begin again.
    [[nodiscard]] static Result<std::unique_ptr<IndexChain>> open(FileSystem& files, std::string const& directory);

    /// Valid as long as the chain. Errors: corrupt.
    [[nodiscard]] Result<std::optional<PackageRecord>> find(std::string_view name);
    /// Of the newest file.
    [[nodiscard]] Trailer const& newest() const { return files_.front().index->trailer(); }
    [[nodiscard]] std::size_t file_count() const { return files_.size(); }
    /// Bytes of all files.
    [[nodiscard]] std::uint64_t file_bytes() const;
    /// Looks at every byte. Errors: corrupt, cancelled.
    [[nodiscard]] Result<void> verify(CancelToken const* cancel = nullptr);

    /// New records by name, as encode_package makes them.
    using Changes = std::map<PackageName, Bytes>;
    /// Adds a file with `changes` to the chain in `directory` (made when absent), or makes one whole file of all when
    /// the chain has grown long. `origin.follows` is of no meaning. The caller holds a lock against other writers.
    /// Errors: io; those of `open` but not_found.
    [[nodiscard]] static Result<void> append(FileSystem& files, std::string const& directory, IndexOrigin origin,
                                             Changes const& changes, Sync sync);
    /// Makes one whole file of the chain. The bytes are those of an index that was written at once from the same
    /// records. Errors: as `append`, not_found.
    [[nodiscard]] static Result<void> merge(FileSystem& files, std::string const& directory, Sync sync);

private:
    struct Numbered {
        std::uint64_t number = 0;
        std::unique_ptr<IndexFile> index;
    };
    [[nodiscard]] bool is_long() const;

    std::vector<Numbered> files_;  ///< The newest first, the whole one last.
};

/// The path of the file with this number.
[[nodiscard]] std::string chain_file_path(std::string const& directory, std::uint64_t number);

}  // namespace ggen::metadata
