#include "crypto/public_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "crypto/openssl_handles.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_compressed_point_bytes = 33;

Error invalid(char const* why) {
    ERR_clear_error();
    return Error{Errc::invalid, std::string{"public key: "} + why};
}

Error refused(char const* why) {
    ERR_clear_error();
    return Error{Errc::refused, std::string{"public key: "} + why};
}

std::string curve_of(EVP_PKEY* key) {
    std::array<char, 64> name{};
    std::size_t length = 0;
    bool const is_named = EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                                         &length) == 1;
    if (!is_named) return {};
    return {name.data(), length};
}

Result<detail::Pkey> parse_spki(BytesView data, int type) {
    unsigned char const* at = data.data();
    detail::Pkey key{d2i_PUBKEY(nullptr, &at, static_cast<long>(data.size()))};
    if (key == nullptr || at != data.data() + data.size()) return invalid("no DER SubjectPublicKeyInfo");
    if (EVP_PKEY_get_base_id(key.get()) != type) return invalid("the content is of another kind");
    return key;
}

Result<detail::Pkey> parse_secp256k1(BytesView data) {
    if (data.size() != k_compressed_point_bytes) return invalid("a secp256k1 key is a compressed point of 33 bytes");
    detail::PkeyContext const context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    std::string group = "secp256k1";
    std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(data.data()), data.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) {
        EC_GROUP* const known = EC_GROUP_new_by_curve_name(NID_secp256k1);
        bool const is_known = known != nullptr;
        EC_GROUP_free(known);
        return is_known ? invalid("no point on secp256k1") : refused("this OpenSSL has no secp256k1");
    }
    return detail::Pkey{key};
}

Result<detail::Pkey> parse(KeyKind kind, BytesView data) {
    if (data.size() > k_public_key_bytes_max) return Error{Errc::too_large, "public key: more than 1200 bytes"};
    switch (kind) {
        case KeyKind::ed25519: {
            if (data.size() != 32) return invalid("an Ed25519 key has 32 bytes");
            return detail::Pkey{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data.data(), data.size())};
        }
        case KeyKind::rsa: {
            ASSIGN_OR_RETURN(detail::Pkey key, parse_spki(data, EVP_PKEY_RSA));
            int const bits = EVP_PKEY_get_bits(key.get());
            if (bits < k_rsa_bits_min) return refused("an RSA key of less than 2048 bits");
            if (bits > k_rsa_bits_max) return refused("an RSA key of more than 8192 bits");
            return key;
        }
        case KeyKind::ecdsa: {
            ASSIGN_OR_RETURN(detail::Pkey key, parse_spki(data, EVP_PKEY_EC));
            if (curve_of(key.get()) != "prime256v1") return refused("an ECDSA key on another curve than P-256");
            return key;
        }
        case KeyKind::secp256k1: return parse_secp256k1(data);
    }
    return refused("a kind that does not exist");
}

}  // namespace

Result<PublicKey> PublicKey::from_data(KeyKind kind, BytesView data) {
    ASSIGN_OR_RETURN(detail::Pkey const key, parse(kind, data));
    if (key == nullptr) return invalid("OpenSSL does not take it");
    return PublicKey{kind, Bytes{data.begin(), data.end()}};
}

PublicKey PublicKey::from_ed25519(Ed25519PublicKey const& key) {
    return PublicKey{KeyKind::ed25519, Bytes{key.bytes.begin(), key.bytes.end()}};
}

bool PublicKey::verify(BytesView message, BytesView signature) const {
    auto const key = parse(kind_, data_);
    if (!key || *key == nullptr) return false;
    detail::DigestContext const context{EVP_MD_CTX_new()};
    EVP_MD const* const digest = kind_ == KeyKind::ed25519 ? nullptr : EVP_sha256();
    bool const is_valid =
        context != nullptr &&
        EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key->get()) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
    if (!is_valid) ERR_clear_error();
    return is_valid;
}

}  // namespace ggen
