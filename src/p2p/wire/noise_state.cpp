#include "p2p/wire/noise_state.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/hkdf.hpp"

namespace ggen::p2p {
namespace {

// Exactly 32 bytes, so it is the first hash itself (section 5.2, InitializeSymmetric).
constexpr std::string_view k_protocol_name = "Noise_XX_25519_ChaChaPoly_SHA256";
static_assert(k_protocol_name.size() == Digest::k_bytes);

constexpr std::size_t k_key_bytes = 32;
constexpr std::uint64_t k_nonce_reserved = UINT64_MAX;

Error cut_short() { return Error{Errc::invalid, "Noise: a handshake message is cut short"}; }

/// Four zero bytes and the counter, little endian (section 12.3).
AeadNonce nonce_of(std::uint64_t counter) {
    AeadNonce nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
    return nonce;
}

template <class Array>
Array array_of(BytesView bytes) {
    Array out{};
    std::copy_n(bytes.begin(), out.size(), out.begin());
    return out;
}

}  // namespace

Result<void> NoiseCipher::seal(BytesView associated, BytesView plain, Bytes& out) {
    if (nonce_ == k_nonce_reserved) return Error{Errc::refused, "Noise: all nonces are used"};
    cipher_.seal(nonce_of(nonce_++), associated, plain, out);
    return ok();
}

Result<void> NoiseCipher::open(BytesView associated, BytesView sealed, Bytes& out) {
    if (nonce_ == k_nonce_reserved) return Error{Errc::refused, "Noise: all nonces are used"};
    RETURN_IF_ERROR(cipher_.open(nonce_of(nonce_), associated, sealed, out));
    ++nonce_;
    return ok();
}

Result<std::size_t> NoiseCipher::open_into(BytesView sealed, std::span<std::uint8_t> out) {
    if (nonce_ == k_nonce_reserved) return Error{Errc::refused, "Noise: all nonces are used"};
    ASSIGN_OR_RETURN(std::size_t const size, cipher_.open_into(nonce_of(nonce_), {}, sealed, out));
    ++nonce_;
    return size;
}

Result<void> NoiseCipher::start_sealing() {
    if (nonce_ == k_nonce_reserved) return Error{Errc::refused, "Noise: all nonces are used"};
    cipher_.start_sealing(nonce_of(nonce_++), {});
    return ok();
}

NoiseXx::NoiseXx(Role role, X25519PrivateKey const& static_key, X25519PrivateKey const& ephemeral_key,
                 BytesView prologue)
    : role_(role), static_(static_key), ephemeral_(ephemeral_key) {
    hash_.bytes = array_of<decltype(hash_.bytes)>(as_bytes(k_protocol_name));
    chaining_key_ = hash_;
    mix_hash(prologue);
}

bool NoiseXx::is_our_turn() const {
    return !is_complete() && (messages_ % 2 == 0) == (role_ == Role::initiator);
}

void NoiseXx::mix_hash(BytesView bytes) { hash_ = sha256_joined(hash_.view(), bytes); }

void NoiseXx::mix_key(BytesView secret) {
    Bytes const keys = hkdf_sha256(chaining_key_.view(), secret, {}, 2 * k_key_bytes);
    chaining_key_.bytes = array_of<decltype(chaining_key_.bytes)>(keys);
    cipher_.emplace(array_of<AeadKey>(BytesView{keys}.subspan(k_key_bytes)));
}

Result<void> NoiseXx::mix_agreement(X25519PrivateKey const& own, X25519PublicKey const& remote) {
    ASSIGN_OR_RETURN(X25519Shared const shared, own.agree(remote));
    mix_key(shared);
    return ok();
}

/// Tokens "es" and "se": the static key of one side, the ephemeral key of the other.
Result<void> NoiseXx::mix_static(bool is_responders) {
    bool const is_ours = is_responders == (role_ == Role::responder);
    return is_ours ? mix_agreement(static_, *remote_ephemeral_) : mix_agreement(ephemeral_, *remote_static_);
}

Result<void> NoiseXx::encrypt_and_hash(BytesView plain, Bytes& out) {
    std::size_t const at = out.size();
    if (cipher_) {
        RETURN_IF_ERROR(cipher_->seal(hash_.view(), plain, out));
    } else {
        out.insert(out.end(), plain.begin(), plain.end());
    }
    mix_hash(BytesView{out}.subspan(at));
    return ok();
}

Result<Bytes> NoiseXx::decrypt_and_hash(BytesView sealed) {
    Bytes plain;
    if (cipher_) {
        RETURN_IF_ERROR(cipher_->open(hash_.view(), sealed, plain));
    } else {
        plain.assign(sealed.begin(), sealed.end());
    }
    mix_hash(sealed);
    return plain;
}

// Message 0: e; message 1: e, ee, s, es; message 2: s, se.
Result<void> NoiseXx::write_message(BytesView payload, Bytes& out) {
    GGEN_ASSERT(is_our_turn());
    if (messages_ < 2) {
        auto const& key = ephemeral_.public_key();
        out.insert(out.end(), key.begin(), key.end());
        mix_hash(key);
    }
    if (messages_ == 1) RETURN_IF_ERROR(mix_agreement(ephemeral_, *remote_ephemeral_));
    if (messages_ > 0) {
        RETURN_IF_ERROR(encrypt_and_hash(static_.public_key(), out));
        RETURN_IF_ERROR(mix_static(messages_ == 1));
    }
    RETURN_IF_ERROR(encrypt_and_hash(payload, out));
    ++messages_;
    return ok();
}

Result<Bytes> NoiseXx::read_message(BytesView message) {
    GGEN_ASSERT(!is_complete() && !is_our_turn());
    if (messages_ < 2) {
        if (message.size() < k_key_bytes) return cut_short();
        remote_ephemeral_ = array_of<X25519PublicKey>(message);
        mix_hash(message.first(k_key_bytes));
        message = message.subspan(k_key_bytes);
    }
    if (messages_ == 1) RETURN_IF_ERROR(mix_agreement(ephemeral_, *remote_ephemeral_));
    if (messages_ > 0) {
        std::size_t const sealed_bytes = k_key_bytes + k_aead_tag_bytes;
        if (message.size() < sealed_bytes) return cut_short();
        ASSIGN_OR_RETURN(Bytes const key, decrypt_and_hash(message.first(sealed_bytes)));
        remote_static_ = array_of<X25519PublicKey>(key);
        message = message.subspan(sealed_bytes);
        RETURN_IF_ERROR(mix_static(messages_ == 1));
    }
    ASSIGN_OR_RETURN(Bytes payload, decrypt_and_hash(message));
    ++messages_;
    return payload;
}

NoiseXx::Ciphers NoiseXx::split() const {
    GGEN_ASSERT(is_complete());
    Bytes const keys = hkdf_sha256(chaining_key_.view(), {}, {}, 2 * k_key_bytes);
    auto const first = array_of<AeadKey>(keys);
    auto const second = array_of<AeadKey>(BytesView{keys}.subspan(k_key_bytes));
    if (role_ == Role::initiator) return {NoiseCipher{first}, NoiseCipher{second}};
    return {NoiseCipher{second}, NoiseCipher{first}};
}

}  // namespace ggen::p2p
