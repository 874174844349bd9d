#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/ed25519.hpp"

namespace ggen {

/// RSA keys below 2048 bits are forgeable, those above 8192 cost a verifier too much (CVE-2023-39533).
inline constexpr int k_rsa_bits_min = 2048;
inline constexpr int k_rsa_bits_max = 8192;
/// Encoded keys longer than this are refused before any of it is parsed (RSA-8192 has 1,062 bytes).
inline constexpr std::size_t k_public_key_bytes_max = 1200;

/// The kinds of libp2p's `KeyType`, with its numbers.
enum class KeyKind : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

/// A checked public key of any kind that libp2p peers may have. Only Ed25519 keys also sign here
/// (`Ed25519PrivateKey`); the others exist to believe foreign records.
class PublicKey {
public:
    /// `data` as libp2p's PublicKey message carries it: 32 raw bytes (Ed25519), DER SubjectPublicKeyInfo
    /// (RSA; ECDSA on P-256), compressed point (secp256k1).
    /// Errors: invalid (does not parse, bytes left over, point not on the curve), refused (RSA size out of
    /// bounds, another curve, or an OpenSSL built without the curve), too_large.
    [[nodiscard]] static Result<PublicKey> from_data(KeyKind kind, BytesView data);
    [[nodiscard]] static PublicKey from_ed25519(Ed25519PublicKey const& key);

    [[nodiscard]] KeyKind kind() const { return kind_; }
    [[nodiscard]] BytesView data() const { return data_; }
    /// Ed25519 over the message, RSA PKCS#1 1.5 and ECDSA (DER) over its SHA-256.
    [[nodiscard]] bool verify(BytesView message, BytesView signature) const;

    friend bool operator==(PublicKey const&, PublicKey const&) = default;

private:
    PublicKey(KeyKind kind, Bytes data) : kind_(kind), data_(std::move(data)) {}
    KeyKind kind_;
    Bytes data_;
};

}  // namespace ggen
