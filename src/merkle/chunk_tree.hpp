#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"

/// A blob as the leaves of a tree: pieces that come from strangers are verified one by one (docs/formats/records.md).
namespace ggen::merkle {

/// The pieces of a blob: all of this size but the last, which is never empty.
inline constexpr std::uint64_t k_chunk_bytes = 256 * k_kib;

/// How many chunks a blob of `bytes` has; 0 for an empty one.
[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t bytes) {
    return bytes / k_chunk_bytes + (bytes % k_chunk_bytes != 0 ? 1 : 0);
}
/// The size of chunk `index` of a blob of `bytes`. Precondition: there is such a chunk.
[[nodiscard]] constexpr std::uint64_t chunk_size(std::uint64_t bytes, std::uint64_t index) {
    return index + 1 == chunk_count(bytes) ? bytes - index * k_chunk_bytes : k_chunk_bytes;
}

/// The leaf hashes (RFC 6962) of a blob's chunks, in order: its chunk list. `root_of` them is the chunk root.
[[nodiscard]] std::vector<Digest> chunk_list(BytesView blob);
[[nodiscard]] Digest chunk_root(BytesView blob);
/// The same for a blob that comes in pieces of any size.
class ChunkHasher {
public:
    void update(BytesView bytes);
    /// All of the blob was given. The object starts afresh.
    [[nodiscard]] std::vector<Digest> finish();

private:
    Sha256 chunk_;
    std::uint64_t chunk_bytes_ = 0;
    std::vector<Digest> list_;
};

/// A chunk list as it goes over the wire: the hashes one after another.
[[nodiscard]] Bytes encode_chunk_list(std::span<Digest const> list);
/// Errors: invalid (not as many hashes as a blob of `blob_bytes` has chunks).
[[nodiscard]] Result<std::vector<Digest>> decode_chunk_list(BytesView bytes, std::uint64_t blob_bytes);

}  // namespace ggen::merkle
