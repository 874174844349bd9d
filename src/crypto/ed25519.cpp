#include "crypto/ed25519.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace ggen {
namespace {

struct KeyDeleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

Key private_key(BytesView seed) {
    Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())};
    GGEN_ASSERT(key != nullptr);
    return key;
}

Ed25519PublicKey public_key_of(BytesView seed) {
    Ed25519PublicKey public_key;
    auto const key = private_key(seed);
    std::size_t length = public_key.bytes.size();
    GGEN_ASSERT(EVP_PKEY_get_raw_public_key(key.get(), public_key.bytes.data(), &length) == 1);
    GGEN_ASSERT(length == public_key.bytes.size());
    return public_key;
}

}  // namespace

bool Ed25519PublicKey::verify(BytesView message, BytesView signature) const {
    Key const key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size())};
    Context const context{EVP_MD_CTX_new()};
    bool const is_valid =
        key != nullptr && context != nullptr &&
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
    // A refused signature leaves entries in the thread's error queue; TLS code would trip over them.
    if (!is_valid) ERR_clear_error();
    return is_valid;
}

Ed25519PrivateKey Ed25519PrivateKey::generate(Random& random) {
    Ed25519PrivateKey key;
    random.fill(key.seed_);
    key.public_key_ = public_key_of(key.seed_);
    return key;
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_seed(BytesView seed) {
    Ed25519PrivateKey key;
    if (seed.size() != key.seed_.size()) return Error{Errc::invalid, "a private key is a seed of 32 bytes"};
    std::copy(seed.begin(), seed.end(), key.seed_.begin());
    key.public_key_ = public_key_of(key.seed_);
    return key;
}

Ed25519PrivateKey::~Ed25519PrivateKey() { OPENSSL_cleanse(seed_.data(), seed_.size()); }

Ed25519Signature Ed25519PrivateKey::sign(BytesView message) const {
    auto const key = private_key(seed_);
    Context const context{EVP_MD_CTX_new()};
    Ed25519Signature signature{};
    std::size_t length = signature.size();
    GGEN_ASSERT(context != nullptr);
    GGEN_ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    GGEN_ASSERT(EVP_DigestSign(context.get(), signature.data(), &length, message.data(), message.size()) == 1);
    GGEN_ASSERT(length == signature.size());
    return signature;
}

}  // namespace ggen
