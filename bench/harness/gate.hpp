#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/benchmark.hpp"
#include "harness/budgets.hpp"
#include "harness/compare.hpp"

namespace ggen::bench {

enum class GateStatus : std::uint8_t { green, yellow, red, unmeasured };

struct GateLine {
    GateCheck check;
    GateStatus status = GateStatus::unmeasured;
    std::string detail;  ///< What was measured, or why it was not.
};

enum class Decision : std::uint8_t { go, no_go, incomplete };

struct GateReport {
    std::vector<GateLine> lines;
    std::vector<BudgetResult> budgets;
    Comparison regressions;  ///< Exact figures against the committed baseline; empty when none was given.
    Decision decision = Decision::incomplete;

    /// 0 go, 1 no-go, 3 incomplete.
    [[nodiscard]] int exit_code() const;
};

/// What the gate looks at. Nothing is assumed: what is not here is unmeasured, and unmeasured is red.
struct GateInput {
    GateConfig config;
    std::vector<Budget> budgets;
    Run run;
    std::vector<std::string> planned_ids;    ///< All tests of the catalogue that the profile asks for.
    std::vector<std::string> catalogue_ids;  ///< All tests that there are.
    std::vector<std::string> required_ids;   ///< Those of the committed list; empty = there is none.
    std::optional<Run> baseline;           ///< Committed exact figures.
    Thresholds thresholds;
    /// Slows one test by 15 % and tells which tests then fail against `run`; empty = the self-test was not
    /// possible.
    std::function<Result<std::vector<std::string>>(std::string const& test_id)> inject;
    std::string directory;  ///< Where commands run.
};

/// Judges. A "must" that is red makes no-go; one that is unmeasured makes incomplete unless another is red
/// already.
[[nodiscard]] GateReport judge_gate(GateInput const& input);

/// The checklist and GO or NO-GO, for people.
[[nodiscard]] std::string gate_text(GateReport const& report);
[[nodiscard]] Json gate_json(GateReport const& report);

/// Runs a hook with `document` on its standard input, `GGEN_BENCH_STATUS` and `GGEN_BENCH_RUN` in its
/// environment. Errors: io, timed_out (30 s), refused (it ended with another exit than 0).
[[nodiscard]] Result<void> run_hook(std::vector<std::string> const& command, Json const& document,
                                    std::string const& status, std::string const& run_id);

}  // namespace ggen::bench
