#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

// Owners of OpenSSL objects; included by sources of this module only.
namespace ggen::detail {

struct FreePkey { void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); } };
struct FreePkeyContext { void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); } };
struct FreeDigestContext { void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); } };
struct FreeCipherContext { void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); } };
struct FreeKdfContext { void operator()(EVP_KDF_CTX* p) const { EVP_KDF_CTX_free(p); } };

using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreePkeyContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, FreeKdfContext>;

}  // namespace ggen::detail
