#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace ggen {

using X25519PublicKey = std::array<std::uint8_t, 32>;
using X25519Shared = std::array<std::uint8_t, 32>;

/// A key pair for Diffie-Hellman over Curve25519 (RFC 7748). Wiped from memory when destroyed.
class X25519PrivateKey {
public:
    [[nodiscard]] static X25519PrivateKey generate(Random& random);
    /// Errors: invalid (not 32 bytes).
    [[nodiscard]] static Result<X25519PrivateKey> from_bytes(BytesView bytes);
    X25519PrivateKey(X25519PrivateKey const&) = default;
    X25519PrivateKey& operator=(X25519PrivateKey const&) = default;
    ~X25519PrivateKey();

    [[nodiscard]] X25519PublicKey const& public_key() const { return public_key_; }
    /// The shared secret with the owner of `peer`.
    /// Errors: refused (`peer` is a point of small order: the secret would be all zeros).
    [[nodiscard]] Result<X25519Shared> agree(X25519PublicKey const& peer) const;

private:
    X25519PrivateKey() = default;
    std::array<std::uint8_t, 32> private_{};
    X25519PublicKey public_key_{};
};

}  // namespace ggen
