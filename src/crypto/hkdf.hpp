#pragma once

#include "base/bytes.hpp"

namespace ggen {

/// RFC 5869 with SHA-256, extract and expand. Precondition: `size_bytes` is 1 to 8160.
[[nodiscard]] Bytes hkdf_sha256(BytesView salt, BytesView key_material, BytesView info, std::size_t size_bytes);

}  // namespace ggen
