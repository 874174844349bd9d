// Running tests in processes, storing what they said, and drawing it. The program under test is ggen-bench's
// little sister with tests that fail, crash and hang (harness/testing_main.cpp).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/disturbance.hpp"
#include "harness/process.hpp"
#include "harness/report.hpp"
#include "harness/runner.hpp"
#include "harness/store.hpp"
#include "harness/testing.hpp"
#include "harness/testing_catalogue.hpp"

namespace ggen::bench {
namespace {

using testing::figure;
using testing::result;

std::string fresh(std::string const& name) {
    auto path = ::testing::TempDir() + "ggen_bench_" + name;
    std::filesystem::remove_all(path);
    return path;
}

TEST(ProcessTest, OutputExitAndCostComeBack) {
    Command command;
    command.words = {"sh", "-c", "cat; echo talk >&2; exit 3"};
    command.input = "hello";
    command.is_quiet = true;
    auto const done = run_command(command).value();
    EXPECT_EQ(done.output, "hello");
    EXPECT_EQ(done.errors, "talk\n");
    EXPECT_EQ(done.exit_code, 3);
    EXPECT_EQ(done.how_it_ended(), "exit 3");
    EXPECT_GT(done.peak_bytes, 0U);
}

TEST(ProcessTest, WhoHangsIsEndedWithItsChildren) {
    Command command;
    command.words = {"sh", "-c", "sleep 100 & sleep 100"};
    command.time_limit = std::chrono::milliseconds{200};
    auto const done = run_command(command).value();
    EXPECT_TRUE(done.is_timed_out);
    EXPECT_FALSE(done.is_good());
}

TEST(ProcessTest, NoSuchProgramIsAnError) {
    Command command;
    command.words = {"/no/such/program"};
    EXPECT_FALSE(run_command(command).has_value());
}

class RunnerTest : public ::testing::Test {
protected:
    RunnerTest() {
        testing::add_testing_suite(catalogue_);
        options_.work_directory = fresh("work");
        options_.program = GGEN_BENCH_TESTING_PROGRAM;
        options_.repetitions = 2;
        options_.slices = 4;
        options_.with_exact = false;
    }
    bench::Run go() {
        return run_tests(catalogue_, options_, [](Progress const&) {}).value();
    }
    Catalogue catalogue_;
    RunOptions options_;
};

/// What the testing program says and stores under the label "whole", told to go on where it was.
std::string step(std::string const& store, std::vector<std::string> const& words) {
    Command command;
    command.words = {GGEN_BENCH_TESTING_PROGRAM, "--store", store, "run", "--label", "whole", "--stepwise",
                     "--no-exact", "--repetitions", "1", "--slices", "2"};
    command.words.insert(command.words.end(), words.begin(), words.end());
    command.is_quiet = true;
    auto const done = run_command(command).value();
    return done.errors + done.output;
}

TEST(StepwiseTest, GoesOnWithWhatDidNotPass) {
    auto const path = fresh("stepwise.db");
    EXPECT_NE(step(path, {"good"}).find("good/sum_again passed"), std::string::npos);
    // The rest of it; what passed is not run again.
    auto const said = step(path, {});
    EXPECT_EQ(said.find("] good/sum"), std::string::npos) << said;
    EXPECT_NE(said.find("] bad/hang timed_out"), std::string::npos) << said;
    auto store = ResultStore::open(path).value();
    auto const run = store.load("whole").value();
    EXPECT_EQ(store.runs().value().size(), 1U);
    EXPECT_EQ(run.results.size(), 6U);
    EXPECT_TRUE(run.is_complete);
    EXPECT_EQ(run.find("good/sum")->outcome, Outcome::passed);
    EXPECT_EQ(run.find("bad/crash")->outcome, Outcome::crashed);
    // All of it passed: the same command begins anew.
    auto const other = fresh("stepwise_good.db");
    static_cast<void>(step(other, {"good"}));
    static_cast<void>(step(other, {"good"}));
    EXPECT_EQ(ResultStore::open(other).value().runs().value().size(), 2U);
}

TEST(StepwiseTest, NeedsALabelToGoOn) {
    Command command;
    command.words = {GGEN_BENCH_TESTING_PROGRAM, "--store", fresh("stepwise_none.db"), "run", "--stepwise"};
    command.is_quiet = true;
    auto const done = run_command(command).value();
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_NE(done.errors.find("--label"), std::string::npos);
}

TEST(CatalogueTest, TestsOfAGroupStandTogetherAndGroupsAreCountedOnce) {
    Command command;
    command.words = {GGEN_BENCH_TESTING_PROGRAM, "list"};
    auto const done = run_command(command).value();
    // "good" was registered before and after "bad".
    EXPECT_NE(done.output.find("2 groups, 6 tests"), std::string::npos) << done.output;
    EXPECT_EQ(done.output.find("good\n"), done.output.rfind("good\n")) << done.output;
}

TEST_F(RunnerTest, ATestThatFallsTakesNothingWithIt) {
    auto const run = go();
    EXPECT_TRUE(run.is_complete);
    EXPECT_EQ(run.find("good/sum")->outcome, Outcome::passed);
    EXPECT_EQ(run.find("bad/check")->outcome, Outcome::failed);
    EXPECT_NE(run.find("bad/check")->detail.find("the sum is wrong"), std::string::npos);
    EXPECT_EQ(run.find("bad/crash")->outcome, Outcome::crashed);
    EXPECT_EQ(run.find("bad/hang")->outcome, Outcome::timed_out);
    EXPECT_EQ(run.find("bad/absent")->outcome, Outcome::skipped);
    EXPECT_EQ(run.find("good/sum_again")->outcome, Outcome::passed) << "what stands behind the bad ones runs";
    EXPECT_TRUE(run.find("bad/check")->figures.empty()) << "a failed check voids the figures";
}

TEST_F(RunnerTest, FiguresAreThereAndCounted) {
    options_.words = {"good"};
    auto const run = go();
    auto const* const sum = run.find("good/sum");
    ASSERT_NE(sum, nullptr);
    EXPECT_EQ(sum->find("cpu_ns")->values.size(), 8U) << "two processes of four slices";
    EXPECT_GT(sum->find("cpu_ns")->values.front(), 0);
    EXPECT_EQ(sum->find("items")->values.front(), 1'000);
    EXPECT_EQ(run.results.size(), 2U);
}

TEST_F(RunnerTest, UnknownWordsAreRefusedWithWhatIsNear) {
    options_.words = {"goood"};
    auto const refused = run_tests(catalogue_, options_, [](Progress const&) {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().help.find("good"), std::string::npos);
}

TEST_F(RunnerTest, AliasesFindTheirTest) {
    EXPECT_EQ(catalogue_.find("old_name/sum")->id(), "good/sum");
    EXPECT_EQ(catalogue_.select({"old_name/sum"}, false)->size(), 1U);
    EXPECT_EQ(catalogue_.select({"bad*"}, false)->size(), 4U);
}

Run sample_run(std::string id) {
    return testing::run(std::move(id),
                        {result("a/scale_n10", {figure("cpu_ns", "ns", Kind::time, {10, 11, 12})}),
                         result("a/scale_n100", {figure("cpu_ns", "ns", Kind::time, {100, 110, 120})}),
                         result("a/scale_n1000", {figure("cpu_ns", "ns", Kind::time, {1'000, 1'100, 1'200})}),
                         result("b/<odd>", {}, Outcome::crashed)});
}

TEST(DisturbanceTest, WaitingAndASlowProcessorAreToldFromWorkAndFromThreads) {
    StretchFigures const quiet{2'000'000, 10'000, 1'990'000, 1'985'000, 8'000, 9'000, 7'900};
    EXPECT_FALSE(is_disturbed(quiet));
    auto waited = quiet;
    waited.waited = 50'000;
    EXPECT_TRUE(is_disturbed(waited));
    for (auto const probe : {&StretchFigures::probe_before, &StretchFigures::probe_after}) {
        auto slow = quiet;
        slow.*probe = 19'600;
        EXPECT_TRUE(is_disturbed(slow));
    }
    waited.cpu_of_process = 3'000'000;
    EXPECT_FALSE(is_disturbed(waited)) << "other threads of the work took the processor";
}

TEST(ResultTest, JsonKeepsEverything) {
    auto const run = sample_run("r1");
    auto const json = run_to_json(run);
    auto const again = run_from_json(Json::parse(json.dump()).value()).value();
    EXPECT_EQ(run_to_json(again).dump(), json.dump());
}

TEST(ResultTest, NewerAndBrokenResultsAreRefused) {
    auto json = run_to_json(sample_run("r1"));
    json.set("version", 99);
    EXPECT_EQ(run_from_json(json).error().code, Errc::refused);
    json.set("version", 1);
    json.set("results", 7);
    EXPECT_EQ(run_from_json(json).error().code, Errc::invalid);
    EXPECT_FALSE(run_from_json(Json::object()).has_value());
}

TEST(StoreTest, RunsBaselinesAndHistoryComeBack) {
    auto const path = fresh("store.db");
    auto store = ResultStore::open(path).value();
    for (auto const* id : {"r1", "r2", "r3"}) ASSERT_TRUE(store.save(sample_run(id)).has_value());
    EXPECT_EQ(store.save(sample_run("r2")).error().code, Errc::conflict);
    EXPECT_EQ(run_to_json(store.load("r2").value()).dump(), run_to_json(sample_run("r2")).dump());
    EXPECT_EQ(store.load("latest")->id, "r3");
    EXPECT_EQ(store.load("test")->id, "r3") << "the newest of a label";
    ASSERT_TRUE(store.save_baseline("v1", "r1").has_value());
    EXPECT_EQ(store.load("v1")->id, "r1");
    EXPECT_EQ(store.baselines()->size(), 1U);
    ASSERT_TRUE(store.remove_baseline("v1").has_value());
    EXPECT_EQ(store.remove_baseline("v1").error().code, Errc::not_found);
    EXPECT_EQ(store.load("v1").error().code, Errc::not_found);
    auto const machine = sample_run("x").environment.machine_key();
    auto const history = store.history("a/scale_n10", "cpu_ns", machine, 10).value();
    ASSERT_EQ(history.size(), 3U);
    EXPECT_EQ(history.front().value, 11);
    EXPECT_TRUE(store.history("a/scale_n10", "cpu_ns", "another machine", 10)->empty());
}

TEST(StoreTest, ForeignDamagedAndNewerFilesAreRefused) {
    auto const damaged = fresh("damaged.db");
    std::ofstream{damaged} << std::string(5'000, 'x');
    auto const refused = ResultStore::open(damaged);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    EXPECT_NE(refused.error().help.find("mv "), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(damaged), 5'000U) << "it is left as it was";
    auto const newer = fresh("newer.db");
    {
        ASSERT_TRUE(ResultStore::open(newer).has_value());
    }
    Command command;
    command.words = {
        "python3", "-c",
        "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('PRAGMA user_version=99'); d.commit()",
        newer};
    ASSERT_TRUE(run_command(command)->is_good());
    EXPECT_EQ(ResultStore::open(newer).error().code, Errc::refused);
    auto const foreign = fresh("foreign.db");
    command.words = {
        "python3", "-c",
        "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('CREATE TABLE t(x)'); d.commit()",
        foreign};
    ASSERT_TRUE(run_command(command)->is_good());
    EXPECT_EQ(ResultStore::open(foreign).error().code, Errc::corrupt);
}

TEST(ReportTest, CurvesAreFoundAndFitted) {
    auto const curves = find_curves(sample_run("r1"));
    ASSERT_EQ(curves.size(), 1U);
    EXPECT_EQ(curves[0].name, "a/scale cpu_ns");
    EXPECT_EQ(curves[0].fit.order, Order::linear);
}

TEST(ReportTest, ThePageStandsAloneAndIsEscaped) {
    ReportInput input;
    input.run = sample_run("r1");
    auto const html = report_html(input);
    EXPECT_EQ(html, report_html(input)) << "equal input, equal bytes";
    EXPECT_NE(html.find("b/&lt;odd&gt;"), std::string::npos);
    EXPECT_EQ(html.find("<odd>"), std::string::npos);
    EXPECT_EQ(html.find("src=\"http"), std::string::npos);
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_NE(report_markdown(input).find("a/scale cpu_ns"), std::string::npos);
}

}  // namespace
}  // namespace ggen::bench
