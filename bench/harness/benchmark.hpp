#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// What a test of ggen-bench is, and the catalogue of all of them. A test runs in a process of its own, so
/// that one that crashes or hangs takes nothing with it, and so that memory figures are its own.
namespace ggen::bench {

/// How a figure is judged (docs/benchmarks.md "Kinds").
enum class Kind : std::uint8_t {
    exact,   ///< Counts that do not depend on the machine's mood: instructions, allocations, bytes, simulated
             ///< time.
    time,    ///< Processor or wall time: compared in pairs in the same minute only.
    load,    ///< Memory, percentiles of real nodes: held against budgets, never against another machine.
    quality  ///< Recall, success rates: more is better, a fixed floor.
};
[[nodiscard]] std::string_view kind_name(Kind kind);
/// Errors: invalid.
[[nodiscard]] Result<Kind> parse_kind(std::string_view name);

/// How a test gets its figures.
enum class TestClass : std::uint8_t {
    micro,      ///< Production code in a loop of this process.
    process,    ///< Whole programs, from start to exit.
    network,    ///< Real nodes over real sockets.
    simulation  ///< Production cores under the simulator's clock.
};
[[nodiscard]] std::string_view class_name(TestClass test_class);

/// One figure of a test: all the values that were seen, never a summary of them.
struct Figure {
    std::string metric;  ///< "cpu_ns", "instructions", "p99_us" …
    std::string unit;    ///< "ns", "count", "bytes", "ratio", "us", "ms"
    Kind kind = Kind::load;
    std::vector<double> values;
};

/// The work of one test. `run` is what is measured and nothing else; it must not sleep and must do the real
/// thing.
class Work {
public:
    Work() = default;
    virtual ~Work() = default;
    Work(Work const&) = delete;
    Work& operator=(Work const&) = delete;

    /// Untimed, once. `directory` is empty, ours, and removed afterwards.
    virtual Result<void> prepare(std::string const& directory) = 0;
    /// Timed; called many times, one unit of work each.
    virtual Result<void> run() = 0;
    /// Untimed, before each call of `run` when `needs_reset` says so: brings the starting state back.
    virtual Result<void> reset() { return ok(); }
    [[nodiscard]] virtual bool needs_reset() const { return false; }
    /// Untimed, after the runs: whether the last one did what it should. A failed check voids every figure of
    /// the test.
    virtual Result<void> check() = 0;
    /// Figures that the work measured itself, such as percentiles over operations of one run.
    virtual std::vector<Figure> figures() { return {}; }
    /// What somebody needs to get the same figures again, such as a seed and the digest of a run; "" = nothing.
    virtual std::string note() { return ""; }
};

struct Test {
    std::string group;  ///< "search_performance"
    std::string name;   ///< "keyword_n1000": unique in the group
    TestClass test_class = TestClass::micro;
    std::string what;  ///< One line: what is started, timed, asserted.
    std::function<std::unique_ptr<Work>()> make;
    /// Other names of this test, those of the suites that it continues.
    std::vector<std::string> aliases = {};
    bool is_quick = true;           ///< Runs with --quick.
    std::uint32_t exact_runs = 1;   ///< Calls of `run` that are counted under callgrind; 0 = not counted.
    std::uint32_t slices_max = 20;  ///< 1 = long work that is run once a repetition, without a warm-up.
    std::uint32_t time_limit_s = 60;
    /// Repetitions of a run that it takes part in: few when it takes minutes to prepare.
    std::uint32_t rounds_max = 100;

    [[nodiscard]] std::string id() const { return group + "/" + name; }
    /// Its own figures are exact though nothing of it is counted.
    [[nodiscard]] bool is_simulated_exact() const {
        return test_class == TestClass::simulation && exact_runs == 0;
    }
};

/// The part of a test's id before the slash.
[[nodiscard]] std::string_view group_of(std::string_view test_id);
/// How many groups these tests are of: the one way in which groups are counted.
[[nodiscard]] std::size_t count_groups(std::vector<std::string> const& test_ids);

/// All tests, those of a group together, groups in the order of registration.
class Catalogue {
public:
    /// Precondition: the id is new.
    void add(Test test);
    [[nodiscard]] std::vector<std::string> ids() const;
    [[nodiscard]] std::vector<Test> const& tests() const { return tests_; }
    /// By id or alias; null when there is none.
    [[nodiscard]] Test const* find(std::string_view id) const;
    [[nodiscard]] std::vector<std::string> groups() const;
    /// Tests whose id, group or alias equals a word or contains it after `*`; all when there are no words.
    /// Errors: not_found (a word that matches nothing; names what is near).
    [[nodiscard]] Result<std::vector<Test const*>> select(std::vector<std::string> const& words,
                                                          bool quick) const;

private:
    std::vector<Test> tests_;
};

}  // namespace ggen::bench
