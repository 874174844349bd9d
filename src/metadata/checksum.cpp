#include "metadata/checksum.hpp"

// Inlined, so that no shared library has to be found when the program starts.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ggen::metadata {

std::uint64_t checksum(BytesView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace ggen::metadata
