#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "harness/result.hpp"

namespace ggen::bench {

/// One line of bench/budgets.toml: how good a figure has to be, wherever it is measured.
struct Budget {
    std::string test_id;
    std::string metric;
    std::string statistic = "median";  ///< Of the values: median, p90, p95, p99, least, most.
    double green = 0;                  ///< At most this (at least, when more is better) is what we promise.
    double yellow = 0;                 ///< Beyond this is red.
    bool more_is_better = false;
    std::optional<double> original;  ///< The target of the suite that this one continues, in the same unit.
    std::string original_text;       ///< As it was written there: "< 100 ms".
};

enum class Colour : std::uint8_t { green, yellow, red, unmeasured };
[[nodiscard]] std::string_view colour_name(Colour colour);

struct BudgetResult {
    Budget budget;
    Colour colour = Colour::unmeasured;
    double value = 0;
    std::string unit;
    std::string detail;  ///< Why it was not measured.
};

/// bench/budgets.toml: `[[budget]]` tables. Errors: invalid (FILE:LINE:COLUMN and what is wrong), too_large.
[[nodiscard]] Result<std::vector<Budget>> parse_budgets(std::string_view text, std::string_view source_name);

/// Every budget against the run; a figure that is missing or void is `unmeasured`.
[[nodiscard]] std::vector<BudgetResult> apply_budgets(std::vector<Budget> const& budgets, Run const& run);

/// "median", "p90", "p95", "p99", "least" or "most" of `values`. Precondition: `statistic` is one of them.
[[nodiscard]] double statistic_of(std::vector<double> const& values, std::string_view statistic);

/// A line of gate.toml.
struct GateCheck {
    enum class Level : std::uint8_t { must, should, nice };
    enum class Judge : std::uint8_t {
        command,      ///< Exit 0; with `forbidden`, that text must not stand in its output.
        tests,        ///< All tests of `words` ran and passed.
        budgets,      ///< No budget of `words` is red or unmeasured.
        regressions,  ///< No exact figure failed against the committed baseline.
        self_test,    ///< A slowed test fails, and no other.
        count         ///< `groups` groups and `tests` tests at least, and each one of the committed list, are there.
    };
    std::string name;     ///< As it stands in the checklist.
    std::string section;  ///< "Compilation", "Warnings", "Performance", "P2P", "Documentation" …
    Level level = Level::must;
    Judge judge = Judge::command;
    std::vector<std::string> words;
    std::vector<std::string> command;
    std::string forbidden;
    std::int64_t time_limit_s = 600;
    std::string list;  ///< File with the id of every test, one a line.
    std::int64_t groups = 0;
    std::int64_t tests = 0;
};

struct GateConfig {
    std::vector<GateCheck> checks;
    // Commands that get the result as JSON on standard input; [hooks] of gate.toml. 30 s each; only `pre` can
    // stop a run.
    std::vector<std::string> pre;
    std::vector<std::string> notify;
    std::vector<std::string> post;
};
/// Errors as parse_budgets.
[[nodiscard]] Result<GateConfig> parse_gate(std::string_view text, std::string_view source_name);

}  // namespace ggen::bench
