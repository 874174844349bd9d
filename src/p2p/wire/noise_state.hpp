#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/aead.hpp"
#include "crypto/digest.hpp"
#include "crypto/x25519.hpp"

namespace ggen::p2p {

/// One direction of an encrypted channel (Noise specification, section 5.1). The nonce counts up and is
/// never used twice: at 2^64-1 the channel ends.
class NoiseCipher {
public:
    explicit NoiseCipher(AeadKey const& key) : cipher_(key) {}
    /// Appends to `out`. Errors: refused (nonces used up).
    [[nodiscard]] Result<void> seal(BytesView associated, BytesView plain, Bytes& out);
    /// Errors: corrupt (the tag does not fit), refused (nonces used up). The nonce only moves on success.
    [[nodiscard]] Result<void> open(BytesView associated, BytesView sealed, Bytes& out);

    /// Without associated bytes, into the room that there is. Errors: as `open`.
    [[nodiscard]] Result<std::size_t> open_into(BytesView sealed, std::span<std::uint8_t> out);
    /// Without associated bytes, in pieces, as `ChaCha20Poly1305` has them. Errors: refused (nonces used up).
    [[nodiscard]] Result<void> start_sealing();
    void seal_part(BytesView part, std::uint8_t* out) { cipher_.seal_part(part, out); }
    void finish_sealing(std::uint8_t* tag) { cipher_.finish_sealing(tag); }

private:
    ChaCha20Poly1305 cipher_;
    std::uint64_t nonce_ = 0;
};

/// The pattern XX over 25519, ChaChaPoly and SHA256 (Noise specification, sections 5.2, 5.3 and 7.5),
/// without any framing: three messages, then two ciphers. Each `write_message` and `read_message` is one
/// message of the pattern, in turn; `payload` of the first goes in the clear.
class NoiseXx {
public:
    enum class Role : std::uint8_t { initiator, responder };

    NoiseXx(Role role, X25519PrivateKey const& static_key, X25519PrivateKey const& ephemeral_key, BytesView prologue);

    /// Appends the next message to `out`. Precondition: it is our turn.
    /// Errors: refused (the peer's key has small order).
    [[nodiscard]] Result<void> write_message(BytesView payload, Bytes& out);
    /// The payload of the peer's message. Precondition: it is the peer's turn.
    /// Errors: invalid (too short), corrupt (not authentic), refused (small order).
    [[nodiscard]] Result<Bytes> read_message(BytesView message);

    [[nodiscard]] bool is_our_turn() const;
    [[nodiscard]] bool is_complete() const { return messages_ == 3; }
    /// How many of the three messages went either way.
    [[nodiscard]] unsigned messages() const { return messages_; }
    /// Precondition: the peer's second or third message was read.
    [[nodiscard]] X25519PublicKey const& remote_static() const { return *remote_static_; }
    [[nodiscard]] Digest const& handshake_hash() const { return hash_; }

    struct Ciphers {
        NoiseCipher send;
        NoiseCipher receive;
    };
    /// Precondition: is_complete().
    [[nodiscard]] Ciphers split() const;
    /// Lets go of the key of this handshake alone: nobody can open its channel later. Precondition: is_complete().
    void forget_ephemeral_key() { ephemeral_ = static_; }

private:
    void mix_hash(BytesView bytes);
    void mix_key(BytesView secret);
    [[nodiscard]] Result<void> mix_agreement(X25519PrivateKey const& own, X25519PublicKey const& remote);
    [[nodiscard]] Result<void> mix_static(bool is_responders);
    [[nodiscard]] Result<void> encrypt_and_hash(BytesView plain, Bytes& out);
    [[nodiscard]] Result<Bytes> decrypt_and_hash(BytesView sealed);

    Role role_;
    X25519PrivateKey static_;
    X25519PrivateKey ephemeral_;
    std::optional<X25519PublicKey> remote_ephemeral_;
    std::optional<X25519PublicKey> remote_static_;
    Digest chaining_key_;
    Digest hash_;
    std::optional<NoiseCipher> cipher_;
    unsigned messages_ = 0;
};

}  // namespace ggen::p2p
