#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace ggen::metadata {

/// XXH3-64 (xxHash 0.8): tells accidents from intact bytes, not attackers from authors.
[[nodiscard]] std::uint64_t checksum(BytesView bytes);

}  // namespace ggen::metadata
