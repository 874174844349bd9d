#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// How many fields a reader takes from one message unless it is told otherwise: no libp2p message of
/// ours comes near, and a frame of a million empty fields ends here.
inline constexpr std::size_t k_proto_fields_max = 4096;
/// Protobuf varints carry 64 bits: at most 10 bytes. (The varints of multiformats end at 9.)
inline constexpr std::size_t k_proto_varint_bytes_max = 10;

/// The wire types that exist here. Groups (3, 4) are refused: nothing in libp2p uses them, and
/// skipping them needs recursion that a peer would control.
enum class ProtoWire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// One field as it stands on the wire. `value` holds varint and fixed values, `bytes` the rest.
struct ProtoField {
    std::uint32_t number = 0;
    ProtoWire wire = ProtoWire::varint;
    std::uint64_t value = 0;
    BytesView bytes;  ///< valid as long as the message is
};

/// Reads a protobuf message (encoding of proto2 and proto3) field by field without allocating.
/// A caller switches over `number`, takes what it knows and lets the rest go by.
class ProtoReader {
public:
    /// `message` must outlive the reader and the fields.
    explicit ProtoReader(BytesView message, std::size_t fields_max = k_proto_fields_max)
        : rest_(message), fields_left_(fields_max) {}

    /// The next field; nullopt at the end of the message.
    /// Errors: invalid (cut short, group, bad number or varint), too_large (more than `fields_max`).
    [[nodiscard]] Result<std::optional<ProtoField>> next();
    /// What was not read yet: the difference before and after `next` is the field as it stands on the wire.
    [[nodiscard]] BytesView rest() const { return rest_; }

private:
    BytesView rest_;
    std::size_t fields_left_;
};

/// `field.bytes` of a length-delimited field. Errors: invalid (another wire type).
[[nodiscard]] Result<BytesView> proto_bytes(ProtoField const& field);
/// The value of a varint field. Errors: invalid (another wire type).
[[nodiscard]] Result<std::uint64_t> proto_uint(ProtoField const& field);
/// Appends the values of a repeated varint field, packed or not, to `out`.
/// Errors: invalid, too_large (`out` would hold more than `count_max`).
[[nodiscard]] Result<void> proto_append_uints(ProtoField const& field, std::size_t count_max,
                                              std::vector<std::uint64_t>& out);

/// Writes fields in the order of the calls. Zero and empty values are written too: libp2p signs and
/// hashes bytes, so the caller decides what is present.
class ProtoWriter {
public:
    ProtoWriter& uint(std::uint32_t number, std::uint64_t value);
    ProtoWriter& fixed64(std::uint32_t number, std::uint64_t value);
    /// Bytes, text and inner messages. Text goes through `as_bytes`.
    ProtoWriter& bytes(std::uint32_t number, BytesView value);

    [[nodiscard]] Bytes take() && { return std::move(out_); }
    [[nodiscard]] Bytes const& message() const { return out_; }

private:
    void tag(std::uint32_t number, ProtoWire wire);
    void varint(std::uint64_t value);
    Bytes out_;
};

}  // namespace ggen
