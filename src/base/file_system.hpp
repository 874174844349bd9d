#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/cancel.hpp"
#include "base/result.hpp"

namespace ggen {

enum class FileKind : std::uint8_t { regular, directory, symlink, other };

struct FileInfo {
    FileKind kind = FileKind::other;
    std::uint64_t size_bytes = 0;
    std::uint32_t mode = 0;  ///< Permission bits only (07777).
    std::uint32_t owner_uid = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    std::uint64_t link_count = 0;
    std::int64_t modified_ns = 0;
};

struct DirectoryEntry {
    std::string name;  ///< One component, never "." or "..".
    FileKind kind = FileKind::other;
};

enum class Sync : std::uint8_t {
    none,     ///< Survives the process, not a power loss.
    durable,  ///< File and directory entry are fsynced before the call returns.
};

enum class LockMode : std::uint8_t { shared, exclusive };

/// A kernel lock (flock); released when the object or the process ends, also by kill -9.
class FileLock {
public:
    virtual ~FileLock() = default;
};

/// An open file for appending (write-ahead logs, downloads that resume).
class AppendFile {
public:
    virtual ~AppendFile() = default;
    virtual Result<void> append(BytesView bytes) = 0;
    /// An fsync error is final: the kernel may have dropped the pages. Callers stop; they never retry.
    virtual Result<void> sync() = 0;
    [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

/// Creates files below one fresh directory without ever following a link, not even one that
/// somebody swaps in meanwhile (openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, O_EXCL; where the kernel lacks it,
/// each step of the path without following links).
///
/// Paths are relative, '/'-separated, already checked by the caller; "..", absolute and empty paths
/// are refused here once more. One thread.
class TreeBuilder {
public:
    virtual ~TreeBuilder() = default;
    /// Makes `path` and its missing parents, mode 0755 less umask. Existing ones are fine.
    virtual Result<void> make_directory(std::string_view path) = 0;
    /// Creates `path` (parents must exist). `mode` is taken literally, whatever the umask.
    /// Errors: conflict (exists), io.
    virtual Result<void> add_file(std::string_view path, BytesView content, std::uint32_t mode) = 0;
    /// The same for a file whose content comes in pieces; it is whole when the object is gone.
    virtual Result<std::unique_ptr<AppendFile>> create_file(std::string_view path, std::uint32_t mode) = 0;
    /// Hard-links the regular file `source`, which must hold `size_bytes`, as `path`. Errors: corrupt (another
    /// size or kind), not_found, conflict, io (another file system, too many links).
    virtual Result<void> add_hard_link(std::string_view path, std::string const& source,
                                       std::uint64_t size_bytes) = 0;
    /// Creates `path` as a copy-on-write clone (FICLONE) of the regular file `source`, which must hold
    /// `size_bytes`. On error nothing is left. Errors: io (also where the file systems cannot), conflict,
    /// corrupt (another size or kind).
    virtual Result<void> add_clone(std::string_view path, std::string const& source, std::uint64_t size_bytes,
                                   std::uint32_t mode) = 0;
};

/// A regular file mapped for reading. Pages come in as they are touched; a file that somebody truncates meanwhile
/// ends the process (SIGBUS), so map only files that are published by rename. Immutable, thread-safe.
class MappedFile {
public:
    virtual ~MappedFile() = default;
    /// Valid as long as the object.
    [[nodiscard]] virtual BytesView bytes() const = 0;
    /// Copies `out.size()` bytes from `offset`, past the mapping, so that the pages do not count as resident.
    /// Errors: corrupt (beyond the end), io.
    virtual Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
    /// Asks the kernel to read the whole file ahead, without waiting.
    virtual void prefetch() const = 0;
};

/// Port: the disk. All paths are absolute or relative to the working directory, UTF-8 bytes.
///
/// Every method blocks. Thread-safe. Errors by name: not_found (ENOENT, ENOTDIR), conflict (EEXIST,
/// ENOTEMPTY), too_large (a limit of the call), io (anything else, with errno's text).
class FileSystem {
public:
    virtual ~FileSystem() = default;

    /// The whole regular file. `too_large` when it holds more than `bytes_max`. Follows links.
    virtual Result<Bytes> read_file(std::string const& path, std::uint64_t bytes_max) = 0;
    /// Maps the whole regular file. `too_large` when it holds more than `bytes_max`. Follows links.
    virtual Result<std::unique_ptr<MappedFile>> map(std::string const& path, std::uint64_t bytes_max) = 0;
    /// Not following a final link. not_found when nothing is there.
    virtual Result<FileInfo> info(std::string const& path) = 0;
    /// Sorted by name, bytewise. At most `entries_max`, else too_large.
    virtual Result<std::vector<DirectoryEntry>> list(std::string const& path,
                                                     std::size_t entries_max = 1'000'000) = 0;
    virtual Result<std::string> read_symlink(std::string const& path) = 0;

    /// Old content or new content, never between: temporary file beside `path`, rename over it.
    virtual Result<void> write_file_atomic(std::string const& path, BytesView content, Sync sync,
                                           std::uint32_t mode = 0644) = 0;
    /// Opens for appending, creating it (mode 0644) when absent.
    virtual Result<std::unique_ptr<AppendFile>> open_append(std::string const& path) = 0;
    virtual Result<void> truncate(std::string const& path, std::uint64_t size_bytes) = 0;
    /// Missing parents too; existing directories are fine. `mode` less umask for the last one.
    virtual Result<void> make_directories(std::string const& path, std::uint32_t mode = 0755) = 0;
    /// Replaces `to` when it is a file or an empty directory, as rename(2).
    virtual Result<void> rename(std::string const& from, std::string const& to) = 0;
    /// Errors: conflict when `to` exists.
    virtual Result<void> rename_no_replace(std::string const& from, std::string const& to) = 0;
    /// Swaps two existing paths in one step.
    virtual Result<void> rename_exchange(std::string const& a, std::string const& b) = 0;
    virtual Result<void> remove_file(std::string const& path) = 0;
    /// Removes files, links and directories below and at `path`; makes read-only directories writable
    /// first. Absent is success. Never follows a link.
    virtual Result<void> remove_tree(std::string const& path) = 0;
    virtual Result<void> make_symlink(std::string const& target, std::string const& path) = 0;
    virtual Result<void> make_hard_link(std::string const& existing, std::string const& path) = 0;
    virtual Result<void> set_mode(std::string const& path, std::uint32_t mode) = 0;
    /// Sets access and modification time to now (the "last used" mark of caches).
    virtual Result<void> touch(std::string const& path) = 0;
    virtual Result<void> sync_directory(std::string const& path) = 0;
    /// syncfs(2) on the file system that holds `path`: one call for a batch of files.
    virtual Result<void> sync_file_system(std::string const& path) = 0;

    /// Makes the directory `path` (mode 0700; parent exists) and a builder inside it.
    /// Errors: conflict (exists).
    virtual Result<std::unique_ptr<TreeBuilder>> create_tree(std::string const& path) = 0;

    /// Waits for the lock, polling `cancel`. Creates the lock file when absent; it is never removed.
    /// Errors: cancelled, io.
    virtual Result<std::unique_ptr<FileLock>> lock(std::string const& path, LockMode mode,
                                                   CancelToken const* cancel = nullptr) = 0;
    /// As `lock`, but nothing at once when somebody else holds it.
    virtual Result<std::optional<std::unique_ptr<FileLock>>> try_lock(std::string const& path,
                                                                      LockMode mode) = 0;
};

/// The real disk.
[[nodiscard]] std::unique_ptr<FileSystem> make_posix_file_system();

/// The permission bits that this process takes away from files it creates. Read from the kernel once, without
/// changing it, so it is safe beside other threads; 022 when the kernel does not tell. Nothing here changes it later.
[[nodiscard]] std::uint32_t process_umask();

/// "a/b" from "a" and "b"; `b` is taken alone when `a` is empty.
[[nodiscard]] std::string join_path(std::string_view a, std::string_view b);
/// Everything before the last '/', "." when there is none.
[[nodiscard]] std::string parent_path(std::string_view path);

}  // namespace ggen
