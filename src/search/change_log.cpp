#include "search/change_log.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "crypto/digest.hpp"
#include "search/document_codec.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::string_view k_magic = "ggenchg1";
static_assert(k_magic.size() + sizeof(std::uint64_t) == k_change_log_header_bytes);

/// length u32, its complement u32, check u64, payload.
constexpr std::size_t k_frame_bytes = 16;

/// The length guards itself by its complement, so that a damaged length is never taken for a torn end.
std::uint64_t check_of(BytesView payload) {
    auto const digest = sha256(payload);
    return load<std::uint64_t>(digest.bytes.data());
}

Error corrupt(std::uint64_t at) {
    return {Errc::corrupt, "search index: its changes are damaged at byte " + std::to_string(at)};
}

bool is_zero(BytesView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::optional<IndexChange::Kind> kind_of(std::uint8_t byte) {
    switch (byte) {
        case 1: return IndexChange::Kind::upsert;
        case 2: return IndexChange::Kind::remove;
        case 3: return IndexChange::Kind::popularity;
        default: return std::nullopt;
    }
}

std::uint8_t byte_of(IndexChange::Kind kind) {
    switch (kind) {
        case IndexChange::Kind::upsert: return 1;
        case IndexChange::Kind::remove: return 2;
        case IndexChange::Kind::popularity: return 3;
    }
    return 0;
}

/// Every change of one record.
Result<void> read_payload(BytesView payload, std::vector<IndexChange>& out) {
    Error const bad{Errc::corrupt, "search index: a record of its changes is malformed"};
    std::uint64_t at = 0;
    std::uint64_t count = 0;
    // Each change takes two bytes at least.
    if (!read_varint(payload, at, count) || count > payload.size() / 2) return bad;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (at == payload.size()) return bad;
        auto const kind = kind_of(payload[at++]);
        std::uint64_t length = 0;
        if (!kind || !read_varint(payload, at, length) || length > payload.size() - at) return bad;
        auto& change = out.emplace_back();
        change.kind = *kind;
        RETURN_IF_ERROR(decode_document(payload.subspan(at, length), change.document));
        at += length;
    }
    if (at != payload.size()) return bad;
    return ok();
}

}  // namespace

Bytes change_log_header(std::uint64_t number) {
    auto out = to_bytes(k_magic);
    append<std::uint64_t>(out, number);
    return out;
}

Result<void> append_change_record(std::span<IndexChange const> changes, Bytes& out) {
    Bytes payload;
    Bytes document;
    append_varint(payload, changes.size());
    for (auto const& change : changes) {
        document.clear();
        encode_document(change.document, document);
        payload.push_back(byte_of(change.kind));
        append_varint(payload, document.size());
        payload.insert(payload.end(), document.begin(), document.end());
        if (payload.size() > k_change_record_bytes_max) {
            return Error{Errc::too_large, "search index: more than 64 MiB of changes at once; apply them in parts"};
        }
    }
    auto const length = static_cast<std::uint32_t>(payload.size());
    append(out, length);
    append(out, ~length);
    append(out, check_of(payload));
    out.insert(out.end(), payload.begin(), payload.end());
    return ok();
}

Result<ChangeLogContent> read_change_log(BytesView file, std::uint64_t number) {
    if (file.size() < k_change_log_header_bytes || as_text(file.first(k_magic.size())) != k_magic) {
        return Error{Errc::invalid, "search index: its file of changes is not one, or of another version"};
    }
    if (load<std::uint64_t>(file.data() + k_magic.size()) != number) {
        return Error{Errc::corrupt, "search index: its changes belong to another segment"};
    }
    ChangeLogContent out;
    std::uint64_t at = k_change_log_header_bytes;
    while (file.size() - at >= k_frame_bytes) {
        auto const* const frame = file.data() + at;
        auto const length = load<std::uint32_t>(frame);
        auto const rest = file.subspan(at);
        if (load<std::uint32_t>(frame + 4) != ~length || length > k_change_record_bytes_max) {
            if (is_zero(rest)) break;
            return corrupt(at);
        }
        if (length > rest.size() - k_frame_bytes) break;
        auto const payload = rest.subspan(k_frame_bytes, length);
        // Also when it is the last one: whether a crash or a flipped bit did it cannot be told, and somebody may have
        // been told that it is durable.
        if (check_of(payload) != load<std::uint64_t>(frame + 8)) return corrupt(at);
        RETURN_IF_ERROR(read_payload(payload, out.changes));
        at += k_frame_bytes + length;
    }
    out.whole_bytes = at;
    return out;
}

}  // namespace ggen::search_index
