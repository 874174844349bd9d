#include "daemonize.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace ggen::cli {
namespace {

using posix::Fd;

constexpr std::uint64_t k_log_bytes_max = std::uint64_t{4} * 1024 * 1024;
constexpr std::size_t k_report_bytes_max = std::size_t{64} * 1024;

Result<Fd> open_log(std::string const& path) {
    // Started anew now and then: one that grows for years helps nobody.
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    auto const size = make_posix_file_system()->info(path);
    if (size && size->size_bytes > k_log_bytes_max) flags |= O_TRUNC;
    Fd log{::open(path.c_str(), flags, 0600)};
    if (!log.is_open()) return posix::errno_error("open", path);
    return log;
}

std::string read_report(Fd const& fd) {
    std::string out;
    std::array<char, 4096> piece{};
    while (out.size() < k_report_bytes_max) {
        auto const count = posix::retry_eintr([&] { return ::read(fd.get(), piece.data(), piece.size()); });
        if (count <= 0) break;
        out.append(piece.data(), static_cast<std::size_t>(count));
        if (out.find('\n') != std::string::npos) break;
    }
    return out.substr(0, out.find('\n'));
}

/// In the middle process: a session of its own, then a child that can never get a terminal back.
void leave_session() {
    if (::setsid() < 0) ::_exit(1);
    auto const pid = ::fork();
    if (pid < 0) ::_exit(1);
    if (pid > 0) ::_exit(0);
}

void redirect(Fd const& log) {
    Fd const nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    bool const is_done = ::dup2(nothing.get(), STDIN_FILENO) >= 0 && ::dup2(log.get(), STDOUT_FILENO) >= 0 &&
                         ::dup2(log.get(), STDERR_FILENO) >= 0 && ::chdir("/") == 0;
    if (!is_done) ::_exit(1);
}

}  // namespace

void ReadyPipe::report(std::string_view line) {
    std::string const text = std::string{line} + '\n';
    if (fd_.is_open() && ::write(fd_.get(), text.data(), text.size()) < 0) {
        // The command that waited is gone; the node runs all the same.
    }
    static_cast<void>(fd_.close());
}

Result<Detached> detach(std::string const& log_path) {
    ASSIGN_OR_RETURN(auto const log, open_log(log_path));
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return posix::errno_error("pipe for", log_path);
    Fd reader{ends[0]};
    Fd writer{ends[1]};
    auto const pid = ::fork();
    if (pid < 0) return posix::errno_error("fork for", log_path);
    if (pid == 0) {
        static_cast<void>(reader.close());
        leave_session();
        redirect(log);
        return Detached{ReadyPipe{std::move(writer)}, {}};
    }
    static_cast<void>(writer.close());
    static_cast<void>(posix::retry_eintr([&] { return ::waitpid(pid, nullptr, 0); }));
    return Detached{std::nullopt, read_report(reader)};
}

void notify_supervisor(std::map<std::string, std::string> const& environment, std::string_view state) {
    auto const at = environment.find("NOTIFY_SOCKET");
    if (at == environment.end() || at->second.empty()) return;
    auto name = at->second;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) return;
    if (name[0] == '@') name[0] = '\0';  // an abstract name
    std::memcpy(address.sun_path, name.data(), name.size());
    Fd const fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!fd.is_open()) return;
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr const*>(&address),
                 length) < 0) {
        // A supervisor that cannot be told waits or gives up; the node has no better way to reach it.
    }
}

std::string user_unit(std::string_view program) {
    std::string unit =
        "# A node of the marketplace for this user: save as ~/.config/systemd/user/ggen-p2p.service, then\n"
        "#   systemctl --user enable --now ggen-p2p\n"
        "[Unit]\n"
        "Description=ggen node of the package marketplace\n"
        "After=network-online.target\n"
        "Wants=network-online.target\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        "ExecStart=";
    unit += program;
    unit += " p2p start\n"
            "Restart=on-failure\n"
            "RestartSec=5\n"
            "TimeoutStopSec=20\n"
            "MemoryHigh=256M\n"
            "NoNewPrivileges=yes\n"
            "ProtectSystem=strict\n"
            "PrivateTmp=yes\n"
            "ReadWritePaths=%h\n"
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n"
            "\n"
            "[Install]\n"
            "WantedBy=default.target\n";
    return unit;
}

}  // namespace ggen::cli
