#include "p2p/exchange/content.hpp"

#include <algorithm>

#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {

Result<Bytes> MemoryContent::read(std::uint64_t offset, std::size_t length) {
    if (offset > bytes_->size() || length > bytes_->size() - offset) return Error{Errc::not_found, "past the end"};
    auto const from = bytes_->begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(from, from + static_cast<std::ptrdiff_t>(length));
}

Result<void> MemoryChunkStore::put(std::uint64_t chunk, BytesView bytes) {
    chunks_.insert_or_assign(chunk, Bytes{bytes.begin(), bytes.end()});
    return ok();
}

Result<Bytes> MemoryChunkStore::read(std::uint64_t offset, std::size_t length) {
    Bytes out;
    out.reserve(length);
    while (out.size() < length) {
        auto const at = offset + out.size();
        auto const chunk = chunks_.find(at / merkle::k_chunk_bytes);
        auto const within = static_cast<std::size_t>(at % merkle::k_chunk_bytes);
        if (chunk == chunks_.end() || within >= chunk->second.size()) return Error{Errc::not_found, "not here yet"};
        auto const count = std::min(length - out.size(), chunk->second.size() - within);
        auto const from = chunk->second.begin() + static_cast<std::ptrdiff_t>(within);
        out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(count));
    }
    return out;
}

Result<void> MemoryChunkStore::clear() {
    chunks_.clear();
    return ok();
}

Bytes MemoryChunkStore::bytes() const {
    Bytes out;
    for (auto const& [number, bytes] : chunks_) out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
}

}  // namespace ggen::p2p
