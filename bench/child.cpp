#include "child.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX.
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "measure.hpp"

extern char** environ;

namespace ggen::bench {
namespace {

constexpr std::size_t k_message_bytes_max = 800;

std::uint64_t nanoseconds(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_usec) * 1'000;
}

std::vector<std::string> environment_with(std::map<std::string, std::string> const& extra) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string const text{*entry};
        if (!extra.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (auto const& [name, value] : extra) all.push_back(fmt::format("{}={}", name, value));
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size());
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// An unnamed file for what the child says.
class Talk {
public:
    Talk() : fd_(::memfd_create("ggen-bench-child", MFD_CLOEXEC)) {}
    Talk(Talk const&) = delete;
    Talk& operator=(Talk const&) = delete;
    ~Talk() { ::close(fd_); }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] std::string tail() const {
        auto const size = ::lseek(fd_, 0, SEEK_END);
        auto const from = std::max<off_t>(0, size - static_cast<off_t>(k_message_bytes_max));
        std::string text(static_cast<std::size_t>(size - from), '\0');
        auto const n = ::pread(fd_, text.data(), text.size(), from);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

private:
    int fd_;
};

Result<int> spawn(ChildCommand const& command, int talk) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, talk, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, talk, STDERR_FILENO);
    if (!command.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
    auto words = command.words;
    auto environment = environment_with(command.extra);
    auto const arguments = pointers_to(words);
    auto const variables = pointers_to(environment);
    pid_t pid = 0;
    int const code = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), variables.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (code == 0) return pid;
    return Error{Errc::io, command.words.front() + ": " + std::strerror(code)};  // NOLINT(concurrency-mt-unsafe)
}

Result<ChildCost> wait_for(int pid, std::uint64_t started_ns) {
    int status = 0;
    rusage usage{};
    while (::wait4(pid, &status, 0, &usage) < 0) {
        if (errno != EINTR) return Error{Errc::io, "wait4 failed"};
    }
    ChildCost cost;
    cost.wall_ns = now_ns() - started_ns;
    cost.cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    cost.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1'024;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return cost;
    return Error{Errc::io, WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                             : "ended by signal " + std::to_string(WTERMSIG(status))};
}

std::string shown(ChildCommand const& command) {
    std::string text;
    for (auto const& word : command.words) text += (text.empty() ? "" : " ") + word;
    return text.substr(0, 200);
}

}  // namespace

Result<ChildCost> run_child(ChildCommand const& command) {
    Talk const talk;
    auto const started = now_ns();
    ASSIGN_OR_RETURN(int const pid, spawn(command, talk.fd()));
    auto cost = wait_for(pid, started);
    if (cost) return cost;
    return Error{Errc::io, shown(command) + ": " + cost.error().context + ": " + talk.tail()};
}

Result<BackgroundChild> BackgroundChild::start(ChildCommand const& command) {
    int const nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    auto const started = now_ns();
    auto pid = spawn(command, nowhere);
    ::close(nowhere);
    if (!pid) return std::move(pid).error();
    return BackgroundChild{*pid, started};
}

BackgroundChild::~BackgroundChild() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    static_cast<void>(wait_for(pid_, 0));
}

Result<ChildCost> BackgroundChild::wait() { return wait_for(std::exchange(pid_, -1), started_ns_); }

bool has_program(std::string const& name) {
    if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0;
    char const* const path = ::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    std::string_view rest = path != nullptr ? path : "";
    while (!rest.empty()) {
        auto const end = std::min(rest.find(':'), rest.size());
        if (::access((std::string{rest.substr(0, end)} + "/" + name).c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace ggen::bench
