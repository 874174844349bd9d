#include "process.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "base/file_system.hpp"

namespace ggen::cli {
namespace {

CancelToken* g_cancel = nullptr;  // Set once before the handler is installed.
std::atomic<WakeEvent const*> g_event{nullptr};

void on_interrupt(int) {
    constexpr std::string_view k_text = "\nstopping; once more to stop at once\n";
    int const saved = errno;
    if (g_cancel->is_cancelled()) ::_exit(130);
    g_cancel->cancel();
    if (auto const* const event = g_event.load()) event->call();
    if (::write(STDERR_FILENO, k_text.data(), k_text.size()) < 0) {
        // Nobody is listening; the token is set all the same.
    }
    errno = saved;
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

bool has_dots(std::string_view path) {
    while (!path.empty()) {
        auto const slash = path.find('/');
        if (is_dots(path.substr(0, slash))) return true;
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return false;
}

std::optional<std::string> resolved(std::string const& path) {
    std::unique_ptr<char, void (*)(void*)> const real{::realpath(path.c_str(), nullptr), &std::free};
    if (!real) return std::nullopt;
    return std::string{real.get()};
}

}  // namespace

void secure_standard_streams() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        // Read-only for outputs, so that lost output is noticed; stderr takes everything silently.
        int const flags = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
        if (::open("/dev/null", flags) != fd) return;
    }
    std::signal(SIGPIPE, SIG_IGN);
}

void cancel_on_interrupt(CancelToken& cancel) {
    g_cancel = &cancel;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

void call_on_interrupt(WakeEvent const* event) {
    g_event = event;
    if (event != nullptr && g_cancel->is_cancelled()) event->call();
}

std::map<std::string, std::string> environment_of_process() {
    std::map<std::string, std::string> all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        std::string_view const text{*entry};
        auto const equals = text.find('=');
        if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return all;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

unsigned terminal_columns() {
    struct winsize size {};
    if (!is_terminal(STDOUT_FILENO) || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

std::string absolute_path(std::string const& path) {
    auto out = path;
    if (!path.starts_with('/')) {
        std::array<char, 4096> buffer{};
        if (::getcwd(buffer.data(), buffer.size()) == nullptr) return path;
        std::string const here = buffer.data();
        out = path.empty() || path == "." ? here : join_path(here, path);
    }
    while (out.size() > 1 && out.ends_with('/')) out.pop_back();
    if (!has_dots(out)) return out;
    if (auto const whole = resolved(out)) return *whole;
    auto const name = out.substr(out.rfind('/') + 1);
    auto const parent = resolved(parent_path(out));
    return parent && !is_dots(name) ? join_path(*parent, name) : out;
}

}  // namespace ggen::cli
