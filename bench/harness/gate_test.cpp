// The gate as a program: what somebody may do to a suite turns it red, and the exit code tells
// (docs/benchmarks.md). The program is ggen-bench over tests of its own (testing_main.cpp). Counting is looked at by
// tests/perf/exact_gate.sh, since callgrind does not run programs with sanitizers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "codec/json.hpp"
#include "harness/process.hpp"

namespace ggen::bench {
namespace {

constexpr char const* k_checklist = R"toml(
[[check]]
section = "Performance"
name = "no test is gone"
judge = "count"
list = "tests.txt"
groups = 2
tests = 3

[[check]]
section = "Performance"
name = "every test ran and its own check held"
judge = "tests"

[[check]]
section = "Performance"
name = "within its budgets"
judge = "budgets"
)toml";
constexpr char const* k_budgets = "[[budget]]\ntest = \"second/sum\"\nmetric = \"wall_ns\"\ngreen = 1e9\n";

class GateProgramTest : public ::testing::Test {
protected:
    GateProgramTest() {
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directories(directory_);
        write("gate.toml", k_checklist);
        write("budgets.toml", k_budgets);
        write("tests.txt", "first/sum\nfirst/sum_again\nsecond/sum\n");
    }
    ~GateProgramTest() override { std::filesystem::remove_all(directory_); }
    void write(std::string const& name, std::string const& text) const {
        std::ofstream{directory_ + "/" + name} << text;
    }

    Finished run(std::string const& scene, std::vector<std::string> const& arguments) const {
        Command command;
        command.words = {GGEN_BENCH_TESTING_PROGRAM};
        command.words.insert(command.words.end(), arguments.begin(), arguments.end());
        command.directory = directory_;
        command.environment = {"GGEN_BENCH_SCENE=" + scene};
        command.is_quiet = true;
        return run_command(command).value();
    }
    Finished gate(std::string const& scene) const {
        return run(scene, {"gate", "--no-exact", "--repetitions", "2", "--slices", "5", "--config", "gate.toml",
                           "--budgets", "budgets.toml", "--baseline", "none.json"});
    }

    std::string directory_ = ::testing::TempDir() + "ggen_bench_gate";
};

TEST_F(GateProgramTest, SaysGoWhenNothingWasDone) {
    auto const done = gate("");
    EXPECT_EQ(done.exit_code, 0) << done.output << done.errors;
    EXPECT_NE(done.output.find("\nGO\n"), std::string::npos) << done.output;
}

TEST_F(GateProgramTest, ARemovedSuiteTurnsItRed) {
    auto const done = gate("removed");
    EXPECT_EQ(done.exit_code, 1) << done.output;
    EXPECT_NE(done.output.find("gone: second/sum"), std::string::npos) << done.output;
}

TEST_F(GateProgramTest, ACrashAHangAndAWrongResultTurnItRed) {
    for (auto const* const scene : {"crash", "hang", "wrong"}) {
        auto const done = gate(scene);
        EXPECT_EQ(done.exit_code, 1) << scene << done.output;
        EXPECT_NE(done.output.find("second/sum"), std::string::npos) << scene << done.output;
        EXPECT_NE(done.output.find("3 tests passed"), std::string::npos) << "the others went on: " << done.output;
    }
}

TEST_F(GateProgramTest, AStubbedMeasurementTurnsItRed) {
    auto const done = gate("stubbed");
    EXPECT_EQ(done.exit_code, 1) << done.output;
}

TEST_F(GateProgramTest, WhatCannotRunHereIsUnmeasuredAndNoGo) {
    auto const done = gate("absent");
    EXPECT_EQ(done.exit_code, 3) << done.output;
    EXPECT_NE(done.output.find("what is unmeasured counts as red"), std::string::npos) << done.output;
}

TEST_F(GateProgramTest, ABudgetOfATestThatIsNotThereIsUnmeasured) {
    write("budgets.toml", "[[budget]]\ntest = \"second/other\"\nmetric = \"wall_ns\"\ngreen = 1e9\n");
    EXPECT_EQ(gate("").exit_code, 3);
    write("budgets.toml", "[[budget]]\ntest = \"second/sum\"\nmetric = \"wall_ns\"\ngreen = 1\n");
    EXPECT_EQ(gate("").exit_code, 1);
}

TEST_F(GateProgramTest, AListThatIsGoneIsUnmeasured) {
    std::filesystem::remove(directory_ + "/tests.txt");
    EXPECT_EQ(gate("").exit_code, 3);
}

TEST_F(GateProgramTest, AnInterruptedRunCannotGo) {
    auto const stored = run("", {"run", "--no-exact", "--repetitions", "1", "--slices", "3", "--json", "run.json"});
    ASSERT_EQ(stored.exit_code, 0) << stored.errors;
    std::ifstream file{directory_ + "/run.json"};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    auto json = Json::parse(text).value();
    json.set("complete", false).set("id", "interrupted");
    write("cut.json", json.dump());
    ASSERT_EQ(run("", {"import", "cut.json"}).exit_code, 0);
    auto const done = run("", {"gate", "--run", "interrupted", "--config", "gate.toml", "--budgets", "budgets.toml"});
    EXPECT_EQ(done.exit_code, 3) << done.output;
}

TEST_F(GateProgramTest, MistakesOfTheCallerAreUsage) {
    EXPECT_EQ(run("", {"gate", "--no-such-option"}).exit_code, 2);
    EXPECT_EQ(run("", {}).exit_code, 2);
    EXPECT_EQ(run("", {"run", "nothing_of_that_name"}).exit_code, 2);
    write("gate.toml", "[[check]]\nname = 7\n");
    EXPECT_EQ(gate("").exit_code, 2);
    EXPECT_EQ(run("", {"--help"}).exit_code, 0);
}

}  // namespace
}  // namespace ggen::bench
