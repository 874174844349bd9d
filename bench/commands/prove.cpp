// `prove`: whether the judge can be trusted. A build compared with itself must be the same, one that was slowed must be
// found, and nothing else with it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "commands/program.hpp"
#include "harness/process.hpp"
#include "harness/statistics.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_tests_max = 5;
constexpr double k_slowed_ns_min = 20'000;

bool is_loss(Verdict verdict) {
    return verdict == Verdict::listed || verdict == Verdict::flagged || verdict == Verdict::failed;
}

/// Whether 5 % of the test's processor time are well over what the judge takes for nothing (`Thresholds`): of shorter
/// work no loss of that size is promised to be found.
Result<bool> is_long_enough(Program const& program, Test const& test) {
    auto options = program.run;
    options.words = {test.id()};
    options.with_exact = false;
    options.with_times = true;
    options.repetitions = 1;
    options.work_directory = work_directory(program);
    options.program = this_program();
    ASSIGN_OR_RETURN(auto const run, run_tests(program.catalogue, options, [](Progress const&) {}));
    for (auto const& result : run.results) {
        for (auto const& figure : result.figures) {
            if (figure.metric == "cpu_ns" && !figure.values.empty()) {
                return median(figure.values) >= k_slowed_ns_min;
            }
        }
    }
    return false;
}

/// What was asked for, or some short tests of different groups.
Result<std::vector<Test const*>> tests_to_slow(Program const& program) {
    ASSIGN_OR_RETURN(auto const tests, program.catalogue.select(program.words, true));
    std::vector<Test const*> usable;
    usable.reserve(tests.size());
    for (auto const* test : tests) {
        bool const is_usable = test->test_class == TestClass::micro && test->exact_runs > 0 && test->slices_max > 1 &&
                               !test->make()->needs_reset();
        if (is_usable) usable.push_back(test);
    }
    if (usable.empty()) return Error{Errc::not_found, "none of these tests can be slowed"};
    if (!program.words.empty() || usable.size() <= k_tests_max) return usable;
    std::vector<Test const*> out;
    out.reserve(k_tests_max);
    for (std::size_t i = 0; i < k_tests_max; ++i) {
        auto const end = (i + 1) * usable.size() / k_tests_max;
        for (auto at = i * usable.size() / k_tests_max; at < end; ++at) {
            ASSIGN_OR_RETURN(bool const is_long, is_long_enough(program, *usable[at]));
            if (!is_long) continue;
            out.push_back(usable[at]);
            break;
        }
    }
    if (out.empty()) return Error{Errc::not_found, "none of these tests takes long enough to be slowed by 5 %"};
    return out;
}

/// Outcomes of comparisons that were all made alike.
struct Tally {
    std::string what;
    std::size_t compared = 0;
    std::size_t found = 0;   ///< Called a loss, of whatever size.
    std::size_t failed = 0;  ///< Called a loss that stops a release.
    std::size_t wrong = 0;   ///< Another test was named.
    std::size_t found_min = 0;
    std::size_t found_max = SIZE_MAX;
    std::size_t failed_max = SIZE_MAX;

    [[nodiscard]] bool is_good() const {
        return compared > 0 && found >= found_min && found <= found_max && failed <= failed_max && wrong == 0;
    }
};

void talk(Tally const& tally) {
    std::fprintf(stderr, "%s: %zu compared, %zu found, %zu failed\n", tally.what.c_str(), tally.compared, tally.found,
                 tally.failed);
}

/// Fresh processes of this build and of this build slowed by `percent`, in turns.
Result<void> compare_times(Program const& program, std::vector<Test const*> const& tests, unsigned percent,
                           std::size_t count, Tally& tally) {
    PairOptions options;
    options.old_program = options.new_program = this_program();
    options.work_directory = work_directory(program);
    for (std::size_t i = 0; i < count && !is_interrupted(); ++i) {
        auto const* const test = tests[i % tests.size()];
        options.new_environment.clear();
        if (percent > 0) options.new_environment = {fmt::format("GGEN_BENCH_INJECT={}:{}%", test->id(), percent)};
        ASSIGN_OR_RETURN(auto const comparison,
                         compare_programs({test}, options, Thresholds{}, [](std::string const&) {}));
        if (comparison.differences.empty() || comparison.differences[0].verdict == Verdict::missing) {
            return Error{Errc::unavailable, fmt::format("{} could not be compared: {}", test->id(),
                                                        fmt::join(comparison.warnings, "; "))};
        }
        auto const& difference = comparison.differences[0];
        ++tally.compared;
        tally.found += is_loss(difference.verdict) ? 1U : 0U;
        tally.failed += difference.verdict == Verdict::failed ? 1U : 0U;
        if (percent > 0 ? !is_loss(difference.verdict) : is_loss(difference.verdict))
            std::fprintf(stderr, "  %s: %+.2f %%\n", test->id().c_str(), (difference.ratio - 1) * 100);
        if (tally.compared % 20 == 0) talk(tally);
    }
    return ok();
}

