#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "base/result.hpp"

namespace ggen {

std::uint64_t Random::next_u64() {
    std::uint8_t bytes[8];
    fill(bytes);
    std::uint64_t value = 0;
    for (auto const byte : bytes) value = value << 8U | byte;
    return value;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        auto const n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        GGEN_ASSERT(n > 0);
        out = out.subspan(static_cast<std::size_t>(n));
    }
}

}  // namespace ggen
