#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "harness/child.hpp"
#include "harness/compare.hpp"
#include "harness/runner.hpp"
#include "harness/store.hpp"

/// What the commands of ggen-bench share: their options, files, the store. Private to commands*.cpp.
namespace ggen::bench {

inline constexpr int k_exit_failed = 1;
inline constexpr int k_exit_usage = 2;
inline constexpr int k_exit_incomplete = 3;
inline constexpr int k_exit_skipped = 77;
inline constexpr std::size_t k_history_max = 100;

/// What all commands share.
struct Shared {
    std::string store = ".ggen-bench/results.db";
    std::string work;
    bool is_json = false;
};

struct Program {
    Shared shared;
    Catalogue catalogue;
    RunOptions run;
    std::string json_out;
    bool is_stored = true;
    bool is_stepwise = false;
    // compare
    std::string base;
    std::string other = "latest";
    std::string base_revision;
    bool across = false;
    PairOptions pairs;
    std::vector<std::string> words;
    bool is_quick = false;
    bool is_ids_only = false;
    std::uint32_t comparisons = 200;
    std::uint32_t trials = 100;
    // report, gate
    bool is_exact_only = false;
    std::string html;
    std::string markdown;
    std::string budgets = "bench/budgets.toml";
    std::string gate = "bench/gate.toml";
    std::string gate_exact = "bench/gate-exact.toml";
    std::string baseline_file = "bench/baselines/exact.json";
    std::string of_run;
    std::string compare_with;
    // baseline, history, export, import
    std::string name;
    std::string metric = "instructions";
    std::string file;
    std::string reason;
    ChildOptions child;
    std::string child_mode = "figures";
};

/// Prints the error and its help; the exit code that belongs to it.
int complain(Error const& error);

template <class T>
int finish(Result<T> const& result) {
    return result ? 0 : complain(result.error());
}

[[nodiscard]] Result<std::string> read_text(std::string const& path);
/// Whole or not at all: written beside it, then renamed.
[[nodiscard]] Result<void> write_text(std::string const& path, std::string const& text);
[[nodiscard]] Result<ResultStore> open_store(Program const& program);
[[nodiscard]] std::string work_directory(Program const& program);

/// Removes the work directory that this process chose itself.
struct WorkGuard {
    explicit WorkGuard(Program const& program);
    WorkGuard(WorkGuard const&) = delete;
    WorkGuard& operator=(WorkGuard const&) = delete;
    ~WorkGuard();
    std::string path;
};

/// A baseline for git (bench/baselines/exact.json); none when there is no such file.
[[nodiscard]] Result<std::optional<Run>> read_baseline(std::string const& path);
/// Runs the tests that the program's options name, with progress on standard error.
[[nodiscard]] Result<Run> measure(Program& program);

// One function a command: what it prints is its result; the exit code.
Result<int> cmd_run(Program& program);
Result<int> cmd_list(Program& program);
Result<int> cmd_compare(Program& program);
Result<int> cmd_gate(Program& program);
Result<int> cmd_prove(Program& program);
Result<int> cmd_report(Program& program);
Result<int> cmd_runs(Program& program);
Result<int> cmd_history(Program& program);
Result<int> cmd_export(Program& program);
Result<int> cmd_import(Program& program);
Result<int> cmd_baseline_export(Program& program);

}  // namespace ggen::bench
