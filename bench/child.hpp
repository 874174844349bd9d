#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

/// Programs that a suite starts, and what the kernel says they cost.
namespace ggen::bench {

struct ChildCommand {
    std::vector<std::string> words;             ///< The program first, found on PATH when it has no '/'.
    std::map<std::string, std::string> extra;   ///< Set on top of the environment of this process.
    std::string directory;                      ///< "" = that of this process.
};

struct ChildCost {
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;      ///< User and system, of the child and what it waited for.
    std::uint64_t peak_bytes = 0;  ///< Largest resident set.
};

/// Runs to the end; standard input is empty, what it says is kept for the message of an error alone.
/// Errors: io (it cannot be started, or its exit code is not 0: with the end of what it said).
Result<ChildCost> run_child(ChildCommand const& command);

/// A program that runs beside, such as a server; ended with SIGTERM at the end of its object.
class BackgroundChild {
public:
    static Result<BackgroundChild> start(ChildCommand const& command);
    BackgroundChild(BackgroundChild&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
    BackgroundChild& operator=(BackgroundChild&&) = delete;
    BackgroundChild(BackgroundChild const&) = delete;
    BackgroundChild& operator=(BackgroundChild const&) = delete;
    ~BackgroundChild();
    /// Waits for the end. Errors: io (its exit code is not 0).
    Result<ChildCost> wait();

private:
    explicit BackgroundChild(int pid, std::uint64_t started_ns) : pid_(pid), started_ns_(started_ns) {}
    int pid_;
    std::uint64_t started_ns_ = 0;
};

/// Whether a program of this name, or at this path, can be run.
[[nodiscard]] bool has_program(std::string const& name);

}  // namespace ggen::bench
