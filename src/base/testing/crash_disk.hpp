#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file_system.hpp"

namespace ggen::testing {

/// A disk in memory that can lose power.
///
/// What it promises is what journaling file systems promise (ext4, XFS, btrfs): changes of names and modes outlive a
/// power loss in the order in which they were made, up to any of them; the content of a file that was not synced may
/// be lost or torn although its name is there. Hard links are refused, and so fall back to copies. One process.
class CrashDisk final : public FileSystem {
public:
    struct Node {
        FileKind kind = FileKind::directory;
        std::uint32_t mode = 0755;
        std::int64_t modified_ns = 0;
        std::uint64_t inode = 0;
        std::string target{};                          ///< Of a link.
        std::shared_ptr<Bytes const> content{};        ///< Of a file.
        std::uint64_t synced_bytes = 0;                ///< How much of it a power loss cannot take.
        bool is_synced = false;
    };
    using Tree = std::map<std::string, Node>;  ///< Absolute path -> node.

    CrashDisk() : CrashDisk(Tree{}) {}
    explicit CrashDisk(Tree tree) : tree_(std::move(tree)) {}

    /// The disk as it is now; contents are shared.
    [[nodiscard]] Tree const& tree() const { return tree_; }
    /// Called after every change of a name, a mode or a content.
    void on_change(std::function<void()> observer) { observer_ = std::move(observer); }
    /// How many changes were made, and up to which of them nothing can be lost any more.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] std::uint64_t durable_changes() const { return durable_changes_; }

    Result<Bytes> read_file(std::string const& path, std::uint64_t bytes_max) override;
    Result<std::unique_ptr<MappedFile>> map(std::string const& path, std::uint64_t bytes_max) override;
    Result<FileInfo> info(std::string const& path) override;
    Result<std::vector<DirectoryEntry>> list(std::string const& path, std::size_t entries_max) override;
    Result<std::string> read_symlink(std::string const& path) override;
    Result<void> write_file_atomic(std::string const& path, BytesView content, Sync sync,
                                   std::uint32_t mode) override;
    Result<std::unique_ptr<AppendFile>> open_append(std::string const& path) override;
    Result<void> truncate(std::string const& path, std::uint64_t size_bytes) override;
    Result<void> make_directories(std::string const& path, std::uint32_t mode) override;
    Result<void> rename(std::string const& from, std::string const& to) override;
    Result<void> rename_no_replace(std::string const& from, std::string const& to) override;
    Result<void> rename_exchange(std::string const& a, std::string const& b) override;
    Result<void> remove_file(std::string const& path) override;
    Result<void> remove_tree(std::string const& path) override;
    Result<void> make_symlink(std::string const& target, std::string const& path) override;
    Result<void> make_hard_link(std::string const& existing, std::string const& path) override;
    Result<void> set_mode(std::string const& path, std::uint32_t mode) override;
    Result<void> touch(std::string const& path) override;
    Result<void> sync_directory(std::string const& path) override;
    Result<void> sync_file_system(std::string const& path) override;
    Result<std::unique_ptr<TreeBuilder>> create_tree(std::string const& path) override;
    Result<std::unique_ptr<FileLock>> lock(std::string const& path, LockMode mode,
                                           CancelToken const* cancel) override;
    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(std::string const& path, LockMode mode) override;

private:
    friend class CrashAppendFile;
    friend class CrashTreeBuilder;
    friend class CrashLock;
    struct Held {
        int shared = 0;
        bool exclusive = false;
    };

    /// The path with every link in it followed, the last one only when asked. Errors: not_found.
    Result<std::string> resolve(std::string const& path, bool follow_last) const;
    Result<Node*> find(std::string const& path, bool follow_last);
    Result<void> put(std::string const& path, Node node, bool may_replace);
    Result<void> append_to(std::string const& resolved, BytesView bytes);
    void move(std::string const& from, std::string const& to);
    void erase(std::string const& path);
    void changed();

    Tree tree_;
    std::function<void()> observer_;
    std::uint64_t changes_ = 0;
    std::uint64_t durable_changes_ = 0;
    std::uint64_t temporaries_ = 0;
    std::uint64_t inodes_ = 0;
    std::map<std::string, Held> locks_;  // By path; gone with the machine.
    std::recursive_mutex mutex_;  // Operations may call from several threads.
};

/// What a power loss makes of one content that was not synced.
enum class Torn : std::uint8_t { whole, empty, zeros, half };
[[nodiscard]] Bytes torn(CrashDisk::Node const& node, Torn how);

/// Every tree that a power loss may leave when the names were as in `tree`: all contents that were not synced whole,
/// all empty, all zeros, all cut in the middle; and each of them alone empty and alone zeros.
void each_crash(CrashDisk::Tree const& tree, std::function<void(CrashDisk::Tree const&)> const& visit);

}  // namespace ggen::testing
