#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

/// Path of this program, as the first word of a child's command. Not /proc/self/exe: under valgrind that is
/// valgrind.
[[nodiscard]] std::string this_program();

struct Command {
    std::vector<std::string> words;        ///< The program and its arguments; no shell.
    std::string directory;                 ///< "" = this one.
    std::vector<std::string> environment;  ///< "NAME=value", over the inherited ones.
    bool inherits_environment = true;      ///< False: `environment` is all there is.
    std::string input;                     ///< For standard input.
    std::chrono::milliseconds time_limit{60'000};
    std::size_t output_bytes_max = std::size_t{16} << 20U;
    bool is_quiet = false;  ///< Its standard error goes to `Finished::errors` instead of ours.
};

/// What a process did and cost, by wait4(2).
struct Finished {
    std::string output;
    std::string errors;
    int exit_code = -1;  ///< -1 when a signal ended it.
    int signal = 0;
    bool is_timed_out = false;  ///< It and its process group were killed.
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;  ///< User and system, of it and the children that it waited for.
    std::uint64_t peak_bytes = 0;

    [[nodiscard]] bool is_good() const { return exit_code == 0 && !is_timed_out; }
    /// "exit 3", "signal 11 (Segmentation fault)", "no end within 60 s".
    [[nodiscard]] std::string how_it_ended() const;
};

/// Runs a command in a process group of its own and waits for its end. Whoever hangs is killed with its
/// group. Errors: io (no pipe, no such program).
[[nodiscard]] Result<Finished> run_command(Command const& command);

/// A command that runs beside, such as a server; what it says is dropped. Ended with SIGTERM at the end of its object.
class BackgroundCommand {
public:
    /// Errors: io (it does not start).
    [[nodiscard]] static Result<BackgroundCommand> start(Command const& command);
    BackgroundCommand(BackgroundCommand&& other) noexcept;
    BackgroundCommand& operator=(BackgroundCommand&&) = delete;
    ~BackgroundCommand();
    /// Waits for its end, within the time limit of the command.
    [[nodiscard]] Result<Finished> wait();

private:
    BackgroundCommand(pid_t child, std::uint64_t begin_ns, std::uint64_t end_ns)
        : child_(child), begin_ns_(begin_ns), end_ns_(end_ns) {}
    pid_t child_;
    std::uint64_t begin_ns_;
    std::uint64_t end_ns_;
};

/// Whether a program of this name on PATH, or at this path, can be run.
[[nodiscard]] bool has_program(std::string const& name);

/// A child that answers questions: a byte in, a line out. Killed when this goes out of scope.
class Conversation {
public:
    /// With `environment` over the inherited one. Errors: io.
    [[nodiscard]] static Result<Conversation> start(std::vector<std::string> const& words,
                                                    std::vector<std::string> const& environment = {});
    Conversation(Conversation&& other) noexcept;
    Conversation& operator=(Conversation&&) = delete;
    ~Conversation();

    /// Sends `line` with its LF, returns the answer without. Errors: io (it ended), timed_out.
    [[nodiscard]] Result<std::string> ask(std::string_view line, std::chrono::milliseconds time_limit);
    /// The next line that it says. Errors: as `ask`.
    [[nodiscard]] Result<std::string> read(std::chrono::milliseconds time_limit);

private:
    Conversation(pid_t child, int to, int from) : child_(child), to_(to), from_(from) {}
    pid_t child_;
    int to_;
    int from_;
    std::string rest_;
};

/// Set by the handler of Ctrl-C: a run stops at the next test, and what is finished is kept.
[[nodiscard]] bool is_interrupted();
void catch_interrupts();

}  // namespace ggen::bench
