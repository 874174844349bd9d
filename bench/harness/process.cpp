#include "harness/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "measure.hpp"

namespace ggen::bench {
namespace {

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

/// Both ends of a pipe; closes what was not taken.
struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() = default;
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    ~Pipe() {
        close_end(read);
        close_end(write);
    }
    static void close_end(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
    [[nodiscard]] Result<void> open() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            return Error{Errc::io, fmt::format("no pipe: {}", std::strerror(errno))};
        read = ends[0];
        write = ends[1];
        return ok();
    }
};

struct SpawnPlan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnPlan() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        // A group of its own: a time limit ends it with its children, and Ctrl-C reaches the parent alone.
        ::posix_spawnattr_setpgroup(&attributes, 0);
        sigset_t defaults;
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        ::sigaddset(&defaults, SIGINT);
        ::posix_spawnattr_setsigdefault(&attributes, &defaults);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnPlan(SpawnPlan const&) = delete;
    SpawnPlan& operator=(SpawnPlan const&) = delete;
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    out.reserve(words.size() + 1);
    for (auto& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> merged_environment(std::vector<std::string> const& changes) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string_view const text{*entry};
        auto const name = text.substr(0, text.find('=') + 1);
        bool is_replaced = false;
        for (auto const& change : changes) is_replaced = is_replaced || change.starts_with(name);
        if (!is_replaced) out.emplace_back(text);
    }
    out.insert(out.end(), changes.begin(), changes.end());
    return out;
}

Result<pid_t> spawn(std::vector<std::string> words, std::vector<std::string> environment,
                    SpawnPlan const& plan) {
    pid_t child = 0;
    int const code = ::posix_spawnp(&child, words.front().c_str(), &plan.actions, &plan.attributes,
                                    pointers(words).data(), pointers(environment).data());
    if (code != 0)
        return Error{Errc::io, fmt::format("{} does not start: {}", words.front(), std::strerror(code))};
    return child;
}

std::uint64_t nanoseconds(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_usec) * 1'000U;
}

/// Appends what is there; false at the end.
bool take(int fd, std::string& out, std::size_t bytes_max) {
    std::array<char, 65536> buffer;
    auto const count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    auto const room = bytes_max - std::min(bytes_max, out.size());
    out.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
    return count > 0;
}

struct Streams {
    Pipe input;
    Pipe output;
    Pipe errors;
};

