#include "p2p/wire/yamux_frame.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint16_t k_all_flags = k_yamux_syn | k_yamux_ack | k_yamux_fin | k_yamux_rst;

}  // namespace

std::array<std::uint8_t, k_yamux_header_bytes> YamuxHeader::encode() const {
    std::array<std::uint8_t, k_yamux_header_bytes> out{0, static_cast<std::uint8_t>(type),
                                                       static_cast<std::uint8_t>(flags >> 8U),
                                                       static_cast<std::uint8_t>(flags & 0xFFU)};
    for (unsigned i = 0; i < 4; ++i) {
        out[4 + i] = static_cast<std::uint8_t>(stream >> (24 - 8 * i));
        out[8 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    }
    return out;
}

void YamuxHeader::append_to(Bytes& out) const {
    auto const bytes = encode();
    out.insert(out.end(), bytes.begin(), bytes.end());
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
