#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "harness/result.hpp"
#include "harness/statistics.hpp"

namespace ggen::bench {

/// From what size on a loss is told, and from what on it fails a release.
struct Thresholds {
    double list = 0.01;  ///< Exact figures: shown in the report.
    double list_time = 0.025;  ///< The same for times of pairs; less is noise.
    double flag = 0.05;
    double fail = 0.10;
    double p_value = 0.05;  ///< After Holm's correction over all figures of the comparison.
    /// Differences below these do not count, whatever their ratio: a nanosecond is no regression.
    double floor_ns = 200;
    double floor_count = 50;
};

enum class Verdict : std::uint8_t {
    same,
    better,  ///< By more than the flag threshold.
    listed,  ///< An exact figure grew by more than `list`, a time of pairs by more than `list_time`.
    flagged,
    failed,
    missing,  ///< Measured before, not now: counts as failed.
    added,    ///< New, nothing to compare with.
    unjudged  ///< Shown only: load, or times of runs that were not paired on one machine.
};
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

struct Difference {
    std::string test_id;
    std::string metric;
    std::string unit;
    Kind kind = Kind::exact;
    double before = 0;
    double after = 0;
    double ratio = 1;    ///< after / before; for quality before / after, so that over 1 is always a loss.
    Interval interval;   ///< Of the ratio, where it was estimated from pairs.
    double p_value = 1;  ///< Adjusted; 0 for exact figures.
    Verdict verdict = Verdict::same;
    std::string rule;  ///< How it was judged, in words.
};

struct Comparison {
    std::string before_id;
    std::string after_id;
    std::vector<std::string> warnings;    ///< Other machine, other toolchain, incomplete runs.
    std::vector<Difference> differences;  ///< Losses first, the largest first.
    /// Geometric mean of the exact and time ratios of a group: many small losses show here.
    std::vector<std::pair<std::string, double>> group_means;

    [[nodiscard]] bool has_failed() const;
    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Stored runs. Exact figures are judged by their ratio; times by a rank-sum test on the samples with Holm's
/// correction and the ratio of medians, and only when machine, toolchain and build type are the same; quality
/// by its fall. Counts need the same compiler, build type and counter. Errors: refused (other machine or
/// toolchain, unless `across` allows it: then what depends on it is shown, unjudged).
[[nodiscard]] Result<Comparison> compare_runs(Run const& before, Run const& after,
                                              Thresholds const& thresholds, bool across);

/// Judges one paired estimate of processor time.
[[nodiscard]] Difference judge_pairs(std::string test_id, std::vector<double> const& pair_ratios,
                                     double before_ns, double after_ns, Thresholds const& thresholds);

struct PairOptions {
    std::string old_program;
    std::string new_program;
    std::uint32_t pairs = 5;
    std::uint32_t slices = 60;  ///< Each is an ABBA turn of both programs.
    std::uint64_t slice_ns = 2'000'000;
    std::string work_directory;
    std::vector<std::string> new_environment;  ///< "NAME=value" for the new program alone.
    /// What looks like a loss is measured again on so many fresh pairs before it counts.
    std::uint32_t confirming_pairs = 5;
};

/// What the ratio of one pair says alone.
[[nodiscard]] Verdict judge_pair_ratio(double ratio, Thresholds const& thresholds);
/// Whether more pairs than these can change nothing: more than half of `pairs_max` say the same, so their median does.
[[nodiscard]] bool is_decided(std::vector<double> const& pair_ratios, std::uint32_t pairs_max,
                              Thresholds const& thresholds);

/// Fresh processes of both programs, turn and turn about in the same minute (docs/benchmarks.md "Pairs"). A
/// test that one of the programs does not have is left out with a warning. Errors: io (a program does not
/// start).
[[nodiscard]] Result<Comparison> compare_programs(std::vector<Test const*> const& tests,
                                                  PairOptions const& options, Thresholds const& thresholds,
                                                  std::function<void(std::string const&)> const& on_progress);

}  // namespace ggen::bench
