#include "crypto/x25519.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>

#include "crypto/openssl_handles.hpp"

namespace ggen {
namespace {

X25519PublicKey public_key_of(BytesView bytes) {
    detail::Pkey const key{EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size())};
    X25519PublicKey out{};
    std::size_t length = out.size();
    GGEN_ASSERT(key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), out.data(), &length) == 1);
    return out;
}

}  // namespace

X25519PrivateKey X25519PrivateKey::generate(Random& random) {
    X25519PrivateKey key;
    random.fill(key.private_);
    key.public_key_ = public_key_of(key.private_);
    return key;
}

Result<X25519PrivateKey> X25519PrivateKey::from_bytes(BytesView bytes) {
    X25519PrivateKey key;
    if (bytes.size() != key.private_.size()) return Error{Errc::invalid, "an X25519 key has 32 bytes"};
    std::copy(bytes.begin(), bytes.end(), key.private_.begin());
    key.public_key_ = public_key_of(key.private_);
    return key;
}

X25519PrivateKey::~X25519PrivateKey() { OPENSSL_cleanse(private_.data(), private_.size()); }

Result<X25519Shared> X25519PrivateKey::agree(X25519PublicKey const& peer) const {
    detail::Pkey const own{
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_.data(), private_.size())};
    detail::Pkey const other{EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size())};
    GGEN_ASSERT(own != nullptr && other != nullptr);
    detail::PkeyContext const context{EVP_PKEY_CTX_new(own.get(), nullptr)};
    GGEN_ASSERT(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);
    X25519Shared shared{};
    std::size_t length = shared.size();
    bool const is_agreed = EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
                           EVP_PKEY_derive(context.get(), shared.data(), &length) == 1;
    bool const is_zero = std::all_of(shared.begin(), shared.end(), [](auto byte) { return byte == 0; });
    if (is_agreed && !is_zero) return shared;
    ERR_clear_error();
    return Error{Errc::refused, "X25519: the peer's key is a point of small order"};
}

}  // namespace ggen
