// Whatever the strict parser accepts prints to text that parses to the same value, and the lenient
// parser accepts it too.
#include <cstdint>
#include <string_view>

#include "codec/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const strict = ggen::Json::parse(text);
    auto const lenient = ggen::Json::parse_lenient(text);
    if (lenient) GGEN_ASSERT(ggen::Json::parse(lenient->dump(1), 256).has_value());
    if (!strict) return 0;
    GGEN_ASSERT(lenient.has_value() && *lenient == *strict);
    auto const again = ggen::Json::parse(strict->dump());
    GGEN_ASSERT(again.has_value() && again->dump() == strict->dump());
    return 0;
}
