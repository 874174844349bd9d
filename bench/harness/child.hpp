#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "harness/benchmark.hpp"

/// What runs in the process of one test (`ggen-bench child-test`). It prints JSON for the parent, or answers
/// slices.
namespace ggen::bench {

enum class ChildMode : std::uint8_t {
    figures,  ///< Times, allocations, memory, and the figures of the work itself.
    exact,    ///< Under callgrind: collection is switched on around `exact_runs` calls and off again.
    slices    ///< Answers "<n>" with "<cpu ns> <wall ns>" of n runs, for turns with another build.
};

struct ChildOptions {
    std::string test_id;
    ChildMode mode = ChildMode::figures;
    std::uint32_t slices = 100;
    std::uint64_t slice_ns =
        2'000'000;          ///< Least processor time of a slice: short work is repeated to fill it.
    std::string directory;  ///< For the work; made by the parent, removed by it.
};

/// Errors: not_found (no such test), and those of the work: then nothing is printed.
[[nodiscard]] Result<void> run_child_test(Catalogue const& catalogue, ChildOptions const& options);

}  // namespace ggen::bench
