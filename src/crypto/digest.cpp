#include "crypto/digest.hpp"

// The plain functions of SHA-256 are deprecated in favour of EVP, but they alone work without reading
// openssl.cnf and loading providers: a millisecond, and many commands hash a few kilobytes only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <string_view>

namespace ggen {
namespace {

constexpr std::string_view k_hex_digits = "0123456789abcdef";
constexpr std::string_view k_text_prefix = "sha256:";

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> hash_with(EVP_MD const* algorithm, BytesView bytes) {
    std::array<std::uint8_t, Size> out{};
    GGEN_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, algorithm, nullptr) == 1);
    return out;
}

}  // namespace

std::string Digest::hex() const {
    std::string text(2 * k_bytes, '0');
    for (std::size_t i = 0; i < k_bytes; ++i) {
        text[2 * i] = k_hex_digits[bytes[i] >> 4U];
        text[2 * i + 1] = k_hex_digits[bytes[i] & 15U];
    }
    return text;
}

Result<Digest> Digest::from_hex(std::string_view hex) {
    auto const bad = [] { return Error{Errc::invalid, "a digest is 64 lower-case hex digits"}; };
    if (hex.size() != 2 * k_bytes) return bad();
    Digest digest;
    for (std::size_t i = 0; i < k_bytes; ++i) {
        int const high = hex_value(hex[2 * i]);
        int const low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) return bad();
        digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

Result<Digest> Digest::parse(std::string_view text) {
    if (!text.starts_with(k_text_prefix)) {
        return Error{Errc::invalid, "a digest is \"sha256:\" and 64 lower-case hex digits"};
    }
    return from_hex(text.substr(k_text_prefix.size()));
}

Digest sha256(BytesView bytes) {
    return sha256_joined(bytes, {});
}

Digest sha256_joined(BytesView first, BytesView second) {
    SHA256_CTX context;
    Digest digest;
    GGEN_ASSERT(SHA256_Init(&context) == 1);
    GGEN_ASSERT(SHA256_Update(&context, first.data(), first.size()) == 1);
    GGEN_ASSERT(SHA256_Update(&context, second.data(), second.size()) == 1);
    GGEN_ASSERT(SHA256_Final(digest.bytes.data(), &context) == 1);
    return digest;
}

struct Sha256::Impl {
    SHA256_CTX context;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { GGEN_ASSERT(SHA256_Init(&impl_->context) == 1); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(BytesView bytes) {
    GGEN_ASSERT(SHA256_Update(&impl_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
    Digest digest;
    GGEN_ASSERT(SHA256_Final(digest.bytes.data(), &impl_->context) == 1);
    GGEN_ASSERT(SHA256_Init(&impl_->context) == 1);
    return digest;
}

std::array<std::uint8_t, 64> sha512(BytesView bytes) { return hash_with<64>(EVP_sha512(), bytes); }

std::array<std::uint8_t, 20> sha1(BytesView bytes) { return hash_with<20>(EVP_sha1(), bytes); }

}  // namespace ggen
