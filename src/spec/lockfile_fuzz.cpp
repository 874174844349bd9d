// Any text: a lockfile that was read prints to one that reads as the same value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spec/lockfile.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const lock = ggen::Lockfile::parse({reinterpret_cast<char const*>(data), size});
    if (!lock) return 0;
    auto const printed = lock->print();
    auto const again = ggen::Lockfile::parse(printed);
    bool const is_same = again && again->packages == lock->packages &&
                         again->requirements == lock->requirements && again->print() == printed;
    if (!is_same) std::abort();
    return 0;
}
