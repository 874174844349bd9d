#include "crypto/x25519.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>

#include "crypto/openssl_handles.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_key_bytes = 32;

}  // namespace

X25519PrivateKey::X25519PrivateKey(BytesView bytes)
    : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size()), detail::FreePkey{}) {
    std::size_t length = public_key_.size();
    GGEN_ASSERT(key_ != nullptr && EVP_PKEY_get_raw_public_key(key_.get(), public_key_.data(), &length) == 1);
}

X25519PrivateKey X25519PrivateKey::generate(Random& random) {
    std::array<std::uint8_t, k_key_bytes> bytes{};
    random.fill(bytes);
    X25519PrivateKey key{bytes};
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return key;
}

Result<X25519PrivateKey> X25519PrivateKey::from_bytes(BytesView bytes) {
    if (bytes.size() != k_key_bytes) return Error{Errc::invalid, "an X25519 key has 32 bytes"};
    return X25519PrivateKey{bytes};
}

Result<X25519Shared> X25519PrivateKey::agree(X25519PublicKey const& peer) const {
    detail::Pkey const other{EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size())};
    GGEN_ASSERT(other != nullptr);
    detail::PkeyContext const context{EVP_PKEY_CTX_new(key_.get(), nullptr)};
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
