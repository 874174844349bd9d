#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

struct evp_pkey_st;  // of OpenSSL

namespace ggen {

using X25519PublicKey = std::array<std::uint8_t, 32>;
using X25519Shared = std::array<std::uint8_t, 32>;

/// A key pair for Diffie-Hellman over Curve25519 (RFC 7748). Wiped from memory with its last copy.
class X25519PrivateKey {
public:
    [[nodiscard]] static X25519PrivateKey generate(Random& random);
    /// Errors: invalid (not 32 bytes).
    [[nodiscard]] static Result<X25519PrivateKey> from_bytes(BytesView bytes);
    [[nodiscard]] X25519PublicKey const& public_key() const { return public_key_; }
    /// The shared secret with the owner of `peer`.
    /// Errors: refused (`peer` is a point of small order: the secret would be all zeros).
    [[nodiscard]] Result<X25519Shared> agree(X25519PublicKey const& peer) const;

private:
    explicit X25519PrivateKey(BytesView bytes);
    // OpenSSL makes the public half anew with each object of a key, which costs as much as an agreement: copies share.
    std::shared_ptr<evp_pkey_st> key_;
    X25519PublicKey public_key_{};
};

}  // namespace ggen
