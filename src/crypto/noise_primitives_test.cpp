// The vectors of the RFCs for what the Noise handshake is made of.
#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/aead.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/x25519.hpp"

namespace ggen {
namespace {

Bytes unhex(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
    }
    return out;
}

template <std::size_t Size>
std::array<std::uint8_t, Size> unhex_array(std::string_view text) {
    std::array<std::uint8_t, Size> out{};
    Bytes const bytes = unhex(text);
    EXPECT_EQ(bytes.size(), Size);
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

TEST(X25519Test, AgreesAsInRfc7748Section61) {
    auto const a = X25519PrivateKey::from_bytes(
        unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")).value();
    auto const b = X25519PrivateKey::from_bytes(
        unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")).value();
    EXPECT_EQ(a.public_key(),
              unhex_array<32>("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    EXPECT_EQ(b.public_key(),
              unhex_array<32>("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    auto const shared = unhex_array<32>("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    EXPECT_EQ(a.agree(b.public_key()).value(), shared);
    EXPECT_EQ(b.agree(a.public_key()).value(), shared);
}

TEST(X25519Test, RefusesPointsOfSmallOrder) {
    auto const key = X25519PrivateKey::from_bytes(Bytes(32, 0x42)).value();
    EXPECT_EQ(key.agree(X25519PublicKey{}).error().code, Errc::refused);
    X25519PublicKey one{};
    one[0] = 1;
    EXPECT_EQ(key.agree(one).error().code, Errc::refused);
}

TEST(X25519Test, RefusesKeysOfAnotherLength) {
    EXPECT_FALSE(X25519PrivateKey::from_bytes(Bytes(31)).has_value());
    EXPECT_FALSE(X25519PrivateKey::from_bytes(Bytes(33)).has_value());
}

TEST(ChaCha20Poly1305Test, SealsAsInRfc8439Section282) {
    ChaCha20Poly1305 cipher{
        unhex_array<32>("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")};
    auto const nonce = unhex_array<12>("070000004041424344454647");
    auto const associated = unhex("50515253c0c1c2c3c4c5c6c7");
    std::string_view const plain =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        "sunscreen would be it.";
    Bytes sealed;
    cipher.seal(nonce, associated, as_bytes(plain), sealed);
    EXPECT_EQ(sealed, unhex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                            "3ff4def08e4b7a9de576d26586cec64b6116"
                            "1ae10b594f09e26a7e902ecbd0600691"));
    Bytes opened;
    ASSERT_TRUE(cipher.open(nonce, associated, sealed, opened).has_value());
    EXPECT_EQ(as_text(opened), plain);
}

TEST(ChaCha20Poly1305Test, RefusesEveryChangedBitAndLeavesTheOutputAlone) {
    ChaCha20Poly1305 cipher{AeadKey{1, 2, 3}};
    AeadNonce const nonce{};
    Bytes sealed;
    cipher.seal(nonce, {}, as_bytes("text"), sealed);
    Bytes out = to_bytes("before");
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes changed = sealed;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_EQ(cipher.open(nonce, {}, changed, out).error().code, Errc::corrupt);
    }
    EXPECT_FALSE(cipher.open(AeadNonce{1}, {}, sealed, out).has_value());
    EXPECT_FALSE(cipher.open(nonce, as_bytes("x"), sealed, out).has_value());
    EXPECT_FALSE(cipher.open(nonce, {}, BytesView{sealed}.first(15), out).has_value());
    EXPECT_EQ(as_text(out), "before");
}

TEST(ChaCha20Poly1305Test, SealsNothing) {
    ChaCha20Poly1305 cipher{AeadKey{9}};
    Bytes sealed;
    cipher.seal(AeadNonce{}, {}, {}, sealed);
    EXPECT_EQ(sealed.size(), k_aead_tag_bytes);
    Bytes opened;
    EXPECT_TRUE(cipher.open(AeadNonce{}, {}, sealed, opened).has_value());
    EXPECT_TRUE(opened.empty());
}

TEST(HkdfTest, DerivesAsInRfc5869AppendixA) {
    EXPECT_EQ(hkdf_sha256(unhex("000102030405060708090a0b0c"), Bytes(22, 0x0b), unhex("f0f1f2f3f4f5f6f7f8f9"), 42),
              unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
    EXPECT_EQ(hkdf_sha256({}, Bytes(22, 0x0b), {}, 42),
              unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
}

TEST(HkdfTest, TakesEmptyKeyMaterial) { EXPECT_EQ(hkdf_sha256(Bytes(32, 1), {}, {}, 64).size(), 64U); }

}  // namespace
}  // namespace ggen
