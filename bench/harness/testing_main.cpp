// What run_test.cpp starts as the program under test.
#include <cstdio>
#include <cstring>

#include "harness/child.hpp"
#include "harness/testing_catalogue.hpp"

int main(int argc, char** argv) {
    ggen::bench::Catalogue catalogue;
    ggen::bench::testing::add_testing_suite(catalogue);
    ggen::bench::ChildOptions options;
    for (int i = 2; i < argc; ++i) {
        if (i == 2) options.test_id = argv[i];
        if (std::strcmp(argv[i], "--slices") == 0 && i + 1 < argc) options.slices = 4;
        if (std::strcmp(argv[i], "--directory") == 0 && i + 1 < argc) options.directory = argv[i + 1];
    }
    auto const done = ggen::bench::run_child_test(catalogue, options);
    if (done) return 0;
    std::fprintf(stderr, "%s\n", done.error().context.c_str());
    constexpr int k_exit_skipped = 77;
    return done.error().code == ggen::Errc::unavailable ? k_exit_skipped : 1;
}
