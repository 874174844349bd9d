#include "base/posix_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

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

class PosixTreeBuilder final : public TreeBuilder {
public:
    PosixTreeBuilder(Fd root, std::string path) : root_(std::move(root)), root_path_(std::move(path)) {}

    Result<void> make_directory(std::string_view path) override {
        RETURN_IF_ERROR(require_plain(path));
        std::size_t end = 0;
        while (end < path.size()) {
            end = std::min(path.find('/', end + 1), path.size());
            RETURN_IF_ERROR(make_one(std::string{path.substr(0, end)}));
        }
        return ok();
    }

    Result<void> add_file(std::string_view path, BytesView content, std::uint32_t mode) override {
        RETURN_IF_ERROR(require_plain(path));
        std::string const owned{path};
        Fd file{open_beneath(owned, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
        if (!file.is_open()) return errno_error("create", shown(path));
        RETURN_IF_ERROR(write_all(file.get(), content, shown(path)));
        if (::fchmod(file.get(), mode) != 0) return errno_error("chmod", shown(path));
        if (file.close() != 0) return errno_error("close", shown(path));
        return ok();
    }

    Result<void> add_hard_link(std::string_view path, std::string const& source) override {
        RETURN_IF_ERROR(require_plain(path));
        // The parent is opened beneath the root so that a swapped-in link cannot redirect us.
        auto const slash = path.rfind('/');
        std::string const parent{slash == std::string_view::npos ? "." : path.substr(0, slash)};
        std::string const name{slash == std::string_view::npos ? path : path.substr(slash + 1)};
        Fd const directory{open_beneath(parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
        if (!directory.is_open()) return errno_error("open", shown(path));
        if (::linkat(AT_FDCWD, source.c_str(), directory.get(), name.c_str(), 0) != 0) {
            return errno_error("link", shown(path));
        }
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
        std::string const owned{path};
        Fd file{open_beneath(owned, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
        if (!file.is_open()) return errno_error("create", shown(path));
        if (::ioctl(file.get(), FICLONE, original.get()) == 0 && ::fchmod(file.get(), mode) == 0) return ok();
        auto error = errno_error("clone", shown(path));
        ::unlinkat(root_.get(), owned.c_str(), 0);
        return error;
    }

private:
    [[nodiscard]] std::string shown(std::string_view path) const { return join_path(root_path_, path); }

    static Result<void> require_plain(std::string_view path) {
        if (is_plain_relative(path)) return ok();
        return Error{Errc::refused, ErrorId::archive_path_unsafe,
                     "path leaves its directory: " + std::string{path}};
    }

    [[nodiscard]] int open_beneath(std::string const& path, int flags, mode_t mode) const {
        open_how how{};
        how.flags = static_cast<std::uint64_t>(flags);
        how.mode = mode;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        return static_cast<int>(retry_eintr([&] {
            return ::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
        }));
    }

    Result<void> make_one(std::string const& path) {
        auto const slash = path.rfind('/');
        std::string const parent = slash == std::string::npos ? "." : path.substr(0, slash);
        std::string const name = slash == std::string::npos ? path : path.substr(slash + 1);
        Fd const directory{open_beneath(parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
        if (!directory.is_open()) return errno_error("open", shown(parent));
        if (::mkdirat(directory.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
            return errno_error("mkdir", shown(path));
        }
        return ok();
    }

    Fd root_;
    std::string root_path_;
};

}  // namespace

std::unique_ptr<TreeBuilder> make_tree_builder(Fd root, std::string path) {
    return std::make_unique<PosixTreeBuilder>(std::move(root), std::move(path));
}

}  // namespace ggen::posix
