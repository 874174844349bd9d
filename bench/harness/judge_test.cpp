// Comparison, budgets and the gate: what judges must not be fooled.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "harness/benchmark.hpp"
#include "harness/compare.hpp"
#include "harness/gate.hpp"
#include "harness/testing.hpp"

namespace ggen::bench {
namespace {

using testing::figure;
using testing::result;
using testing::run;

Run with_instructions(std::string id, double count) {
    return run(std::move(id), {result("a/one", {figure("instructions", "count", Kind::exact, {count})}),
                               result("a/two", {figure("instructions", "count", Kind::exact, {5'000})})});
}

TEST(PairsTest, MorePairsAreStartedOnlyWhileTheyCanChangeTheVerdict) {
    Thresholds const thresholds;
    EXPECT_FALSE(is_decided({}, 5, thresholds));
    EXPECT_FALSE(is_decided({1.0, 1.01, 1.04}, 5, thresholds));
    EXPECT_TRUE(is_decided({1.0, 1.01, 1.04, 0.99}, 5, thresholds));
    EXPECT_FALSE(is_decided({1.12, 1.09, 1.2}, 5, thresholds));
    EXPECT_TRUE(is_decided({1.12, 1.11, 1.2}, 5, thresholds));
    // Whatever else comes, the median of five is of the class that three are of.
    auto const classes = {0.8, 1.0, 1.03, 1.07, 1.5};
    for (double const a : classes) {
        for (double const b : classes) {
            for (double const c : classes) {
                auto const five = judge_pairs("t", {c, a, c, b, c}, 1e6, 1e6 * c, thresholds);
                EXPECT_EQ(five.verdict, judge_pair_ratio(c, thresholds)) << a << " " << b << " " << c;
            }
        }
    }
}

TEST(CompareTest, ExactFiguresAreJudgedToThePercent) {
    auto const before = with_instructions("before", 100'000);
    auto const verdict = [&](double count) {
        auto const compared = compare_runs(before, with_instructions("after", count), {}, false).value();
        auto const found = std::find_if(compared.differences.begin(), compared.differences.end(),
                                        [](Difference const& d) { return d.test_id == "a/one"; });
        return found->verdict;
    };
    EXPECT_EQ(verdict(100'000), Verdict::same);
    EXPECT_EQ(verdict(102'000), Verdict::listed) << "2 % of an exact figure is always told";
    EXPECT_EQ(verdict(106'000), Verdict::flagged);
    EXPECT_EQ(verdict(111'000), Verdict::failed);
    EXPECT_EQ(verdict(90'000), Verdict::better);
}

TEST(CompareTest, AFigureThatIsNoLongerMeasuredFails) {
    auto after = with_instructions("after", 100'000);
    after.results[0].outcome = Outcome::crashed;
    auto const crashed = compare_runs(with_instructions("before", 100'000), after, {}, false).value();
    EXPECT_EQ(crashed.count(Verdict::missing), 1U);
    EXPECT_TRUE(crashed.has_failed());
    after.results.erase(after.results.begin());
    EXPECT_TRUE(compare_runs(with_instructions("before", 100'000), after, {}, false)->has_failed());
}

TEST(CompareTest, OtherMachinesAreRefusedUnlessAskedForAndThenNotJudged) {
    auto before = run("before", {result("a/one", {figure("cpu_ns", "ns", Kind::time, {1e6, 1.1e6, 1e6})})});
    auto after = run("after", {result("a/one", {figure("cpu_ns", "ns", Kind::time, {9e6, 9.1e6, 9e6})})});
    after.environment.cpu = "another";
    auto const refused = compare_runs(before, after, {}, false);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().help.find("--across"), std::string::npos);
    auto const shown = compare_runs(before, after, {}, true).value();
    EXPECT_EQ(shown.differences[0].verdict, Verdict::unjudged);
    after.environment = before.environment;
    after.environment.build_type = "Debug";
    EXPECT_FALSE(compare_runs(before, after, {}, false).has_value());
}

TEST(CompareTest, TimesNeedEvidenceAndAreCorrectedForTheirNumber) {
    std::vector<TestResult> old_results;
    std::vector<TestResult> new_results;
    for (int i = 0; i < 40; ++i) {
        std::vector<double> a;
        std::vector<double> b;
        for (int j = 0; j < 12; ++j) {
            a.push_back(1e6 + (i * 37 + j * 101) % 50'000);
            b.push_back((i == 3 ? 1.2e6 : 1e6) + (i * 53 + j * 67) % 50'000);
        }
        auto const id = "a/t" + std::to_string(i);
        old_results.push_back(result(id, {figure("cpu_ns", "ns", Kind::time, a)}));
        new_results.push_back(result(id, {figure("cpu_ns", "ns", Kind::time, b)}));
    }
    auto const compared = compare_runs(run("a", old_results), run("b", new_results), {}, false).value();
    EXPECT_EQ(compared.count(Verdict::failed), 1U);
    EXPECT_EQ(compared.differences.front().test_id, "a/t3") << "losses stand first";
}

TEST(CompareTest, QualityFallsAreLosses) {
    auto const before = run("a", {result("a/one", {figure("success", "ratio", Kind::quality, {1.0})})});
    auto const after = run("b", {result("a/one", {figure("success", "ratio", Kind::quality, {0.8})})});
    EXPECT_TRUE(compare_runs(before, after, {}, false)->has_failed());
}

TEST(CompareTest, ANanosecondIsNoRegression) {
    EXPECT_EQ(judge_pairs("a/one", {1.5, 1.5, 1.5, 1.5, 1.5}, 20, 30, {}).verdict, Verdict::same);
    EXPECT_EQ(judge_pairs("a/one", {1.5, 1.5, 1.5, 1.5, 1.5}, 2e6, 3e6, {}).verdict, Verdict::failed);
    EXPECT_EQ(judge_pairs("a/one", {1.07, 1.06, 1.08, 1.07, 1.0}, 2e6, 2.1e6, {}).verdict, Verdict::flagged);
}

constexpr std::string_view k_budgets = R"toml(
[[budget]]
test = "a/one"
metric = "p99_us"
green = 50
yellow = 60
original = 100000
original_text = "< 100 ms"

[[budget]]
test = "a/two"
metric = "success"
green = 1.0
yellow = 0.99
more_is_better = true
)toml";

TEST(BudgetTest, FiguresGetTheirColours) {
    auto const budgets = parse_budgets(k_budgets, "budgets.toml").value();
    auto const colours = [&](double p99, double success) {
        auto const judged = apply_budgets(
            budgets, run("r", {result("a/one", {figure("p99_us", "us", Kind::load, {p99})}),
                               result("a/two", {figure("success", "ratio", Kind::quality, {success})})}));
        return std::pair{judged[0].colour, judged[1].colour};
    };
    EXPECT_EQ(colours(50, 1.0), (std::pair{Colour::green, Colour::green}));
    EXPECT_EQ(colours(55, 0.995), (std::pair{Colour::yellow, Colour::yellow}));
    EXPECT_EQ(colours(61, 0.9), (std::pair{Colour::red, Colour::red}));
}

/// The committed files fit each other: every budget can be read and is of a test that there is, every group has one.
TEST(BudgetTest, TheCommittedBudgetsAreOfTestsThatThereAre) {
    auto const read = [](char const* name) {
        std::ifstream file{std::string{GGEN_SOURCE_DIR} + "/bench/" + name};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    auto const budgets = parse_budgets(read("budgets.toml"), "budgets.toml");
    ASSERT_TRUE(budgets) << budgets.error().context;
    std::set<std::string, std::less<>> tests;
    std::set<std::string, std::less<>> groups;
    std::istringstream lines{read("baselines/tests.txt")};
    for (std::string line; std::getline(lines, line);) {
        groups.emplace(group_of(line));
        tests.insert(std::move(line));
    }
    ASSERT_FALSE(tests.empty());
    for (auto const& budget : *budgets) {
        EXPECT_TRUE(tests.contains(budget.test_id)) << budget.test_id;
        groups.erase(std::string{group_of(budget.test_id)});
    }
    EXPECT_TRUE(groups.empty()) << *groups.begin() << " has no budget";
}

TEST(BudgetTest, WhatDidNotRunIsUnmeasured) {
    auto const budgets = parse_budgets(k_budgets, "budgets.toml").value();
    auto const judged = apply_budgets(budgets, run("r", {result("a/one", {}, Outcome::crashed)}));
    EXPECT_EQ(judged[0].colour, Colour::unmeasured);
    EXPECT_NE(judged[0].detail.find("crashed"), std::string::npos);
    EXPECT_EQ(judged[0].unit, "us") << "the budget is shown with its unit all the same";
    EXPECT_EQ(judged[1].colour, Colour::unmeasured);
}

TEST(BudgetTest, MistakesAreTold) {
    struct Case {
        char const* text;
        char const* problem;
    };
    for (auto const& [text, problem] : {
             Case{"[[budget]]\ntest = \"a\"\n", "no 'metric'"},
             Case{"[[budget]]\ntest = \"a\"\nmetric = \"m\"\ngreen = \"x\"\n", "another type"},
             Case{"[[budget]]\ntest = \"a\"\nmetric = \"m\"\ngreen = 2\nyellow = 1\n", "good side"},
             Case{"[[budget]]\ntest = \"a\"\nmetric = \"m\"\ngreen = 1\nred = 2\n", "unknown key 'red'"},
             Case{"[budget\n", "budgets.toml:1"},
         }) {
        auto const parsed = parse_budgets(text, "budgets.toml");
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_NE(parsed.error().context.find(problem), std::string::npos) << parsed.error().context;
    }
}

class GateTest : public ::testing::Test {
protected:
    GateTest() {
        input_.config = parse_gate(R"toml(
[[check]]
section = "Compilation"
name = "command"
command = ["true"]
[[check]]
section = "Performance"
name = "count"
judge = "count"
groups = 1
tests = 2
[[check]]
section = "Performance"
name = "tests"
judge = "tests"
[[check]]
section = "Performance"
name = "budgets"
judge = "budgets"
[[check]]
section = "Performance"
name = "regressions"
judge = "regressions"
[[check]]
section = "Performance"
name = "self-test"
judge = "self_test"
words = ["a/one"]
)toml",
                                   "gate.toml")
                            .value();
        input_.budgets =
            parse_budgets("[[budget]]\ntest = \"a/one\"\nmetric = \"instructions\"\ngreen = 200000\n", "b")
                .value();
        input_.run = with_instructions("now", 100'000);
        input_.baseline = with_instructions("base", 100'000);
        input_.planned_ids = {"a/one", "a/two"};
        input_.catalogue_ids = input_.planned_ids;
        input_.inject = [](std::string const& id) { return std::vector<std::string>{id}; };
    }
    [[nodiscard]] Decision decision() const { return judge_gate(input_).decision; }
    GateInput input_;
};

TEST_F(GateTest, GoesWhenEverythingWasMeasuredAndIsGood) {
    auto const report = judge_gate(input_);
    EXPECT_EQ(report.decision, Decision::go) << gate_text(report);
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_NE(gate_text(report).find("GO"), std::string::npos);
}

TEST_F(GateTest, ARemovedTestTurnsItRed) {
    input_.planned_ids = {"a/one"};
    input_.catalogue_ids = {"a/one"};
    EXPECT_EQ(decision(), Decision::no_go);
    // One for another is no better.
    input_.catalogue_ids = {"a/one", "a/three"};
    input_.required_ids = {"a/one", "a/two"};
    auto const report = judge_gate(input_);
    EXPECT_EQ(report.decision, Decision::no_go);
    EXPECT_NE(gate_text(report).find("gone: a/two"), std::string::npos) << gate_text(report);
}

TEST_F(GateTest, ACrashedTestTurnsItRed) {
    input_.run.results[1].outcome = Outcome::crashed;
    input_.run.results[1].figures.clear();
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, AStubbedMeasurementTurnsItRed) {
    auto const with_times = [&](std::vector<double> values) {
        input_.run.results[1].figures = {testing::figure("instructions", "count", Kind::exact, {5'000}),
                                         testing::figure("cpu_ns", "ns", Kind::time, std::move(values))};
        return decision();
    };
    EXPECT_EQ(with_times({100, 101, 99, 100, 102, 100}), Decision::go);
    EXPECT_EQ(with_times({100, 100, 100, 100, 100, 100}), Decision::no_go) << "no clock is that steady";
    EXPECT_EQ(with_times({0, 0, 0, 0, 0, 0}), Decision::no_go);
    EXPECT_EQ(with_times({}), Decision::no_go);
}

TEST_F(GateTest, WorkThatIsNoLongerDoneTurnsItRed) {
    input_.run = with_instructions("now", 40'000);
    auto const report = judge_gate(input_);
    EXPECT_EQ(report.decision, Decision::no_go);
    EXPECT_NE(gate_text(report).find("accept it with a new baseline"), std::string::npos) << gate_text(report);
    input_.run = with_instructions("now", 60'000);
    EXPECT_EQ(decision(), Decision::go) << "a gain that can be believed";
}

TEST_F(GateTest, ACountThatVariedLosesWhatIsBeyondTheMost) {
    input_.baseline->results[0].figures[0].values = {100'000, 108'000};
    input_.run = with_instructions("now", 108'000);
    EXPECT_EQ(decision(), Decision::go);
    input_.run = with_instructions("now", 120'000);
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, CountsOfAnotherCounterAreNotJudged) {
    input_.run = with_instructions("now", 150'000);
    input_.run.environment.counter = "valgrind-9 another processor";
    auto const report = judge_gate(input_);
    EXPECT_EQ(report.decision, Decision::incomplete);
    EXPECT_EQ(report.exit_code(), 3);
    EXPECT_NE(gate_text(report).find("counter"), std::string::npos) << gate_text(report);
    // Exact figures that need no counter do not make up for those that do.
    for (auto* const run : {&*input_.baseline, &input_.run})
        run->results[0].figures.push_back(testing::figure("p99_ms", "ms", Kind::exact, {7}));
    EXPECT_EQ(decision(), Decision::incomplete);
    // Another patch of a library is told, and judged.
    input_.run.environment.counter = "";
    input_.run.environment.libcrypto = "OpenSSL 3.0.99";
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, ATestWithoutFiguresIsNotMeasured) {
    input_.baseline->results.pop_back();
    input_.run.results[1].figures.clear();
    EXPECT_NE(decision(), Decision::go);
}

TEST_F(GateTest, ASkippedTestIsIncomplete) {
    input_.baseline->results.pop_back();
    input_.run.results[1].outcome = Outcome::skipped;
    auto const report = judge_gate(input_);
    EXPECT_EQ(report.decision, Decision::incomplete) << gate_text(report);
    EXPECT_EQ(report.exit_code(), 3);
}

TEST_F(GateTest, ALossAgainstTheBaselineTurnsItRed) {
    input_.run = with_instructions("now", 115'000);
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, NoBaselineIsIncomplete) {
    input_.baseline.reset();
    EXPECT_EQ(decision(), Decision::incomplete);
}

TEST_F(GateTest, ABudgetThatIsMissedTurnsItRed) {
    input_.budgets[0].green = input_.budgets[0].yellow = 50'000;
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, AGateThatCannotFailIsRed) {
    input_.inject = [](std::string const&) { return std::vector<std::string>{}; };
    EXPECT_EQ(decision(), Decision::no_go);
    input_.inject = [](std::string const& id) { return std::vector<std::string>{id, "a/two"}; };
    EXPECT_EQ(decision(), Decision::no_go) << "it must name the slowed test alone";
    input_.inject = nullptr;
    EXPECT_EQ(decision(), Decision::incomplete);
}

TEST_F(GateTest, AFailingCommandTurnsItRed) {
    input_.config.checks[0].command = {"false"};
    EXPECT_EQ(decision(), Decision::no_go);
    input_.config.checks[0].command = {"/no/such/program"};
    EXPECT_EQ(decision(), Decision::incomplete);
    input_.config.checks[0].command = {"echo", "warning: unused"};
    input_.config.checks[0].forbidden = "warning:";
    EXPECT_EQ(decision(), Decision::no_go);
}

TEST_F(GateTest, AnInterruptedRunIsIncomplete) {
    input_.run.is_complete = false;
    EXPECT_EQ(decision(), Decision::incomplete);
}

TEST_F(GateTest, AnEmptyChecklistIsNoGo) {
    input_.config.checks.clear();
    EXPECT_EQ(decision(), Decision::incomplete);
}

TEST(HookTest, GetsTheResultAndMayRefuse) {
    auto const document = Json::object().set("decision", "go");
    EXPECT_TRUE(run_hook({}, document, "go", "r").has_value());
    EXPECT_TRUE(
        run_hook({"sh", "-c", "grep -q decision && test \"$GGEN_BENCH_STATUS\" = go"}, document, "go", "r")
            .has_value());
    auto const refused = run_hook({"sh", "-c", "exit 4"}, document, "go", "r");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::refused);
}

}  // namespace
}  // namespace ggen::bench
