#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/json.hpp"
#include "harness/benchmark.hpp"
#include "harness/environment.hpp"

namespace ggen::bench {

enum class Outcome : std::uint8_t {
    passed,
    failed,  ///< An error or a check that does not hold: no figure of it counts.
    crashed,
    timed_out,
    skipped,  ///< Something outside is missing; `detail` says what. Counts as unmeasured.
    not_run   ///< Planned, but the run was cut short.
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome);
[[nodiscard]] Result<Outcome> parse_outcome(std::string_view name);

struct TestResult {
    std::string id;
    std::string group;
    TestClass test_class = TestClass::micro;
    Outcome outcome = Outcome::not_run;
    std::string detail;  ///< Why, when it did not pass; what the work noted, when it did.
    double seconds = 0;  ///< Of wall time, all repetitions.
    std::vector<Figure> figures;

    /// Null when there is none of that name.
    [[nodiscard]] Figure const* find(std::string_view metric) const;
};

/// Everything that one call of `ggen-bench run` saw. Immutable once it is stored.
struct Run {
    std::string id;  ///< "20261125T083000Z-1a2b": sorts by time.
    std::string label;
    UnixTime started;
    double seconds = 0;
    bool is_complete = false;  ///< False when it was interrupted: figures are kept and marked.
    bool clock_jumped =
        false;  ///< The wall clock and the monotonic one disagree: dates are not to be trusted.
    Environment environment;
    Noise before;
    Noise after;
    std::vector<TestResult> results;

    [[nodiscard]] TestResult const* find(std::string_view test_id) const;
};

/// The exchange format, `docs/formats/bench-result.md`.
inline constexpr std::int64_t k_result_version = 1;
[[nodiscard]] Json run_to_json(Run const& run);
/// Errors: invalid (not a result, names the field), refused (made by a newer version).
[[nodiscard]] Result<Run> run_from_json(Json const& json);

[[nodiscard]] Json figures_to_json(std::vector<Figure> const& figures);
[[nodiscard]] Result<std::vector<Figure>> figures_from_json(Json const& json);

/// "1.23 ms", "4,096", "12.0 MB", as the unit asks.
[[nodiscard]] std::string format_figure(double value, std::string_view unit);

}  // namespace ggen::bench
