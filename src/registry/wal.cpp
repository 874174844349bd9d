#include "registry/wal.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/digest.hpp"

namespace ggen::detail {
namespace {

constexpr std::string_view k_magic = "ggw1";

void put_number(Bytes& bytes, std::uint64_t value, unsigned width) {
    for (unsigned i = width; i > 0; --i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
}

std::optional<std::uint64_t> take_number(BytesView& bytes, unsigned width) {
    if (bytes.size() < width) return std::nullopt;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) value = value << 8U | bytes[i];
    bytes = bytes.subspan(width);
    return value;
}

}  // namespace

Bytes encode_wal(WalBatch const& batch) {
    auto bytes = to_bytes(k_magic);
    put_number(bytes, batch.base_size, 8);
    put_number(bytes, batch.entries.size(), 4);
    for (auto const& entry : batch.entries) {
        put_number(bytes, entry.size(), 2);
        bytes.insert(bytes.end(), entry.begin(), entry.end());
    }
    auto const digest = sha256(bytes);
    bytes.insert(bytes.end(), digest.bytes.begin(), digest.bytes.end());
    return bytes;
}

std::optional<WalBatch> decode_wal(BytesView bytes) {
    if (bytes.size() < k_magic.size() + Digest::k_bytes) return std::nullopt;
    auto body = bytes.first(bytes.size() - Digest::k_bytes);
    auto const digest = sha256(body);
    auto const stored = bytes.last(Digest::k_bytes);
    if (!std::equal(stored.begin(), stored.end(), digest.bytes.begin())) return std::nullopt;
    if (as_text(body.first(k_magic.size())) != k_magic) return std::nullopt;
    body = body.subspan(k_magic.size());

    WalBatch batch;
    auto const base_size = take_number(body, 8);
    auto const count = take_number(body, 4);
    if (!base_size || !count) return std::nullopt;
    batch.base_size = *base_size;
    for (std::uint64_t i = 0; i < *count; ++i) {
        auto const size = take_number(body, 2);
        if (!size || *size > body.size()) return std::nullopt;
        auto const entry = body.first(static_cast<std::size_t>(*size));
        batch.entries.emplace_back(entry.begin(), entry.end());
        body = body.subspan(entry.size());
    }
    if (!body.empty()) return std::nullopt;
    return batch;
}

}  // namespace ggen::detail
