#include "base/posix_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace ggen::posix {

Error errno_error(std::string_view doing, std::string_view path, int code) {
    std::string text{doing};
    text += " ";
    text += path;
    text += ": ";
    text += std::strerror(code);  // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe for known codes.
    Errc kind = Errc::io;
    if (code == ENOENT || code == ENOTDIR) kind = Errc::not_found;
    if (code == EEXIST || code == ENOTEMPTY) kind = Errc::conflict;
    Error error{kind, std::move(text)};
    if (code == ENOSPC || code == EDQUOT) error.help = "free some disk space, then run the command again";
    if (code == EACCES || code == EPERM || code == EROFS) {
        error.help = "check who owns this path and whether it may be written";
    }
    return error;
}

Result<void> write_all(int fd, BytesView bytes, std::string_view path) {
    while (!bytes.empty()) {
        auto const n = retry_eintr([&] { return ::write(fd, bytes.data(), bytes.size()); });
        if (n < 0) return errno_error("write", path);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return ok();
}

namespace {

class PosixAppendFile final : public AppendFile {
public:
    PosixAppendFile(Fd fd, std::string path, std::uint64_t size)
        : fd_(std::move(fd)), path_(std::move(path)), size_bytes_(size) {}
    Result<void> append(BytesView bytes) override {
        RETURN_IF_ERROR(write_all(fd_.get(), bytes, path_));
        size_bytes_ += bytes.size();
        return ok();
    }
    Result<void> sync() override {
        if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_);
        return ok();
    }
    [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }

private:
    Fd fd_;
    std::string path_;
    std::uint64_t size_bytes_;
};

bool is_plain_relative(std::string_view path) {
    if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
    std::size_t start = 0;
    while (start <= path.size()) {
        auto const end = std::min(path.find('/', start), path.size());
        auto const part = path.substr(start, end - start);
        if (part.empty() || part == "." || part == "..") return false;
        start = end + 1;
    }
    return true;
}

/// Deeper trees open some directories again: descriptors are few, and many trees may be built at a time.
constexpr std::size_t k_open_directories_max = 8;

/// A directory that stays open between calls: files come in the order of their paths, so the next one is mostly
/// in the same.
struct OpenDirectory {
    std::string path;
    Fd fd;
};

struct SplitPath {
    std::string_view parent;  ///< "." for a single component.
    std::string_view name;
};

SplitPath split(std::string_view path) {
    auto const slash = path.rfind('/');
    if (slash == std::string_view::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

class PosixTreeBuilder final : public TreeBuilder {
public:
    PosixTreeBuilder(Fd root, std::string path)
        : root_(std::move(root)), root_path_(std::move(path)), umask_(process_umask()) {}

    Result<void> make_directory(std::string_view path) override {
        RETURN_IF_ERROR(require_plain(path));
        if (auto const made = make_one(path); made || made.error().code != Errc::not_found) return made;
        for (auto end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1))
            RETURN_IF_ERROR(make_one(path.substr(0, end)));
        return make_one(path);
    }

    Result<void> add_file(std::string_view path, BytesView content, std::uint32_t mode) override {
        RETURN_IF_ERROR(require_plain(path));
        // The mode is right from the start when the umask takes nothing of it away.
        bool const is_literal = (mode & umask_) == 0;
        ASSIGN_OR_RETURN(Fd file, create(path, is_literal ? mode : 0600));
        RETURN_IF_ERROR(write_all(file.get(), content, shown(path)));
        if (!is_literal && ::fchmod(file.get(), mode) != 0) return errno_error("chmod", shown(path));
        if (file.close() != 0) return errno_error("close", shown(path));
        return ok();
    }

    Result<std::unique_ptr<AppendFile>> create_file(std::string_view path, std::uint32_t mode) override {
        RETURN_IF_ERROR(require_plain(path));
        ASSIGN_OR_RETURN(Fd file, create(path, 0600));
        // An open file stays writable, whatever its mode.
        if (::fchmod(file.get(), mode) != 0) return errno_error("chmod", shown(path));
        return make_append_file(std::move(file), shown(path), 0);
    }

    Result<void> add_hard_link(std::string_view path, std::string const& source,
                               std::uint64_t size_bytes) override {
        RETURN_IF_ERROR(require_plain(path));
        // The parent is opened beneath the root so that a swapped-in link cannot redirect us.
        auto const to = split(path);
        ASSIGN_OR_RETURN(int const directory, parent(to.parent));
        auto const from = split(source);
        if (source_.path != from.parent || !source_.fd.is_open()) {
            source_.path = from.parent;
            source_.fd = Fd{::open(source_.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
            if (!source_.fd.is_open()) return errno_error("open", source_.path);
        }
        struct stat st {};
        auto const* const name = source.c_str() + (source.size() - from.name.size());
        if (::fstatat(source_.fd.get(), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return errno_error("stat", source);
        if (!S_ISREG(st.st_mode) || static_cast<std::uint64_t>(st.st_size) != size_bytes) {
            return Error{Errc::corrupt, ErrorId::store_damaged, source + " has another size or kind"};
        }
        if (::linkat(source_.fd.get(), name, directory, std::string{to.name}.c_str(), 0) != 0)
            return errno_error("link", shown(path));
        return ok();
    }

    Result<void> add_clone(std::string_view path, std::string const& source, std::uint64_t size_bytes,
                           std::uint32_t mode) override {
        RETURN_IF_ERROR(require_plain(path));
        Fd const original{::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
        if (!original.is_open()) return errno_error("open", source);
        struct stat st {};
        if (::fstat(original.get(), &st) != 0) return errno_error("stat", source);
        if (!S_ISREG(st.st_mode) || static_cast<std::uint64_t>(st.st_size) != size_bytes) {
            return Error{Errc::corrupt, ErrorId::store_damaged, source + " has another size or kind"};
        }
        ASSIGN_OR_RETURN(Fd file, create(path, 0600));
        if (::ioctl(file.get(), FICLONE, original.get()) == 0 && ::fchmod(file.get(), mode) == 0) return ok();
        auto error = errno_error("clone", shown(path));
        auto const [directory, name] = split(path);
        if (auto const at = parent(directory)) ::unlinkat(*at, std::string{name}.c_str(), 0);
        return error;
    }

private:
    [[nodiscard]] std::string shown(std::string_view path) const { return join_path(root_path_, path); }

    static Result<void> require_plain(std::string_view path) {
        if (is_plain_relative(path)) return ok();
        return Error{Errc::refused, ErrorId::archive_path_unsafe,
                     "path leaves its directory: " + std::string{path}};
    }

    /// As open(2), errno included, with `path` beneath `directory` and no symbolic link on the way.
    [[nodiscard]] int open_beneath(int directory, std::string_view path, int flags, mode_t mode) {
        if (has_openat2_) {
            open_how how{};
            how.flags = static_cast<std::uint64_t>(flags);
            how.mode = mode;
            how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
            std::string const owned{path};
            auto const fd = static_cast<int>(retry_eintr([&] {
                return ::syscall(SYS_openat2, directory, owned.c_str(), &how, sizeof how);
            }));
            if (fd >= 0 || errno != ENOSYS) return fd;
            has_openat2_ = false;
        }
        return walk_beneath(directory, path, flags, mode);
    }

    /// The same where openat2(2) is missing: Linux before 5.6, a sandbox, valgrind. Step by step, and no step follows a
    /// link; without ".." in a path, which `require_plain` sees to, no step leaves what the one before it opened.
    [[nodiscard]] static int walk_beneath(int directory, std::string_view path, int flags, mode_t mode) {
        Fd opened;
        int at = directory;
        for (auto end = path.find('/'); end != std::string_view::npos; end = path.find('/')) {
            opened = Fd{open_step(at, std::string{path.substr(0, end)}, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
            if (!opened.is_open()) return -1;
            at = opened.get();
            path.remove_prefix(end + 1);
        }
        return open_step(at, std::string{path}, flags, mode);
    }

    [[nodiscard]] static int open_step(int directory, std::string const& name, int flags, mode_t mode) {
        auto const fd = static_cast<int>(retry_eintr([&] {
            return ::openat(directory, name.c_str(), flags | O_NOFOLLOW, mode);
        }));
        if (fd >= 0) return fd;
        // O_DIRECTORY calls a link no directory; openat2 says what it is.
        int const code = errno;
        struct stat st {};
        bool const is_link = code == ENOTDIR && ::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                             S_ISLNK(st.st_mode);
        errno = is_link ? ELOOP : code;
        return -1;
    }

    /// A descriptor of the directory `path` beneath the root. It stays open, and so do those above it, until something
    /// that does not lie beneath is asked for: entries come in the order of their paths.
    Result<int> parent(std::string_view path) {
        if (path == ".") return root_.get();
        while (!open_.empty() && !is_beneath(path, open_.back().path)) open_.pop_back();
        if (!open_.empty() && open_.back().path == path) return open_.back().fd.get();
        int const above = open_.empty() ? root_.get() : open_.back().fd.get();
        auto const step = open_.empty() ? path : path.substr(open_.back().path.size() + 1);
        Fd directory{open_beneath(above, step, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
        if (!directory.is_open()) return errno_error("open", shown(path));
        if (open_.size() == k_open_directories_max) open_.pop_back();
        open_.push_back({std::string{path}, std::move(directory)});
        return open_.back().fd.get();
    }

    [[nodiscard]] static bool is_beneath(std::string_view path, std::string_view directory) {
        return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
    }

    Result<Fd> create(std::string_view path, mode_t mode) {
        auto const [directory, name] = split(path);
        ASSIGN_OR_RETURN(int const at, parent(directory));
        Fd file{open_beneath(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
        if (!file.is_open()) return errno_error("create", shown(path));
        return file;
    }

    Result<void> make_one(std::string_view path) {
        auto const [directory, name] = split(path);
        ASSIGN_OR_RETURN(int const at, parent(directory));
        if (::mkdirat(at, std::string{name}.c_str(), 0755) != 0 && errno != EEXIST)
            return errno_error("mkdir", shown(path));
        return ok();
    }

    Fd root_;
    std::string root_path_;
    std::uint32_t umask_;
    bool has_openat2_ = true;
    std::vector<OpenDirectory> open_;  // On the way to what was added last, each beneath the one before it.
    OpenDirectory source_;             // Of what was linked last.
};

}  // namespace

std::unique_ptr<AppendFile> make_append_file(Fd file, std::string path, std::uint64_t size_bytes) {
    return std::make_unique<PosixAppendFile>(std::move(file), std::move(path), size_bytes);
}

std::unique_ptr<TreeBuilder> make_tree_builder(Fd root, std::string path) {
    return std::make_unique<PosixTreeBuilder>(std::move(root), std::move(path));
}

}  // namespace ggen::posix
