#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace ggen::bench {

struct LinkFloor {
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t files = 0;
    std::uint64_t directories = 0;
};

/// What no program that hard-links a tree can be faster than: the directories made one after the other, then nothing
/// but linkat in two threads, from a list that is in memory. `from` may hold links to directories, which are followed;
/// `to` must not exist. Errors: io.
Result<LinkFloor> measure_link_floor(std::string const& from, std::string const& to);

}  // namespace ggen::bench
