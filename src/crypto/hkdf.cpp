#include "crypto/hkdf.hpp"

#include <openssl/core_names.h>

#include <array>

#include "base/result.hpp"
#include "crypto/openssl_handles.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_hkdf_sha256_bytes_max = std::size_t{255} * 32;

EVP_KDF* kdf() {
    static EVP_KDF* const fetched = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    GGEN_ASSERT(fetched != nullptr);
    return fetched;
}

/// OpenSSL takes an empty parameter only with a pointer that is not null.
OSSL_PARAM octets(char const* name, BytesView bytes) {
    static std::uint8_t nothing = 0;
    return OSSL_PARAM_construct_octet_string(
        name, bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

Bytes hkdf_sha256(BytesView salt, BytesView key_material, BytesView info, std::size_t size_bytes) {
    GGEN_ASSERT(size_bytes > 0 && size_bytes <= k_hkdf_sha256_bytes_max);
    detail::KdfContext const context{EVP_KDF_CTX_new(kdf())};
    GGEN_ASSERT(context != nullptr);
    std::string digest = "SHA256";
    // The order matters nowhere; an absent salt and an empty one are the same (RFC 5869 section 2.2).
    std::array<OSSL_PARAM, 5> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        octets(OSSL_KDF_PARAM_KEY, key_material), octets(OSSL_KDF_PARAM_INFO, info),
        octets(OSSL_KDF_PARAM_SALT, salt), OSSL_PARAM_construct_end()};
    if (salt.empty()) parameters[3] = OSSL_PARAM_construct_end();
    Bytes out(size_bytes);
    GGEN_ASSERT(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1);
    return out;
}

}  // namespace ggen
