// compare_programs: two builds, fresh processes, ABBA turns.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>

#include "harness/compare.hpp"
#include "harness/process.hpp"

namespace ggen::bench {
namespace {

constexpr std::chrono::milliseconds k_start_limit{60'000};
constexpr std::chrono::milliseconds k_slice_limit{20'000};

Result<Conversation> start(std::string const& program, Test const& test, std::string const& directory,
                           std::vector<std::string> const& environment) {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
    std::filesystem::create_directories(directory, ignored);
    return Conversation::start(
        {program, "child-test", test.id(), "--mode", "slices", "--directory", directory}, environment);
}

Result<double> slice_cpu_ns(Conversation& program, std::string const& runs) {
    ASSIGN_OR_RETURN(auto const answer, program.ask(runs, k_slice_limit));
    double cpu_ns = 0;
    auto const parsed = std::from_chars(answer.data(), answer.data() + answer.size(), cpu_ns);
    if (parsed.ec != std::errc{}) return Error{Errc::invalid, fmt::format("no time in '{}'", answer)};
    return cpu_ns;
}

/// One pair of fresh processes. The old one says how many runs fill a slice; both run as many.
Result<Pair> measure_pair(Test const& test, PairOptions const& options) {
    ASSIGN_OR_RETURN(auto old_side, start(options.old_program, test, options.work_directory + "/old", {}));
    ASSIGN_OR_RETURN(auto new_side, start(options.new_program, test, options.work_directory + "/new",
                                          options.new_environment));
    ASSIGN_OR_RETURN(auto const runs,
                     old_side.ask(fmt::format("calibrate {}", options.slice_ns), k_start_limit));
    Pair out;
    // The new side warms up by as much.
    RETURN_IF_ERROR(new_side.ask(fmt::format("calibrate {}", options.slice_ns), k_start_limit));
    for (std::uint32_t i = 0; i < options.slices; ++i) {
        bool const is_old_first = i % 2 == 0;
        for (int turn = 0; turn < 2; ++turn) {
            bool const is_old = (turn == 0) == is_old_first;
            ASSIGN_OR_RETURN(auto const cpu_ns, slice_cpu_ns(is_old ? old_side : new_side, runs));
            (is_old ? out.old_slices : out.new_slices).push_back(cpu_ns);
        }
    }
    for (auto* side : {&old_side, &new_side}) {
        ASSIGN_OR_RETURN(auto const checked, side->ask("check", k_start_limit));
        if (checked != "ok") return Error{Errc::invalid, fmt::format("{}: the check failed", test.id())};
    }
    return out;
}

Result<Difference> measure_pairs(Test const& test, PairOptions const& options, std::uint32_t pairs,
                                 Thresholds const& thresholds) {
    std::vector<double> ratios;
    std::vector<double> before;
    std::vector<double> after;
    for (std::uint32_t i = 0; i < pairs && !is_interrupted() && !is_decided(ratios, pairs, thresholds); ++i) {
        ASSIGN_OR_RETURN(auto const pair, measure_pair(test, options));
        ratios.push_back(pair_ratio(pair));
        before.push_back(percentile(pair.old_slices, 10));
        after.push_back(percentile(pair.new_slices, 10));
    }
    return judge_pairs(test.id(), ratios, median(before), median(after), thresholds);
}

}  // namespace

Result<Comparison> compare_programs(std::vector<Test const*> const& tests, PairOptions const& options,
                                    Thresholds const& thresholds,
                                    std::function<void(std::string const&)> const& on_progress) {
    Comparison out;
    out.before_id = options.old_program;
    out.after_id = options.new_program;
    for (auto const* test : tests) {
        if (is_interrupted()) {
            out.warnings.emplace_back("interrupted: the tests that follow were not compared");
            break;
        }
        if (test->slices_max <= 1) {
            out.warnings.push_back(
                fmt::format("{} is too long for pairs; its figures are held against budgets", test->id()));
            continue;
        }
        on_progress(test->id());
        auto difference = measure_pairs(*test, options, options.pairs, thresholds);
        // What looks like a loss is measured again on fresh pairs, and counts only if it shows there too.
        if (difference &&
            (difference->verdict == Verdict::listed || difference->verdict == Verdict::flagged ||
             difference->verdict == Verdict::failed) &&
            options.confirming_pairs > 0) {
            auto confirmed = measure_pairs(*test, options, options.confirming_pairs, thresholds);
            if (confirmed) {
                confirmed->rule += ", confirmed on fresh pairs";
                difference = std::move(confirmed);
            }
        }
        if (!difference) {
            out.warnings.push_back(fmt::format("{}: {}", test->id(), difference.error().context));
            Difference missing;
            missing.test_id = test->id();
            missing.metric = "cpu_ns";
            missing.unit = "ns";
            missing.verdict = Verdict::missing;
            missing.rule = "one of the programs gave no figure";
            out.differences.push_back(std::move(missing));
            continue;
        }
        out.differences.push_back(std::move(*difference));
    }
    return out;
}

}  // namespace ggen::bench
