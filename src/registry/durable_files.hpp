#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen::detail {

/// Writes files below one folder so that a whole batch costs few fsyncs.
///
/// `write` makes a file visible at once (old or new content, never between) and durable with the next
/// `flush`. Only files that nothing published refers to yet may be written this way. A failed fsync is
/// told to `on_sync_failure`, which is expected not to return: the kernel may have dropped the pages,
/// so trying again would lie. One thread.
class DurableFiles {
public:
    using SyncFailure = std::function<void(std::string const& message)>;
    /// More files than this are made durable with one syncfs(2) instead of one fsync each.
    static constexpr std::size_t k_single_syncs_max = 12;

    DurableFiles(FileSystem& files, std::string folder, SyncFailure on_sync_failure);

    Result<void> write(std::string const& path, BytesView content);
    /// The same with the file `from`, which holds `size_bytes`; it is moved.
    Result<void> move_in(std::string const& path, std::string const& from, std::uint64_t size_bytes);
    Result<void> flush();
    /// Durable when it returns, and everything written before it; for files that something refers to
    /// already. `path` is not below the folder when absolute.
    Result<void> write_now(std::string const& path, BytesView content);
    /// Replaces the content of a log file by `content` and syncs it, and everything written before it.
    Result<void> rewrite_log(std::string const& path, BytesView content);

private:
    Result<void> make_parent(std::string const& full_path);
    Result<void> flush_each();
    Result<void> checked(Result<void> result);

    FileSystem& files_;
    std::string folder_;
    SyncFailure on_sync_failure_;
    std::set<std::string> known_directories_;
    std::set<std::string> unsynced_files_;
    std::set<std::string> unsynced_directories_;
};

}  // namespace ggen::detail
