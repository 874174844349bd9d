#include "p2p/wire/yamux_frame.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint16_t k_all_flags = k_yamux_syn | k_yamux_ack | k_yamux_fin | k_yamux_rst;

void append_u32(Bytes& out, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
}

}  // namespace

void YamuxHeader::append_to(Bytes& out) const {
    out.push_back(0);
    out.push_back(static_cast<std::uint8_t>(type));
    out.push_back(static_cast<std::uint8_t>(flags >> 8U));
    out.push_back(static_cast<std::uint8_t>(flags & 0xFFU));
    append_u32(out, stream);
    append_u32(out, length);
}

Result<YamuxHeader> YamuxHeader::decode(std::array<std::uint8_t, k_yamux_header_bytes> const& bytes) {
    auto const u32 = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8U | bytes[at + i];
        return value;
    };
    if (bytes[0] != 0) return Error{Errc::invalid, "yamux: a version that does not exist"};
    if (bytes[1] > static_cast<std::uint8_t>(YamuxType::go_away)) {
        return Error{Errc::invalid, "yamux: a frame type that does not exist"};
    }
    YamuxHeader header{static_cast<YamuxType>(bytes[1]), static_cast<std::uint16_t>(bytes[2] * 256 + bytes[3]), u32(4),
                       u32(8)};
    if ((header.flags & ~k_all_flags) != 0) return Error{Errc::invalid, "yamux: flags that do not exist"};
    return header;
}

}  // namespace ggen::p2p
