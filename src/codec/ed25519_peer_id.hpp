#pragma once

#include <array>
#include <cstdint>

namespace ggen {

/// What the bytes of an Ed25519 key's peer id begin with; the 32 bytes of the key follow. An identity multihash of 36
/// bytes around a protobuf of key type and key (libp2p/specs peer-ids).
inline constexpr std::array<std::uint8_t, 6> k_ed25519_peer_id_head{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
inline constexpr std::size_t k_ed25519_peer_id_bytes = k_ed25519_peer_id_head.size() + 32;

}  // namespace ggen
