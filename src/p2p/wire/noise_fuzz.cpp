// A peer that sends anything, in any pieces, to either role, before and inside the channel: no crash, no
// completed handshake without an identity, and nothing of it in the plaintext.
#include <cstdint>

#include "p2p/wire/noise.hpp"

namespace {

using ggen::p2p::NoiseChannel;
using Role = ggen::p2p::NoiseXx::Role;

NoiseChannel channel_of(Role role, std::uint8_t byte) {
    return NoiseChannel{{role, ggen::Ed25519PrivateKey::from_seed(ggen::Bytes(32, byte)).value(),
                         ggen::X25519PrivateKey::from_bytes(ggen::Bytes(32, byte)).value(),
                         ggen::X25519PrivateKey::from_bytes(ggen::Bytes(32, 99)).value(), std::nullopt,
                         {"/yamux/1.0.0"}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    ggen::BytesView const bytes{data + 1, size - 1};
    std::size_t const step = 1 + data[0] / 4U;
    bool const is_inside = (data[0] & 1U) != 0;
    auto initiator = channel_of(Role::initiator, 1);
    auto responder = channel_of(Role::responder, 2);
    if (is_inside) {
        for (int i = 0; i < 2; ++i) {
            GGEN_ASSERT(responder.on_bytes(initiator.take_output()).has_value());
            GGEN_ASSERT(initiator.on_bytes(responder.take_output()).has_value());
        }
    }
    auto& target = (data[0] & 2U) != 0 ? initiator : responder;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        if (!target.on_bytes(bytes.subspan(at, std::min(step, bytes.size() - at)))) break;
    }
    GGEN_ASSERT(target.is_complete() == is_inside);
    GGEN_ASSERT(target.take_plain().empty());
    return 0;
}