/// Feeds and drains until both outputs end or the time is over.
void exchange(Command const& command, Streams& streams, std::uint64_t end_ns, pid_t child, Finished& out) {
    std::size_t written = 0;
    while (streams.output.read >= 0 || streams.errors.read >= 0) {
        auto const now = now_ns();
        if (now >= end_ns) {
            out.is_timed_out = true;
            ::kill(-child, SIGKILL);
            return;
        }
        std::array<pollfd, 3> polls{{{streams.output.read, POLLIN, 0},
                                     {streams.errors.read, POLLIN, 0},
                                     {streams.input.write, POLLOUT, 0}}};
        auto const wait_ms = static_cast<int>(std::min<std::uint64_t>((end_ns - now) / 1'000'000 + 1, 1'000));
        if (::poll(polls.data(), polls.size(), wait_ms) < 0 && errno != EINTR) return;
        if (polls[0].revents != 0 && !take(polls[0].fd, out.output, command.output_bytes_max)) {
            Pipe::close_end(streams.output.read);
        }
        if (polls[1].revents != 0 && !take(polls[1].fd, out.errors, command.output_bytes_max)) {
            Pipe::close_end(streams.errors.read);
        }
        if (polls[2].revents != 0) {
            auto const rest = std::string_view{command.input}.substr(written);
            auto const count = rest.empty() ? 0 : ::write(polls[2].fd, rest.data(), rest.size());
            if (count > 0) written += static_cast<std::size_t>(count);
            if (count <= 0 || written == command.input.size()) Pipe::close_end(streams.input.write);
        }
    }
}

/// Until `child` ends or the time is over, to the microsecond where the kernel has pidfds.
void wait_for_end(pid_t child, std::uint64_t end_ns) {
    auto const now = now_ns();
    if (now >= end_ns) return;
    auto const left_ms = static_cast<int>(std::min<std::uint64_t>((end_ns - now) / 1'000'000 + 1, 1'000));
    auto const fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pollfd poll{fd, POLLIN, 0};
    ::poll(&poll, fd < 0 ? 0 : 1, fd < 0 ? 1 : left_ms);
    if (fd >= 0) ::close(fd);
}

/// Waits for the end, within the time.
void collect(pid_t child, std::uint64_t end_ns, Finished& out) {
    rusage usage{};
    int status = 0;
    for (;;) {
        auto const done = ::wait4(child, &status, out.is_timed_out ? 0 : WNOHANG, &usage);
        if (done == child) break;
        if (done < 0 && errno != EINTR) return;
        if (now_ns() >= end_ns && !out.is_timed_out) {
            out.is_timed_out = true;
            ::kill(-child, SIGKILL);
        }
        if (done == 0) wait_for_end(child, end_ns);
    }
    if (WIFEXITED(status)) out.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) out.signal = WTERMSIG(status);
    out.cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    out.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t limit_of(Command const& command) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(command.time_limit).count());
}

std::vector<std::string> environment_of(Command const& command) {
    return command.inherits_environment ? merged_environment(command.environment) : command.environment;
}

void on_interrupt(int /*signal*/) {
    // A second one ends the program as usual.
    if (g_interrupted.exchange(true)) ::_exit(128 + SIGINT);
}

}  // namespace

std::string Finished::how_it_ended() const {
    if (is_timed_out) return fmt::format("no end within {:.0f} s", static_cast<double>(wall_ns) / 1e9);
    if (signal != 0) return fmt::format("signal {} ({})", signal, ::strsignal(signal));
    return fmt::format("exit {}", exit_code);
}

Result<Finished> run_command(Command const& command) {
    Streams streams;
    RETURN_IF_ERROR(streams.input.open());
    RETURN_IF_ERROR(streams.output.open());
    RETURN_IF_ERROR(streams.errors.open());
    SpawnPlan plan;
    ::posix_spawn_file_actions_adddup2(&plan.actions, streams.input.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&plan.actions, streams.output.write, STDOUT_FILENO);
    if (command.is_quiet)
        ::posix_spawn_file_actions_adddup2(&plan.actions, streams.errors.write, STDERR_FILENO);
    if (!command.directory.empty()) {
        ::posix_spawn_file_actions_addchdir_np(&plan.actions, command.directory.c_str());
    }
    Finished out;
    auto const begin = now_ns();
    auto const end = begin + limit_of(command);
    ASSIGN_OR_RETURN(auto const child, spawn(command.words, environment_of(command), plan));
    Pipe::close_end(streams.input.read);
    Pipe::close_end(streams.output.write);
    Pipe::close_end(streams.errors.write);
    ::fcntl(streams.input.write, F_SETFL, O_NONBLOCK);
    exchange(command, streams, end, child, out);
    Pipe::close_end(streams.input.write);
    collect(child, end, out);
    out.wall_ns = now_ns() - begin;
    // What it left behind in its group must not disturb the next test.
    ::kill(-child, SIGKILL);
    return out;
}

Result<BackgroundCommand> BackgroundCommand::start(Command const& command) {
    SpawnPlan plan;
    ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (int const fd : {STDOUT_FILENO, STDERR_FILENO})
        ::posix_spawn_file_actions_addopen(&plan.actions, fd, "/dev/null", O_WRONLY, 0);
    if (!command.directory.empty())
        ::posix_spawn_file_actions_addchdir_np(&plan.actions, command.directory.c_str());
    auto const begin = now_ns();
    ASSIGN_OR_RETURN(auto const child, spawn(command.words, environment_of(command), plan));
    return BackgroundCommand{child, begin, begin + limit_of(command)};
}

BackgroundCommand::BackgroundCommand(BackgroundCommand&& other) noexcept
    : child_(std::exchange(other.child_, -1)), begin_ns_(other.begin_ns_), end_ns_(other.end_ns_) {}

BackgroundCommand::~BackgroundCommand() {
    if (child_ < 0) return;
    ::kill(-child_, SIGTERM);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<Finished> BackgroundCommand::wait() {
    if (child_ < 0) return Error{Errc::invalid, "the command has ended before"};
    Finished out;
    collect(std::exchange(child_, -1), end_ns_, out);
    out.wall_ns = now_ns() - begin_ns_;
    return out;
}

bool has_program(std::string const& name) {
    if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0;
    char const* const path = std::getenv("PATH");
    std::string_view rest{path != nullptr ? path : ""};
    while (!rest.empty()) {
        auto const end = std::min(rest.find(':'), rest.size());
        if (::access(fmt::format("{}/{}", rest.substr(0, end), name).c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

Result<Conversation> Conversation::start(std::vector<std::string> const& words,
                                         std::vector<std::string> const& environment) {
    Pipe input;
    Pipe output;
    RETURN_IF_ERROR(input.open());
    RETURN_IF_ERROR(output.open());
    SpawnPlan plan;
    ::posix_spawn_file_actions_adddup2(&plan.actions, input.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&plan.actions, output.write, STDOUT_FILENO);
    ASSIGN_OR_RETURN(auto const child, spawn(words, merged_environment(environment), plan));
    return Conversation{child, std::exchange(input.write, -1), std::exchange(output.read, -1)};
}

Conversation::Conversation(Conversation&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      to_(other.to_),
      from_(other.from_),
      rest_(std::move(other.rest_)) {}

Conversation::~Conversation() {
    if (child_ < 0) return;
    ::close(to_);
    ::close(from_);
    ::kill(-child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<std::string> Conversation::ask(std::string_view line, std::chrono::milliseconds time_limit) {
    auto const question = std::string{line} + "\n";
    for (std::size_t at = 0; at < question.size();) {
        auto const count = ::write(to_, question.data() + at, question.size() - at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Error{Errc::io, "the child ended before it was asked"};
        at += static_cast<std::size_t>(count);
    }
    return read(time_limit);
}

Result<std::string> Conversation::read(std::chrono::milliseconds time_limit) {
    constexpr std::size_t k_answer_bytes_max = 1U << 20U;
    auto const end = now_ns() + static_cast<std::uint64_t>(time_limit.count()) * 1'000'000U;
    for (;;) {
        if (auto const lf = rest_.find('\n'); lf != std::string::npos) {
            auto answer = rest_.substr(0, lf);
            rest_.erase(0, lf + 1);
            return answer;
        }
        auto const now = now_ns();
        if (now >= end) return Error{Errc::timed_out, "the child does not answer"};
        pollfd poll{from_, POLLIN, 0};
        auto const wait_ms = static_cast<int>(std::min<std::uint64_t>((end - now) / 1'000'000 + 1, 1'000));
        if (::poll(&poll, 1, wait_ms) > 0 && !take(from_, rest_, k_answer_bytes_max)) {
            return Error{Errc::io, "the child ended instead of answering"};
        }
    }
}

std::string this_program() {
    std::error_code failed;
    auto const path = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::string{"/proc/self/exe"} : path.string();
}

bool is_interrupted() { return g_interrupted.load(); }

void catch_interrupts() {
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace ggen::bench
