#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ggen {
namespace {

// FIPS 180-4 examples.
constexpr char const* k_sha256_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char const* k_sha256_empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

template <std::size_t Size>
std::string hex_of(std::array<std::uint8_t, Size> const& bytes) {
    std::string text;
    for (auto const byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

TEST(DigestTest, HashesThePublishedExamples) {
    EXPECT_EQ(sha256(as_bytes("abc")).hex(), k_sha256_abc);
    EXPECT_EQ(sha256({}).hex(), k_sha256_empty);
    EXPECT_EQ(hex_of(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_of(sha512(as_bytes("abc"))),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(DigestTest, PiecesGiveTheDigestOfTheWhole) {
    Sha256 hash;
    hash.update(as_bytes("a"));
    hash.update({});
    hash.update(as_bytes("bc"));
    EXPECT_EQ(hash.finish().hex(), k_sha256_abc);
    EXPECT_EQ(hash.finish().hex(), k_sha256_empty) << "finish() starts afresh";
    EXPECT_EQ(sha256_joined(as_bytes("a"), as_bytes("bc")).hex(), k_sha256_abc);
}

TEST(DigestTest, TextHasOneSpelling) {
    auto const digest = sha256(as_bytes("abc"));
    auto const parsed = Digest::parse(digest.text());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, digest);

    std::string upper = digest.hex();
    upper[0] = 'B';
    for (auto const& bad : {upper, digest.hex().substr(1), digest.hex() + "0", std::string{}}) {
        auto const refused = Digest::from_hex(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid);
    }
    EXPECT_FALSE(Digest::parse(digest.hex()));
    EXPECT_FALSE(Digest::parse("sha512:" + digest.hex()));
    EXPECT_FALSE(Digest::parse("sha256: " + digest.hex()));
}

}  // namespace
}  // namespace ggen
