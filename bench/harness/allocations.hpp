#pragma once

#include <cstdint>

namespace ggen::bench {

/// Calls of operator new and bytes that they asked for, by all threads of this process since its start. The
/// program ggen-bench counts them; in a program that links no counter both stay 0.
struct Allocations {
    std::uint64_t calls = 0;
    std::uint64_t bytes = 0;
};
[[nodiscard]] Allocations allocations_now();
/// For the counter alone.
void count_allocation(std::uint64_t bytes);

}  // namespace ggen::bench
