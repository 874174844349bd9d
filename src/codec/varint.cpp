#include "codec/varint.hpp"

namespace ggen {

void append_uvarint(Bytes& out, std::uint64_t value) {
    GGEN_ASSERT(value <= k_uvarint_value_max);
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>((value & 0x7FU) | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

Result<std::optional<Uvarint>> peek_uvarint(BytesView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == k_uvarint_bytes_max) return Error{Errc::invalid, "varint: longer than 9 bytes"};
        value |= static_cast<std::uint64_t>(bytes[i] & 0x7FU) << (7 * i);
        if ((bytes[i] & 0x80U) != 0) continue;
        if (bytes[i] == 0 && i > 0) return Error{Errc::invalid, "varint: not the shortest form"};
        return std::optional{Uvarint{value, i + 1}};
    }
    // Nine bytes that all go on can never become a value, so nobody has to wait for a tenth.
    if (bytes.size() >= k_uvarint_bytes_max) return Error{Errc::invalid, "varint: longer than 9 bytes"};
    return std::optional<Uvarint>{};
}

Result<std::uint64_t> read_uvarint(BytesView& bytes) {
    ASSIGN_OR_RETURN(auto const varint, peek_uvarint(bytes));
    if (!varint) return Error{Errc::invalid, "varint: cut short"};
    bytes = bytes.subspan(varint->size_bytes);
    return varint->value;
}

Result<BytesView> read_length_prefixed(BytesView& bytes) {
    ASSIGN_OR_RETURN(std::uint64_t const length, read_uvarint(bytes));
    if (length > bytes.size()) return Error{Errc::invalid, "length prefix: the content is cut short"};
    BytesView const content = bytes.first(static_cast<std::size_t>(length));
    bytes = bytes.subspan(content.size());
    return content;
}

void append_length_prefixed(Bytes& out, BytesView content) {
    append_uvarint(out, content.size());
    out.insert(out.end(), content.begin(), content.end());
}

}  // namespace ggen
