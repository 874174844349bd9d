// A bundle or tile that decodes encodes to the same bytes. The first byte is the number of entries.
#include <cstdint>

#include "merkle/tile.hpp"

namespace ggen::merkle {

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    unsigned const count = data[0];
    ggen::BytesView const bytes{data + 1, size - 1};
    if (auto const entries = decode_bundle(bytes, count)) {
        GGEN_ASSERT(entries->size() == count);
        auto const again = encode_bundle(*entries).value();
        GGEN_ASSERT(ggen::as_text(again) == ggen::as_text(bytes));
    }
    if (auto const hashes = decode_tile(bytes, count)) {
        GGEN_ASSERT(ggen::as_text(encode_tile(*hashes)) == ggen::as_text(bytes));
    }
    return 0;
}

}  // namespace ggen::merkle