/// All of `tests` counted, one of them slowed or none.
Result<Run> count_run(Program const& program, std::vector<Test const*> const& tests, std::string const& slowed,
                      unsigned percent) {
    auto options = program.run;
    options.with_times = false;
    options.work_directory = work_directory(program);
    options.program = this_program();
    options.words.reserve(tests.size());
    for (auto const* test : tests) options.words.push_back(test->id());
    if (percent > 0) ::setenv("GGEN_BENCH_INJECT", fmt::format("{}:{}%", slowed, percent).c_str(), 1);
    auto run = run_tests(program.catalogue, options, [](Progress const&) {});
    ::unsetenv("GGEN_BENCH_INJECT");
    return run;
}

/// One comparison a test and round: each test slowed in turn among its neighbours, or none.
Result<void> compare_counts(Program const& program, std::vector<Test const*> const& tests, unsigned percent,
                            std::size_t count, Tally& tally) {
    ASSIGN_OR_RETURN(auto const before, count_run(program, tests, "", 0));
    for (std::size_t i = 0; tally.compared < count && !is_interrupted(); ++i) {
        auto const& slowed = tests[i % tests.size()]->id();
        ASSIGN_OR_RETURN(auto const after, count_run(program, tests, slowed, percent));
        ASSIGN_OR_RETURN(auto const comparison, compare_runs(before, after, Thresholds{}, true));
        for (auto const& difference : comparison.differences) {
            if (difference.metric != "instructions") continue;
            if (difference.verdict == Verdict::unjudged || difference.verdict == Verdict::missing)
                return Error{Errc::unavailable, fmt::format("{} was not counted", difference.test_id)};
            bool const is_slowed = percent > 0 && difference.test_id == slowed;
            if (percent == 0 || is_slowed) ++tally.compared;
            if (!is_loss(difference.verdict)) continue;
            if (percent == 0 || is_slowed) {
                ++tally.found;
                tally.failed += difference.verdict == Verdict::failed ? 1U : 0U;
            } else {
                ++tally.wrong;
            }
        }
    }
    talk(tally);
    return ok();
}

}  // namespace

Result<int> cmd_prove(Program& program) {
    catch_interrupts();
    WorkGuard const guard{program};
    std::error_code ignored;
    std::filesystem::create_directories(work_directory(program), ignored);
    ASSIGN_OR_RETURN(auto const tests, tests_to_slow(program));
    std::vector<Tally> tallies;
    if (program.run.with_exact) {
        if (find_callgrind().empty())
            return Error{Errc::unavailable, ErrorId::none, "valgrind is not installed", "apt-get install valgrind"};
        Tally same{"counts, the build with itself"};
        same.found_max = 0;
        RETURN_IF_ERROR(compare_counts(program, tests, 0, program.comparisons, same));
        tallies.push_back(same);
        Tally slowed{"counts, slowed by 2 %"};
        RETURN_IF_ERROR(compare_counts(program, tests, 2, tests.size() * 2, slowed));
        slowed.found_min = slowed.compared;
        tallies.push_back(slowed);
    }
    if (program.run.with_times) {
        Tally same{"times, the build with itself"};
        same.failed_max = program.comparisons / 200;
        RETURN_IF_ERROR(compare_times(program, tests, 0, program.comparisons, same));
        tallies.push_back(same);
        for (auto const& [percent, share] : {std::pair{5U, 95U}, std::pair{10U, 100U}}) {
            Tally slowed{fmt::format("times, slowed by {} %", percent)};
            RETURN_IF_ERROR(compare_times(program, tests, percent, program.trials, slowed));
            slowed.found_min = slowed.compared * share / 100;
            tallies.push_back(slowed);
        }
    }
    Table table({"comparison", "made", "called a loss", "called a failure", "another test named", "verdict"});
    bool is_good = true;
    for (auto const& tally : tallies) {
        table.add({tally.what, std::to_string(tally.compared), std::to_string(tally.found),
                   std::to_string(tally.failed), std::to_string(tally.wrong), tally.is_good() ? "good" : "bad"});
        is_good = is_good && tally.is_good();
    }
    table.print();
    if (is_interrupted()) return k_exit_incomplete;
    return is_good ? 0 : k_exit_failed;
}

}  // namespace ggen::bench
