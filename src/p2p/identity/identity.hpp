#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"
#include "crypto/public_key.hpp"

namespace ggen::p2p {

/// Serialized PublicKey messages longer than this are refused unread (RSA-8192 and its head).
inline constexpr std::size_t k_public_key_message_bytes_max = k_public_key_bytes_max + 8;

/// libp2p's `PublicKey` message: type 1, data 2; both always written, in this order, nothing else, since
/// peer ids hash it (libp2p/specs peer-ids "Keys").
[[nodiscard]] Bytes encode_public_key(PublicKey const& key);
/// Takes only the bytes that `encode_public_key` would write: another encoding would give another peer id.
/// Errors: invalid, refused (kind or size that is not accepted), too_large.
[[nodiscard]] Result<PublicKey> decode_public_key(BytesView message);

/// The peer id of `key`: identity multihash up to 42 bytes, else SHA-256.
[[nodiscard]] PeerId peer_id_of(PublicKey const& key);
[[nodiscard]] PeerId peer_id_of(Ed25519PublicKey const& key);
/// The key that `id` carries inline. Errors: not_found (the id is a hash), invalid, refused.
[[nodiscard]] Result<PublicKey> inline_public_key(PeerId const& id);

/// libp2p's `PrivateKey` message of an Ed25519 key: seed and public key, 64 bytes. Handle with care.
[[nodiscard]] Bytes encode_private_key(Ed25519PrivateKey const& key);
/// Also the 96-byte form of old go-libp2p, whose two copies of the public key must agree.
/// Errors: invalid (length, or the public half does not belong to the seed), refused (another kind of key).
[[nodiscard]] Result<Ed25519PrivateKey> decode_private_key(BytesView message);

}  // namespace ggen::p2p
