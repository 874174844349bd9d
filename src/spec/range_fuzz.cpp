// Any text: the canonical text of a range is a range, its own canonical text, and means the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spec/version_range.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const range = ggen::VersionRange::parse(text);
    if (!range) return 0;
    auto const canonical = range->canonical_text();
    if (canonical.size() > ggen::VersionRange::k_bytes_max) return 0;  // May be longer than its source.
    auto const again = ggen::VersionRange::parse(canonical);
    if (!again || again->canonical_text() != canonical) std::abort();
    for (auto const& set : range->sets()) {
        for (auto const& comparator : set) {
            if (range->matches(comparator.version) != again->matches(comparator.version)) std::abort();
        }
    }
    return 0;
}
