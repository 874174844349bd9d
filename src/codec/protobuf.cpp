#include "codec/protobuf.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_field_number_max = (1U << 29U) - 1;

Error bad(char const* why) { return Error{Errc::invalid, std::string{"protobuf: "} + why}; }

Result<std::uint64_t> take_varint(BytesView& bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size() && i < k_proto_varint_bytes_max; ++i) {
        std::uint64_t const digit = bytes[i] & 0x7FU;
        if (i + 1 == k_proto_varint_bytes_max && digit > 1) return bad("a varint of more than 64 bits");
        value |= digit << (7 * i);
        if ((bytes[i] & 0x80U) != 0) continue;
        bytes = bytes.subspan(i + 1);
        return value;
    }
    return bad(bytes.size() < k_proto_varint_bytes_max ? "a varint is cut short" : "a varint of more than 10 bytes");
}

Result<std::uint64_t> take_fixed(BytesView& bytes, std::size_t size) {
    if (bytes.size() < size) return bad("a fixed value is cut short");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    bytes = bytes.subspan(size);
    return value;
}

Result<BytesView> take_bytes(BytesView& bytes) {
    ASSIGN_OR_RETURN(std::uint64_t const length, take_varint(bytes));
    if (length > bytes.size()) return bad("a field is longer than its message");
    BytesView const content = bytes.first(static_cast<std::size_t>(length));
    bytes = bytes.subspan(content.size());
    return content;
}

}  // namespace

Result<std::optional<ProtoField>> ProtoReader::next() {
    if (rest_.empty()) return std::optional<ProtoField>{};
    if (fields_left_ == 0) return Error{Errc::too_large, "protobuf: more fields than this message may have"};
    --fields_left_;
    ASSIGN_OR_RETURN(std::uint64_t const tag, take_varint(rest_));
    std::uint64_t const number = tag >> 3U;
    if (number == 0 || number > k_field_number_max) return bad("a field number out of range");
    ProtoField field;
    field.number = static_cast<std::uint32_t>(number);
    field.wire = static_cast<ProtoWire>(tag & 7U);
    switch (field.wire) {
        case ProtoWire::varint: {
            ASSIGN_OR_RETURN(field.value, take_varint(rest_));
            return std::optional{field};
        }
        case ProtoWire::fixed64: {
            ASSIGN_OR_RETURN(field.value, take_fixed(rest_, 8));
            return std::optional{field};
        }
        case ProtoWire::fixed32: {
            ASSIGN_OR_RETURN(field.value, take_fixed(rest_, 4));
            return std::optional{field};
        }
        case ProtoWire::bytes: {
            ASSIGN_OR_RETURN(field.bytes, take_bytes(rest_));
            return std::optional{field};
        }
    }
    return bad("a group or an unknown wire type");
}

Result<BytesView> proto_bytes(ProtoField const& field) {
    if (field.wire != ProtoWire::bytes) return bad("a field of bytes has another wire type");
    return field.bytes;
}

Result<std::uint64_t> proto_uint(ProtoField const& field) {
    if (field.wire != ProtoWire::varint) return bad("a number has another wire type");
    return field.value;
}

Result<void> proto_append_uints(ProtoField const& field, std::size_t count_max, std::vector<std::uint64_t>& out) {
    Error const too_many{Errc::too_large, "protobuf: more repeated numbers than this field may have"};
    if (field.wire == ProtoWire::varint) {
        if (out.size() >= count_max) return too_many;
        out.push_back(field.value);
        return ok();
    }
    ASSIGN_OR_RETURN(BytesView rest, proto_bytes(field));
    while (!rest.empty()) {
        if (out.size() >= count_max) return too_many;
        ASSIGN_OR_RETURN(std::uint64_t const value, take_varint(rest));
        out.push_back(value);
    }
    return ok();
}

ProtoWriter& ProtoWriter::uint(std::uint32_t number, std::uint64_t value) {
    tag(number, ProtoWire::varint);
    varint(value);
    return *this;
}

ProtoWriter& ProtoWriter::fixed64(std::uint32_t number, std::uint64_t value) {
    tag(number, ProtoWire::fixed64);
    for (unsigned i = 0; i < 8; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
}

ProtoWriter& ProtoWriter::bytes(std::uint32_t number, BytesView value) {
    tag(number, ProtoWire::bytes);
    varint(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
}

void ProtoWriter::tag(std::uint32_t number, ProtoWire wire) {
    GGEN_ASSERT(number > 0 && number <= k_field_number_max);
    varint(std::uint64_t{number} << 3U | static_cast<std::uint64_t>(wire));
}

void ProtoWriter::varint(std::uint64_t value) {
    while (value >= 0x80) {
        out_.push_back(static_cast<std::uint8_t>((value & 0x7FU) | 0x80U));
        value >>= 7U;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace ggen
