#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "harness/benchmark.hpp"
#include "harness/result.hpp"

namespace ggen::bench {

struct RunOptions {
    std::vector<std::string> words;  ///< Groups, tests, aliases; empty = all.
    bool is_quick = false;
    bool with_exact = true;  ///< Count instructions where callgrind is installed.
    bool with_times = true;
    std::uint32_t repetitions = 3;  ///< Processes a test; they take turns, in an order that `seed` shuffles.
    std::uint32_t slices = 100;  ///< A process, as far as a test wants so many (`Test::slices_max`).
    std::uint32_t counts = 1;   ///< How often each test is counted; more than one shows what a count depends on.
    std::uint32_t jobs = 0;     ///< Tests that are counted at once (counts do not mind); 0 = one a core.
    std::uint64_t seed = 1;
    std::string label;
    std::string work_directory;  ///< Exists; each test gets an empty folder in it.
    std::string program;         ///< What to start for a test: this program, or another build of it.
};

/// Where callgrind is: "valgrind", or "" when it is not installed.
[[nodiscard]] std::string find_callgrind();

/// Told after each process: for progress with the time that is left.
struct Progress {
    std::size_t done = 0;
    std::size_t planned = 0;
    std::string test_id;
    Outcome outcome = Outcome::passed;
    double seconds_left = 0;
};

/// Runs the tests, each in processes of its own. A test that fails, crashes or hangs is reported and the
/// others go on. After Ctrl-C the run returns with what it has, `is_complete` false. Errors: not_found (a
/// word), io (no work directory).
[[nodiscard]] Result<Run> run_tests(Catalogue const& catalogue, RunOptions const& options,
                                    std::function<void(Progress const&)> const& on_progress);

/// What callgrind told of one process.
struct Counted {
    std::vector<Figure> figures;  ///< "instructions" and "allocations" of one run, and the test's own exact ones.
    std::string processor;        ///< The features that the program saw.
};

/// Counts `exact_runs` runs of one test in a process of `program` under callgrind. `directory` exists, is empty and for
/// this process alone. Errors: unavailable (no callgrind), and what the test says.
[[nodiscard]] Result<Counted> count_test(std::string const& program, Test const& test, std::string const& directory);

}  // namespace ggen::bench
