#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

/// The writer's write-ahead log: one batch of entries (docs/formats/registry-layout.md).
namespace ggen::detail {

inline constexpr std::uint64_t k_wal_bytes_max = std::uint64_t{1} << 30U;

struct WalBatch {
    std::uint64_t base_size = 0;  ///< Entries of the log before this batch.
    std::vector<Bytes> entries;   ///< With the state leaf that ends the batch.
};

[[nodiscard]] Bytes encode_wal(WalBatch const& batch);
/// Nothing when the bytes are not one whole batch: what a killed writer did not finish is no batch.
[[nodiscard]] std::optional<WalBatch> decode_wal(BytesView bytes);

}  // namespace ggen::detail
