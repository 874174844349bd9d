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

    /// Sealing in pieces: `start_sealing`, any number of `seal_part` (as many bytes go to `out`), `finish_sealing`
    /// (16 bytes go to `tag`).
    void start_sealing(AeadNonce const& nonce, BytesView associated);
    void seal_part(BytesView part, std::uint8_t* out);
    void finish_sealing(std::uint8_t* tag);
    /// Writes the plaintext to `out` and returns its size. Precondition: `out` has room for `sealed.size()` - 16 bytes.
    /// Errors: as `open`; then `out` holds nothing of use.
    [[nodiscard]] Result<std::size_t> open_into(AeadNonce const& nonce, BytesView associated, BytesView sealed,
                                                std::span<std::uint8_t> out);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen
