#pragma once

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_system.hpp"

/// Parts shared by the POSIX implementation of the FileSystem port, and by what detaches and listens locally.
namespace ggen::posix {

/// "doing path: reason", with the code that `errno` calls for and, where one exists, a next step.
[[nodiscard]] Error errno_error(std::string_view doing, std::string_view path, int code = errno);

/// Owns a file descriptor.
class Fd {
public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(Fd const&) = delete;
    Fd& operator=(Fd const&) = delete;
    ~Fd() { reset(); }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    /// close(2) may report a late write error; callers that wrote must look.
    int close() {
        int const fd = std::exchange(fd_, -1);
        return fd >= 0 ? ::close(fd) : 0;
    }

private:
    void reset() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd_;
};

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retry_eintr(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// The open file, positioned at its end; `path` is for messages.
[[nodiscard]] std::unique_ptr<AppendFile> make_append_file(Fd file, std::string path, std::uint64_t size_bytes);

Result<void> write_all(int fd, BytesView bytes, std::string_view path);

/// Maps the open regular file; `path` is for messages. Errors: too_large, io.
[[nodiscard]] Result<std::unique_ptr<MappedFile>> map_file(Fd file, std::string path, std::uint64_t bytes_max);

/// A builder below the open directory `root`; `path` is for messages.
[[nodiscard]] std::unique_ptr<TreeBuilder> make_tree_builder(Fd root, std::string path);

}  // namespace ggen::posix
