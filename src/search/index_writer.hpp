#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/search.hpp"

/// What changes a search index on disk (docs/formats/search-index.md). One writer at a time, kept by a kernel lock;
/// readers are never kept waiting, and what a killed writer leaves is swept by the next one.
namespace ggen {

/// Builds an index from all its documents, in place of whatever the directory holds.
class SearchIndexBuilder {
public:
    /// Makes the directory when absent and waits for other writers. Errors: io, cancelled.
    static Result<std::unique_ptr<SearchIndexBuilder>> create(FileSystem& files, std::string directory,
                                                              CancelToken const* cancel = nullptr);
    ~SearchIndexBuilder();

    /// Any order; origin and name together must not come twice. Errors: io (disk full), too_large.
    Result<void> add(SearchDocument const& document);
    /// Publishes, durably and in one step; until then, and on every error, the old index stands. Once.
    /// Errors: io, too_large, cancelled.
    Result<void> finish(CancelToken const* cancel = nullptr);

private:
    struct Impl;
    explicit SearchIndexBuilder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct SearchWriterOptions {
    /// A merge is due when changes since the segment are more than this, and more than its documents divided by the
    /// share. Whoever opens the index replays the changes: about 25 us of CPU each.
    std::uint64_t merge_changes_min = 20'000;
    std::uint64_t merge_share = 50;  ///< 1 or more.
    /// Merges on a thread of the writer's own while changes go on. False: only `merge` does it.
    bool merges_in_background = false;
};

/// Keeps an index up to date. Thread-safe: any number of threads may ask for snapshots and search while one applies.
class SearchIndexWriter {
public:
    /// Waits for other writers; makes an empty index when there is none. Errors: io, cancelled, invalid (an index of
    /// another version), corrupt (build it anew).
    static Result<std::unique_ptr<SearchIndexWriter>> open(FileSystem& files, std::string directory,
                                                           SearchWriterOptions options = {},
                                                           CancelToken const* cancel = nullptr);
    /// Stops a merge under way; what was applied is on disk.
    ~SearchIndexWriter();

    /// All changes or none: on disk and in the next snapshot when this returns. Snapshots show them a little earlier,
    /// once they are written and while the disk makes them durable; what a crash takes back then was not answered for
    /// yet. Errors: io (disk full; the index is as before, in snapshots too, and so is the file unless the disk fails
    /// for good: then every later call fails too), too_large.
    Result<void> apply(std::span<IndexChange const> changes);

    /// The index with everything applied so far. Never waits. Immutable.
    [[nodiscard]] std::shared_ptr<SearchIndex const> snapshot() const;

    /// Changes since the segment: documents added or replaced, removals and new counts.
    [[nodiscard]] std::uint64_t change_count() const;
    [[nodiscard]] bool is_merge_due() const;
    /// Folds the changes into a new segment now, on this thread; waits for one that runs in the background.
    /// Errors: io (disk full: segment and changes stay as they are), cancelled.
    Result<void> merge(CancelToken const* cancel = nullptr);
    /// How the last merge in the background ended; ok when there was none.
    [[nodiscard]] Result<void> last_background_merge() const;

private:
    struct Impl;
    explicit SearchIndexWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen
