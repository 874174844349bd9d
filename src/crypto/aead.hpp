#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

inline constexpr std::size_t k_aead_key_bytes = 32;
inline constexpr std::size_t k_aead_nonce_bytes = 12;
inline constexpr std::size_t k_aead_tag_bytes = 16;

using AeadKey = std::array<std::uint8_t, k_aead_key_bytes>;
using AeadNonce = std::array<std::uint8_t, k_aead_nonce_bytes>;

/// ChaCha20-Poly1305 (RFC 8439) under one key. The caller never uses a nonce twice.
/// Not thread-safe: it keeps one cipher context.
class ChaCha20Poly1305 {
public:
    explicit ChaCha20Poly1305(AeadKey const& key);
    ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept;
    ChaCha20Poly1305& operator=(ChaCha20Poly1305&&) noexcept;
    ~ChaCha20Poly1305();

    /// Appends ciphertext and tag to `out` (`plain.size()` + 16 bytes).
    void seal(AeadNonce const& nonce, BytesView associated, BytesView plain, Bytes& out);
    /// Appends the plaintext to `out`. Errors: corrupt (too short, or the tag does not fit); then `out`
    /// is as it was.
    [[nodiscard]] Result<void> open(AeadNonce const& nonce, BytesView associated, BytesView sealed, Bytes& out);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen
