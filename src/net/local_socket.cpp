#include "net/local_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/file_system.hpp"

namespace ggen {
namespace {

using posix::Fd;

constexpr int k_cancel_poll_ms = 100;
constexpr std::size_t k_read_bytes = std::size_t{16} * 1024;
constexpr int k_backlog = 64;

Error io_error(std::string const& doing) { return Error{Errc::io, doing + ": " + std::strerror(errno)}; }

/// `path` as the kernel takes it: a long one by way of its folder's descriptor, which must live as long.
struct SocketAddress {
    sockaddr_un address{};
    Fd folder;
};

Result<SocketAddress> address_of(std::string const& path) {
    SocketAddress out;
    out.address.sun_family = AF_UNIX;
    auto text = path;
    if (text.size() >= sizeof out.address.sun_path) {
        out.folder = Fd{::open(parent_path(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!out.folder.is_open()) {
            return errno == ENOENT ? Error{Errc::not_found, path + ": no such folder"} : io_error(path);
        }
        text = "/proc/self/fd/" + std::to_string(out.folder.get()) + "/" + path.substr(path.rfind('/') + 1);
    }
    if (text.size() >= sizeof out.address.sun_path) {
        return Error{Errc::io, path + ": the name is too long for a socket"};
    }
    std::memcpy(out.address.sun_path, text.data(), text.size());
    return out;
}

sockaddr const* as_sockaddr(sockaddr_un const& address) { return reinterpret_cast<sockaddr const*>(&address); }

/// Whether `events` came before `wait_ms` passed.
bool waits_for(int fd, short events, int wait_ms) {
    pollfd entry{fd, events, 0};
    return ::poll(&entry, 1, wait_ms) > 0;
}

}  // namespace

Result<std::optional<std::string>> LineSocket::read_line(CancelToken const* cancel,
                                                             std::chrono::milliseconds patience) {
    auto const gives_up_at = std::chrono::steady_clock::now() + patience;
    std::array<char, k_read_bytes> piece{};
    std::size_t seen = 0;
    for (;;) {
        auto const end = buffer_.find('\n', seen);
        if (end != std::string::npos) {
            auto line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return std::optional{std::move(line)};
        }
        seen = buffer_.size();
        if (seen > k_local_line_bytes_max) return Error{Errc::too_large, "control: a line over 4 MiB"};
        if (cancel != nullptr) RETURN_IF_ERROR(cancel->check());
        if (!waits_for(fd_.get(), POLLIN, k_cancel_poll_ms)) {
            if (std::chrono::steady_clock::now() < gives_up_at) continue;
            return Error{Errc::timed_out, "control: nothing came"};
        }
        auto const count = ::recv(fd_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0 && errno != ECONNRESET) return io_error("control: read");
        if (count <= 0) {
            if (buffer_.empty()) return std::optional<std::string>{};
            return Error{Errc::unavailable, "control: the other side went in the middle of a line"};
        }
        buffer_.append(piece.data(), static_cast<std::size_t>(count));
    }
}

Result<void> LineSocket::write_line(std::string_view line) {
    std::string text{line};
    text += '\n';
    std::string_view rest = text;
    while (!rest.empty()) {
        auto const wait_ms = static_cast<int>(std::chrono::milliseconds{k_local_write_timeout}.count());
        if (!waits_for(fd_.get(), POLLOUT, wait_ms)) {
            return Error{Errc::unavailable, "control: the other side is stuck"};
        }
        auto const count = ::send(fd_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) return Error{Errc::unavailable, "control: the other side went"};
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return ok();
}

bool LineSocket::is_hung_up() const {
    pollfd entry{fd_.get(), POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

Result<std::uint32_t> LineSocket::peer_uid() const {
    ucred peer{};
    socklen_t length = sizeof peer;
    auto const code = ::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length);
    if (code != 0) return io_error("control: credentials");
    return static_cast<std::uint32_t>(peer.uid);
}

Result<posix::Fd> listen_local(std::string const& path) {
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd.is_open()) return io_error("control: socket");
    ASSIGN_OR_RETURN(auto const at, address_of(path));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io_error(path);
    // Nobody else can connect between bind and chmod: the folder is the user's own, and who connects is checked.
    if (::bind(fd.get(), as_sockaddr(at.address), sizeof at.address) != 0) return io_error(path);
    if (::chmod(path.c_str(), 0600) != 0) return io_error(path);
    if (::listen(fd.get(), k_backlog) != 0) return io_error(path);
    return fd;
}

Result<std::optional<LineSocket>> accept_local(posix::Fd const& listener) {
    Fd fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (fd.is_open()) return std::optional{LineSocket{std::move(fd)}};
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return std::optional<LineSocket>{};
    return io_error("control: accept");
}

Result<LineSocket> connect_local(std::string const& path) {
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd.is_open()) return io_error("control: socket");
    ASSIGN_OR_RETURN(auto const at, address_of(path));
    if (::connect(fd.get(), as_sockaddr(at.address), sizeof at.address) == 0) return LineSocket{std::move(fd)};
    switch (errno) {
        case ENOENT:
        case ENOTDIR: return Error{Errc::not_found, path + ": no socket"};
        case ECONNREFUSED: return Error{Errc::unavailable, path + ": nobody listens"};
        case EACCES:
        case EPERM: return Error{Errc::refused, path + ": it belongs to another user"};
        default: return io_error(path);
    }
}

}  // namespace ggen
