// ggen-bench over tests that behave and misbehave: what run_test.cpp, gate_test.cpp and tests/perf/exact_gate.sh start.
// GGEN_BENCH_SCENE chooses what somebody did to it.
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <utility>

#include "commands/commands.hpp"
#include "harness/testing_catalogue.hpp"

int main(int argc, char** argv) {
    CLI::App app{"ggen-bench over tests of its own", "ggen-bench-testing"};
    app.require_subcommand(1);
    ggen::bench::Catalogue catalogue;
    char const* const scene = std::getenv("GGEN_BENCH_SCENE");
    if (scene == nullptr) {
        ggen::bench::testing::add_testing_suite(catalogue);
    } else {
        ggen::bench::testing::add_scene(catalogue, scene);
    }
    int exit_code = 0;
    ggen::bench::add_harness_commands(app, std::move(catalogue), exit_code);
    int const code = ggen::bench::parse_commands(app, argc, argv);
    return code != 0 ? code : exit_code;
}
