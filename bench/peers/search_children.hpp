#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

/// What only a process of its own can tell: memory, processor time and the time from start to the first result are
/// measured in children of this program, which hold nothing but what is measured.
namespace ggen::bench {

/// The program that runs, as the `program` of a child.
constexpr char const* k_this_program = "/proc/self/exe";

struct BuildFigures {
    std::uint64_t build_cpu_ns = 0;  ///< Without reading the lists, whose time was measured apart.
    std::uint64_t read_cpu_ns = 0;
    std::uint64_t wall_ns = 0;       ///< Reading included.
    std::uint64_t peak_bytes = 0;    ///< Largest resident set of the child.
};
/// Builds an index of whole lists in `directory`. Errors: io (the child failed; its message is on standard error).
Result<BuildFigures> build_in_child(std::string const& program, std::vector<std::string> const& corpus,
                                    std::string const& directory);

struct OpenFigures {
    std::uint64_t first_result_ns = 0;      ///< From main() on, wall.
    std::uint64_t first_result_cpu_ns = 0;  ///< From exec on: loading the program too.
    std::uint64_t empty_bytes = 0;          ///< Resident before anything was opened.
    std::uint64_t resident_bytes = 0;       ///< After all queries; mapped pages count.
    std::uint64_t anonymous_bytes = 0;
    std::uint64_t queries = 0;
};
/// Opens `directory`, asks all latency queries once.
Result<OpenFigures> open_in_child(std::string const& program, std::string const& directory,
                                  std::string const& latency);

// What the children run. They print one line of numbers for the parent.
Result<void> run_build_child(std::vector<std::string> const& corpus, std::string const& directory);
Result<void> run_open_child(std::string const& directory, std::string const& latency);

}  // namespace ggen::bench
