#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "registry/name_state.hpp"

/// A bucket that is accepted has one spelling.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const names = ggen::decode_bucket({data, size});
    if (!names) return 0;
    std::vector<ggen::NameState const*> pointers;
    for (auto const& name : *names) pointers.push_back(&name);
    auto const printed = ggen::encode_bucket(pointers);
    GGEN_ASSERT(std::equal(printed.begin(), printed.end(), data, data + size));
    return 0;
}
