#include "crypto/library.hpp"

#include <openssl/crypto.h>

namespace ggen {

std::string crypto_library_version() { return ::OpenSSL_version(OPENSSL_VERSION); }

}  // namespace ggen
