// Any text: a version prints as it was read; two versions compare the same way round.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spec/version.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const newline = text.find('\n');
    auto const a = ggen::Version::parse(text.substr(0, newline));
    if (!a) return 0;
    if (a->text() != text.substr(0, newline)) std::abort();
    auto const b = ggen::Version::parse(newline == std::string_view::npos ? text : text.substr(newline + 1));
    if (!b) return 0;
    if ((*a < *b) != (*b > *a) || (*a == *b) != (*b == *a)) std::abort();
    return 0;
}
