#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"

namespace ggen {
namespace {

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
    }
    return bytes;
}

// RFC 8032 section 7.1, TEST 1 to 3.
struct Rfc8032Case {
    char const* seed;
    char const* public_key;
    char const* message;
    char const* signature;
};
constexpr Rfc8032Case k_rfc8032_cases[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519Test, SignsAndVerifiesThePublishedExamples) {
    for (auto const& example : k_rfc8032_cases) {
        auto const key = Ed25519PrivateKey::from_seed(from_hex(example.seed));
        ASSERT_TRUE(key);
        auto const message = from_hex(example.message);
        auto const signature = from_hex(example.signature);

        auto const public_bytes = from_hex(example.public_key);
        EXPECT_TRUE(std::equal(public_bytes.begin(), public_bytes.end(), key->public_key().bytes.begin()));
        auto const made = key->sign(message);
        EXPECT_EQ(Bytes(made.begin(), made.end()), signature);
        EXPECT_TRUE(key->public_key().verify(message, signature));
    }
}

TEST(Ed25519Test, EveryFlippedBitIsRefused) {
    testing::SeededRandom random{1};
    auto const key = Ed25519PrivateKey::generate(random);
    auto const message = to_bytes("the marketplace is a log");
    auto const made = key.sign(message);
    Bytes const signature{made.begin(), made.end()};

    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
        auto changed = signature;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(key.public_key().verify(message, changed)) << "bit " << bit;
    }
    for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
        auto changed = message;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(key.public_key().verify(changed, signature)) << "bit " << bit;
    }
}

TEST(Ed25519Test, SignatureOfAnotherLengthIsRefused) {
    testing::SeededRandom random{2};
    auto const key = Ed25519PrivateKey::generate(random);
    auto const made = key.sign(as_bytes("m"));
    Bytes longer{made.begin(), made.end()};
    Bytes const shorter{made.begin(), made.end() - 1};
    longer.push_back(0);

    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), longer));
    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), shorter));
    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), {}));
}

TEST(Ed25519Test, BytesThatAreNoPointVerifyNothing) {
    testing::SeededRandom random{3};
    auto const key = Ed25519PrivateKey::generate(random);
    auto const signature = key.sign(as_bytes("m"));
    Ed25519PublicKey bad;
    bad.bytes.fill(0xFF);

    EXPECT_FALSE(bad.verify(as_bytes("m"), signature));
}

TEST(Ed25519Test, SeedOfAnotherLengthIsRefused) {
    EXPECT_FALSE(Ed25519PrivateKey::from_seed(Bytes(31)));
    EXPECT_FALSE(Ed25519PrivateKey::from_seed(Bytes(33)));
    auto const key = Ed25519PrivateKey::from_seed(Bytes(32, 7));
    ASSERT_TRUE(key);
    EXPECT_EQ(Bytes(key->seed().begin(), key->seed().end()), Bytes(32, 7));
}

}  // namespace
}  // namespace ggen
