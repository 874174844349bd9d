#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

/// What a program said and what the kernel says that it cost.
struct ProgramRun {
    std::string output;            ///< Standard output.
    int exit_code = 0;
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;      ///< User and system, of the program and what it waited for.
    std::uint64_t peak_bytes = 0;  ///< Largest resident set.
};

/// Runs `words` (the program first, found on PATH when it has no '/') with `extra` in its environment; its standard
/// error is that of this process, or dropped with `is_quiet`. Errors: io (it cannot be started or was killed).
Result<ProgramRun> run_program(std::vector<std::string> words, std::map<std::string, std::string> const& extra = {},
                               bool is_quiet = false);
/// The same; exit codes but 0 are errors too.
Result<ProgramRun> run_well(std::vector<std::string> words, std::map<std::string, std::string> const& extra = {});

/// Instructions of a run, as callgrind counts them; 0 when valgrind is not installed or the run failed.
std::uint64_t instructions_of(std::vector<std::string> words, std::map<std::string, std::string> const& extra = {});

/// Whether a program of this name is on PATH.
[[nodiscard]] bool is_on_path(std::string const& name);

}  // namespace ggen::bench
