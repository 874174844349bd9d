#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace ggen {

using Ed25519Signature = std::array<std::uint8_t, 64>;

/// An Ed25519 public key (RFC 8032), 32 bytes. Any 32 bytes are a value; a bad point verifies nothing.
struct Ed25519PublicKey {
    std::array<std::uint8_t, 32> bytes{};
    [[nodiscard]] bool verify(BytesView message, BytesView signature) const;
    friend auto operator<=>(Ed25519PublicKey const&, Ed25519PublicKey const&) = default;
};

/// A private key: a 32-byte seed. Wiped from memory when destroyed.
class Ed25519PrivateKey {
public:
    [[nodiscard]] static Ed25519PrivateKey generate(Random& random);
    /// Errors: invalid (not 32 bytes).
    [[nodiscard]] static Result<Ed25519PrivateKey> from_seed(BytesView seed);
    Ed25519PrivateKey(Ed25519PrivateKey const&) = default;
    Ed25519PrivateKey& operator=(Ed25519PrivateKey const&) = default;
    ~Ed25519PrivateKey();

    [[nodiscard]] Ed25519PublicKey const& public_key() const { return public_key_; }
    [[nodiscard]] Ed25519Signature sign(BytesView message) const;
    /// For writing the key file; handle with care.
    [[nodiscard]] BytesView seed() const { return seed_; }

private:
    Ed25519PrivateKey() = default;
    std::array<std::uint8_t, 32> seed_{};
    Ed25519PublicKey public_key_;
};

}  // namespace ggen
