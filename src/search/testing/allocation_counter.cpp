#include "search/testing/allocation_counter.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {

std::atomic<std::uint64_t> allocation_count{0};

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): what the operators are made of.
void* operator new(std::size_t size) {
    ++allocation_count;
    if (auto* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
#endif

namespace ggen::search_index::testing {

std::optional<std::uint64_t> allocations() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    return allocation_count.load();
#else
    return std::nullopt;
#endif
}

}  // namespace ggen::search_index::testing
