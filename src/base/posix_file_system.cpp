#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "base/posix_file.hpp"

namespace ggen {
namespace {

using posix::errno_error;
using posix::Fd;
using posix::retry_eintr;
using posix::write_all;

FileKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return FileKind::regular;
    if (S_ISDIR(mode)) return FileKind::directory;
    if (S_ISLNK(mode)) return FileKind::symlink;
    return FileKind::other;
}

FileInfo info_of(struct stat const& st) {
    FileInfo info;
    info.kind = kind_of(st.st_mode);
    info.size_bytes = static_cast<std::uint64_t>(st.st_size);
    info.mode = st.st_mode & 07777U;
    info.owner_uid = st.st_uid;
    info.inode = st.st_ino;
    info.device = st.st_dev;
    info.link_count = st.st_nlink;
    info.modified_ns = st.st_mtim.tv_sec * 1'000'000'000LL + st.st_mtim.tv_nsec;
    return info;
}

class PosixLock final : public FileLock {
public:
    explicit PosixLock(Fd fd) : fd_(std::move(fd)) {}
    PosixLock(PosixLock const&) = delete;
    PosixLock& operator=(PosixLock const&) = delete;
    /// Said aloud, not left to close: a child between fork and exec has a copy of the descriptor that keeps the lock.
    ~PosixLock() override { ::flock(fd_.get(), LOCK_UN); }

private:
    Fd fd_;
};

class PosixFileSystem final : public FileSystem {
public:
    Result<Bytes> read_file(std::string const& path, std::uint64_t bytes_max) override {
        Fd const file{retry_eintr([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })};
        if (!file.is_open()) return errno_error("open", path);
        struct stat st {};
        if (::fstat(file.get(), &st) != 0) return errno_error("stat", path);
        if (S_ISDIR(st.st_mode)) return errno_error("read", path, EISDIR);
        if (!S_ISREG(st.st_mode)) return Error{Errc::io, "read " + path + ": not a regular file"};
        auto const size = static_cast<std::uint64_t>(st.st_size);
        if (size > bytes_max) {
            return Error{Errc::too_large, path + " holds " + std::to_string(size) +
                                              " bytes; the limit here is " + std::to_string(bytes_max)};
        }
        Bytes bytes(static_cast<std::size_t>(size));
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            auto const n = retry_eintr(
                [&] { return ::read(file.get(), bytes.data() + filled, bytes.size() - filled); });
            if (n < 0) return errno_error("read", path);
            if (n == 0) break;
            filled += static_cast<std::size_t>(n);
        }
        bytes.resize(filled);
        return bytes;
    }

    Result<std::unique_ptr<MappedFile>> map(std::string const& path, std::uint64_t bytes_max) override {
        Fd file{retry_eintr([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })};
        if (!file.is_open()) return errno_error("open", path);
        return posix::map_file(std::move(file), path, bytes_max);
    }

    Result<FileInfo> info(std::string const& path) override {
        struct stat st {};
        if (::lstat(path.c_str(), &st) != 0) return errno_error("stat", path);
        return info_of(st);
    }

    Result<std::vector<DirectoryEntry>> list(std::string const& path, std::size_t entries_max) override {
        DIR* const handle = ::opendir(path.c_str());
        if (handle == nullptr) return errno_error("list", path);
        std::unique_ptr<DIR, int (*)(DIR*)> const owner{handle, &::closedir};
        std::vector<DirectoryEntry> entries;
        while (true) {
            errno = 0;
            dirent const* const entry = ::readdir(handle);  // NOLINT(concurrency-mt-unsafe): own stream.
            if (entry == nullptr) break;
            std::string_view const name{entry->d_name};
            if (name == "." || name == "..") continue;
            if (entries.size() == entries_max) return Error{Errc::too_large, "list " + path + ": too many entries"};
            entries.push_back({std::string{name}, entry_kind(*entry, path)});
        }
        if (errno != 0) return errno_error("list", path);
        std::sort(entries.begin(), entries.end(),
                  [](auto const& a, auto const& b) { return a.name < b.name; });
        return entries;
    }

    Result<std::string> read_symlink(std::string const& path) override {
        std::string target(4096, '\0');
        auto const n = ::readlink(path.c_str(), target.data(), target.size());
        if (n < 0) return errno_error("readlink", path);
        target.resize(static_cast<std::size_t>(n));
        return target;
    }

