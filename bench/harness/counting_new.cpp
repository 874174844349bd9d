// Replaces the global allocation functions of the program that links this file: every call is counted
// ([new.delete]: the other forms call these).
#include <cstdlib>
#include <new>

#include "harness/allocations.hpp"

void* operator new(std::size_t size) {
    ggen::bench::count_allocation(size);
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    ggen::bench::count_allocation(size);
    auto const step = static_cast<std::size_t>(alignment);
    if (void* const memory = std::aligned_alloc(step, (size + step - 1) / step * step)) return memory;
    throw std::bad_alloc{};
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
    std::free(memory);
}
