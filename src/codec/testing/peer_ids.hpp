#pragma once

#include "codec/ed25519_peer_id.hpp"
#include "codec/peer_id.hpp"

namespace ggen::testing {

/// The peer id of an Ed25519 key that nobody has: each of its bytes is `number`.
[[nodiscard]] inline PeerId numbered_peer(std::uint8_t number) {
    Bytes bytes{k_ed25519_peer_id_head.begin(), k_ed25519_peer_id_head.end()};
    bytes.resize(k_ed25519_peer_id_bytes, number);
    return PeerId::from_bytes(bytes).value();
}

}  // namespace ggen::testing