    Result<void> write_file_atomic(std::string const& path, BytesView content, Sync sync,
                                   std::uint32_t mode) override {
        std::string const temporary = temporary_name(path);
        auto written = write_new_file(temporary, content, sync, mode);
        if (!written) {
            ::unlink(temporary.c_str());
            return written;
        }
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            auto error = errno_error("rename to", path);
            ::unlink(temporary.c_str());
            return error;
        }
        return sync == Sync::durable ? sync_directory(parent_path(path)) : ok();
    }

    Result<std::unique_ptr<AppendFile>> open_append(std::string const& path) override {
        Fd file{retry_eintr(
            [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644); })};
        if (!file.is_open()) return errno_error("open", path);
        struct stat st {};
        if (::fstat(file.get(), &st) != 0) return errno_error("stat", path);
        return posix::make_append_file(std::move(file), path, static_cast<std::uint64_t>(st.st_size));
    }

    Result<void> truncate(std::string const& path, std::uint64_t size_bytes) override {
        if (::truncate(path.c_str(), static_cast<off_t>(size_bytes)) != 0) return errno_error("truncate", path);
        return ok();
    }

    Result<void> make_directories(std::string const& path, std::uint32_t mode) override {
        if (::mkdir(path.c_str(), mode) == 0) return ok();  // Mostly the parents are there.
        std::size_t end = 0;
        while (end < path.size()) {
            end = std::min(path.find('/', end + 1), path.size());
            std::string const part = path.substr(0, end);
            mode_t const part_mode = end == path.size() ? mode : 0755;
            if (::mkdir(part.c_str(), part_mode) == 0 || errno == EEXIST) continue;
            int const code = errno;
            if (code == EROFS || code == EACCES || code == EPERM) {
                struct stat st {};
                if (::stat(part.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) continue;
            }
            return errno_error("mkdir", part, code);
        }
        struct stat st {};
        if (::stat(path.c_str(), &st) != 0) return errno_error("stat", path);
        if (!S_ISDIR(st.st_mode)) return errno_error("mkdir", path, ENOTDIR);
        return ok();
    }

    Result<void> rename(std::string const& from, std::string const& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename to", to);
        return ok();
    }

    Result<void> rename_no_replace(std::string const& from, std::string const& to) override {
        return rename_with(from, to, RENAME_NOREPLACE);
    }

    Result<void> rename_exchange(std::string const& a, std::string const& b) override {
        return rename_with(a, b, RENAME_EXCHANGE);
    }

    Result<void> remove_file(std::string const& path) override {
        if (::unlink(path.c_str()) != 0) return errno_error("remove", path);
        return ok();
    }

    Result<void> remove_tree(std::string const& path) override {
        struct stat st {};
        if (::lstat(path.c_str(), &st) != 0) {
            if (errno == ENOENT) return ok();
            return errno_error("stat", path);
        }
        if (!S_ISDIR(st.st_mode)) {
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove", path);
            return ok();
        }
        Fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        if (!directory.is_open() && errno == EACCES) {
            ::chmod(path.c_str(), 0700);
            directory = Fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        }
        if (!directory.is_open()) return errno == ENOENT ? ok() : Result<void>{errno_error("open", path)};
        RETURN_IF_ERROR(remove_children(directory.get(), path, 0));
        if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return errno_error("rmdir", path);
        return ok();
    }

    Result<void> make_symlink(std::string const& target, std::string const& path) override {
        if (::symlink(target.c_str(), path.c_str()) != 0) return errno_error("symlink", path);
        return ok();
    }

    Result<void> make_hard_link(std::string const& existing, std::string const& path) override {
        if (::link(existing.c_str(), path.c_str()) != 0) return errno_error("link", path);
        return ok();
    }

    Result<void> set_mode(std::string const& path, std::uint32_t mode) override {
        if (::chmod(path.c_str(), mode) != 0) return errno_error("chmod", path);
        return ok();
    }

    Result<void> touch(std::string const& path) override {
        if (::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0) {
            return errno_error("touch", path);
        }
        return ok();
    }

    Result<void> sync_directory(std::string const& path) override {
        Fd const directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!directory.is_open()) return errno_error("open", path);
        if (::fsync(directory.get()) != 0) return errno_error("fsync", path);
        return ok();
    }

    Result<void> sync_file_system(std::string const& path) override {
        Fd const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!file.is_open()) return errno_error("open", path);
        if (::syncfs(file.get()) != 0) return errno_error("syncfs", path);
        return ok();
    }

    Result<std::unique_ptr<TreeBuilder>> create_tree(std::string const& path) override {
        if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir", path);
        Fd root{::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        if (!root.is_open()) return errno_error("open", path);
        return posix::make_tree_builder(std::move(root), path);
    }

    Result<std::unique_ptr<FileLock>> lock(std::string const& path, LockMode mode,
                                           CancelToken const* cancel) override {
        ASSIGN_OR_RETURN(Fd file, open_lock_file(path, mode));
        int const operation = mode == LockMode::shared ? LOCK_SH : LOCK_EX;
        while (::flock(file.get(), operation | (cancel != nullptr ? LOCK_NB : 0)) != 0) {
            if (errno != EINTR && errno != EWOULDBLOCK) return errno_error("lock", path);
            if (cancel == nullptr) continue;
            RETURN_IF_ERROR(cancel->check());
            ::usleep(5'000);
        }
        return std::unique_ptr<FileLock>{std::make_unique<PosixLock>(std::move(file))};
    }

    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(std::string const& path,
                                                              LockMode mode) override {
        using Lock = std::optional<std::unique_ptr<FileLock>>;
        ASSIGN_OR_RETURN(Fd file, open_lock_file(path, mode));
        int const operation = mode == LockMode::shared ? LOCK_SH : LOCK_EX;
        if (retry_eintr([&] { return ::flock(file.get(), operation | LOCK_NB); }) != 0) {
            if (errno == EWOULDBLOCK) return Lock{};
            return errno_error("lock", path);
        }
        return Lock{std::make_unique<PosixLock>(std::move(file))};
    }

private:
    /// A shared lock works on a read-only store too.
    static Result<Fd> open_lock_file(std::string const& path, LockMode mode) {
        Fd file{retry_eintr([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644); })};
        if (!file.is_open() && mode == LockMode::shared && (errno == EROFS || errno == EACCES)) {
            file = Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        }
        if (!file.is_open()) return errno_error("open lock", path);
        return file;
    }

    static FileKind entry_kind(dirent const& entry, std::string const& directory) {
        switch (entry.d_type) {
            case DT_REG: return FileKind::regular;
            case DT_DIR: return FileKind::directory;
            case DT_LNK: return FileKind::symlink;
            case DT_UNKNOWN: break;
            default: return FileKind::other;
        }
        struct stat st {};
        std::string const path = join_path(directory, entry.d_name);
        return ::lstat(path.c_str(), &st) == 0 ? kind_of(st.st_mode) : FileKind::other;
    }

    /// Beside `path`, so that the rename stays on one file system. Unique in this machine.
    static std::string temporary_name(std::string const& path) {
        static std::atomic<std::uint64_t> counter{0};
        return join_path(parent_path(path), ".tmp-" + std::to_string(::getpid()) + "-" +
                                                std::to_string(counter.fetch_add(1)));
    }

    static Result<void> write_new_file(std::string const& path, BytesView content, Sync sync,
                                       std::uint32_t mode) {
        // A leftover of a killed process with our pid may stand there.
        ::unlink(path.c_str());
        Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
        if (!file.is_open()) return errno_error("create", path);
        RETURN_IF_ERROR(write_all(file.get(), content, path));
        if (sync == Sync::durable && ::fsync(file.get()) != 0) return errno_error("fsync", path);
        if (file.close() != 0) return errno_error("close", path);
        return ok();
    }

    static Result<void> rename_with(std::string const& from, std::string const& to, unsigned flags) {
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0) {
            return errno_error("rename to", to);
        }
        return ok();
    }

    static constexpr int k_remove_depth_max = 512;

    static Result<void> remove_children(int directory, std::string const& shown, int depth) {
        if (depth > k_remove_depth_max) return Error{Errc::too_large, "remove " + shown + ": too deep"};
        int const copy = ::dup(directory);
        DIR* const handle = copy >= 0 ? ::fdopendir(copy) : nullptr;
        if (handle == nullptr) {
            if (copy >= 0) ::close(copy);
            return errno_error("list", shown);
        }
        std::unique_ptr<DIR, int (*)(DIR*)> const owner{handle, &::closedir};
        ::rewinddir(handle);
        while (dirent const* const entry = ::readdir(handle)) {  // NOLINT(concurrency-mt-unsafe)
            std::string_view const name{entry->d_name};
            if (name == "." || name == "..") continue;
            RETURN_IF_ERROR(remove_child(directory, entry->d_name, shown, depth));
        }
        return ok();
    }

    static Result<void> remove_child(int directory, char const* name, std::string const& shown, int depth) {
        std::string const path = join_path(shown, name);
        if (::unlinkat(directory, name, 0) == 0 || errno == ENOENT) return ok();
        if (errno == EACCES || errno == EPERM) {
            // The directory itself may be read-only (packages in the store are).
            if (::fchmod(directory, 0700) == 0 && ::unlinkat(directory, name, 0) == 0) return ok();
        }
        if (errno != EISDIR && errno != EPERM && errno != EACCES) return errno_error("remove", path);
        Fd child{::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        if (!child.is_open() && errno == EACCES) {
            ::fchmodat(directory, name, 0700, 0);
            child = Fd{::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        }
        if (!child.is_open()) return errno == ENOENT ? ok() : Result<void>{errno_error("open", path)};
        RETURN_IF_ERROR(remove_children(child.get(), path, depth + 1));
        if (::unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT) return errno_error("rmdir", path);
        return ok();
    }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

namespace {

std::uint32_t read_umask() {
    constexpr std::uint32_t k_usual = 022;
    std::FILE* const status = std::fopen("/proc/self/status", "re");
    if (status == nullptr) return k_usual;
    char line[256];
    unsigned mask = k_usual;
    while (std::fgets(line, sizeof line, status) != nullptr) {
        if (std::sscanf(line, "Umask: %o", &mask) == 1) break;
    }
    std::fclose(status);
    return mask;
}

}  // namespace

std::uint32_t process_umask() {
    static auto const mask = read_umask();
    return mask;
}

std::string join_path(std::string_view a, std::string_view b) {
    if (a.empty()) return std::string{b};
    std::string joined{a};
    if (joined.back() != '/') joined += '/';
    joined += b;
    return joined;
}

std::string parent_path(std::string_view path) {
    auto const slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return slash == 0 ? "/" : std::string{path.substr(0, slash)};
}

}  // namespace ggen
