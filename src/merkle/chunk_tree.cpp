#include "merkle/chunk_tree.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "merkle/tree.hpp"

namespace ggen::merkle {
namespace {
constexpr std::array<std::uint8_t, 1> k_leaf_prefix{0};
}  // namespace

std::vector<Digest> chunk_list(BytesView blob) {
    std::vector<Digest> list;
    list.reserve(static_cast<std::size_t>(chunk_count(blob.size())));
    for (std::size_t at = 0; at < blob.size(); at += k_chunk_bytes) {
        list.push_back(leaf_hash(blob.subspan(at, std::min<std::size_t>(k_chunk_bytes, blob.size() - at))));
    }
    return list;
}

Digest chunk_root(BytesView blob) { return root_of(chunk_list(blob)); }

void ChunkHasher::update(BytesView bytes) {
    while (!bytes.empty()) {
        if (chunk_bytes_ == 0) chunk_.update(k_leaf_prefix);
        auto const room = static_cast<std::size_t>(k_chunk_bytes - chunk_bytes_);
        auto const taken = std::min(bytes.size(), room);
        chunk_.update(bytes.first(taken));
        chunk_bytes_ += taken;
        bytes = bytes.subspan(taken);
        if (chunk_bytes_ < k_chunk_bytes) continue;
        list_.push_back(chunk_.finish());
        chunk_bytes_ = 0;
    }
}

std::vector<Digest> ChunkHasher::finish() {
    if (chunk_bytes_ != 0) list_.push_back(chunk_.finish());
    chunk_bytes_ = 0;
    return std::exchange(list_, {});
}

Bytes encode_chunk_list(std::span<Digest const> list) {
    Bytes out;
    out.reserve(list.size() * Digest::k_bytes);
    for (auto const& digest : list) out.insert(out.end(), digest.bytes.begin(), digest.bytes.end());
    return out;
}

Result<std::vector<Digest>> decode_chunk_list(BytesView bytes, std::uint64_t blob_bytes) {
    if (bytes.size() % Digest::k_bytes != 0 || bytes.size() / Digest::k_bytes != chunk_count(blob_bytes)) {
        return Error{Errc::invalid, "chunk list: " + std::to_string(bytes.size()) + " bytes, not 32 for each of " +
                                        std::to_string(chunk_count(blob_bytes)) + " chunks"};
    }
    std::vector<Digest> list(bytes.size() / Digest::k_bytes);
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto const one = bytes.subspan(i * Digest::k_bytes, Digest::k_bytes);
        std::copy(one.begin(), one.end(), list[i].bytes.begin());
    }
    return list;
}

}  // namespace ggen::merkle
