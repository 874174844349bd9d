// A tile has one path: what parses prints to the same bytes.
#include <cstdint>
#include <string_view>

#include "merkle/tile.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const path{reinterpret_cast<char const*>(data), size};
    auto const id = ggen::merkle::TileId::parse(path);
    if (id) GGEN_ASSERT(id->path() == path && id->width >= 1 && id->width <= 256 && id->level <= 63);
    return 0;
}
