#pragma once

#include <algorithm>
#include <cstdint>

#include "archive/archive.hpp"

namespace ggen {

/// ArchiveLimits as values, so that tests can come to a limit without making gigabytes.
/// Private to `archive`.
struct ArchiveBounds {
    std::uint64_t packed_bytes_max = ArchiveLimits::k_packed_bytes_max;
    std::uint64_t unpacked_floor_bytes = ArchiveLimits::k_unpacked_floor_bytes;
    std::uint64_t unpacked_ratio_max = ArchiveLimits::k_unpacked_ratio_max;
    std::size_t files_max = ArchiveLimits::k_files_max;

    /// What an archive of `packed_bytes` may unpack to.
    [[nodiscard]] std::uint64_t unpacked_bytes_max(std::uint64_t packed_bytes) const {
        return std::max(unpacked_floor_bytes, packed_bytes * unpacked_ratio_max);
    }
};

}  // namespace ggen
