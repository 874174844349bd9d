// Published keys and ids: libp2p/specs peer-ids/peer-ids.md "Test vectors"; keys and signatures made by
// go-libp2p (js-libp2p packages/crypto/test/fixtures/go-key-ed25519.ts); test-plans gossipsub-interop ids.
#include "p2p/identity/identity.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/protobuf.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_ecdsa =
    "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44"
    "abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62";
constexpr std::string_view k_ed25519 =
    "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
constexpr std::string_view k_ed25519_private =
    "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144b8be8fd4"
    "b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
constexpr std::string_view k_secp256k1 =
    "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
constexpr std::string_view k_secp256k1_private =
    "0802122053dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb";
constexpr std::string_view k_rsa =
    "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08200bde24"
    "eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986dbb645dae988008970"
    "4a94e5066d594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0"
    "ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395"
    "ad941256542c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb3"
    "5aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766d"
    "a295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae92438a2c8cbcc70b31ee319939a3b9c761d"
    "bc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb962162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeff"
    "d7ac1e3fbcc6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb"
    "04a9580b4753c1738a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c"
    "79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca"
    "959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203010001";
constexpr std::string_view k_go_priv96 =
    "08011260c9d0016eb010e62542b895fc4e38ce8802267698e2c575c836bd9cdab8077639e931dd61a49ef18149a6e1ff"
    "c1761654370ff9a8e1b4c6bf0e4bbbf3965be825e931dd61a49ef18149a6e1ffc1761654370ff9a8e1b4c6bf0e4bbbf3"
    "965be825";
constexpr std::string_view k_go_sig96 =
    "07e6afa4e43a4ed03ef3498e53c3b0d9a63e29a5a8a44bb3a3566620125496ed27cfd51486ed3229b0b7e58526ff2ae4"
    "44ba640eaf9cf3767d7d78d47c67fc0c";
constexpr std::string_view k_go_priv64 =
    "08011240e838af14f0a0132f5c5873dda40d24a29e88f71f1de74c8f0c5bc10458214317a3b0c32ffed03105c066203f"
    "3acaab9992a419d4195b921a75a59406cf5ad97e";
constexpr std::string_view k_go_sig64 =
    "a07d1e3ed5bdef5c574ccda9fb95bb396055afd51684e53cc41275c20cae871f27a8ae674e3725de25acdeef993fc598"
    "43a7bfd7a1d4d8a3514d2de4974f6501";
constexpr std::string_view k_go_data = "hello! and welcome to some awesome crypto primitives";

Bytes unhex(std::string_view text) { return hex_decode(text).value(); }

TEST(IdentityTest, ReadsTheKeysOfTheSpecification) {
    struct Case { std::string_view hex; KeyKind kind; };
    for (auto const& [hex, kind] : {Case{k_ecdsa, KeyKind::ecdsa}, Case{k_ed25519, KeyKind::ed25519},
                                    Case{k_secp256k1, KeyKind::secp256k1}, Case{k_rsa, KeyKind::rsa}}) {
        auto const key = decode_public_key(unhex(hex));
        ASSERT_TRUE(key.has_value()) << key.error().context;
        EXPECT_EQ(key->kind(), kind);
        EXPECT_EQ(hex_encode(encode_public_key(*key)), hex);
    }
}

TEST(IdentityTest, NamesTheKeysOfTheSpecification) {
    EXPECT_EQ(peer_id_of(decode_public_key(unhex(k_ed25519)).value()).text(),
              "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
    EXPECT_EQ(peer_id_of(decode_public_key(unhex(k_secp256k1)).value()).text(),
              "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY");
    EXPECT_EQ(peer_id_of(decode_public_key(unhex(k_ecdsa)).value()).text(),
              "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk");
    EXPECT_TRUE(peer_id_of(decode_public_key(unhex(k_rsa)).value()).text().starts_with("Qm"));
}

TEST(IdentityTest, DerivesThePublicKeyOfTheSpecification) {
    auto const key = decode_private_key(unhex(k_ed25519_private)).value();
    EXPECT_EQ(hex_encode(encode_public_key(PublicKey::from_ed25519(key.public_key()))), k_ed25519);
    EXPECT_EQ(hex_encode(encode_private_key(key)), k_ed25519_private);
}

TEST(IdentityTest, ReadsKeysAndSignaturesOfGo) {
    auto const long_key = decode_private_key(unhex(k_go_priv96)).value();
    EXPECT_TRUE(long_key.public_key().verify(as_bytes(k_go_data), unhex(k_go_sig96)));
    EXPECT_EQ(hex_encode(long_key.sign(as_bytes(k_go_data))), k_go_sig96);
    auto const key = decode_private_key(unhex(k_go_priv64)).value();
    EXPECT_TRUE(key.public_key().verify(as_bytes(k_go_data), unhex(k_go_sig64)));
    EXPECT_EQ(hex_encode(key.sign(as_bytes(k_go_data))), k_go_sig64);
}

TEST(IdentityTest, GivesTheDigestOfTenThousandPeerIds) {
    Sha256 digest;
    for (std::uint32_t id = 0; id < 10'000; ++id) {
        Bytes seed(32, 0);
        for (unsigned i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(id >> (8 * i));
        auto const text = peer_id_of(Ed25519PrivateKey::from_seed(seed)->public_key()).text();
        if (id == 0) {
            EXPECT_EQ(text, "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
        }
        digest.update(as_bytes(">" + std::to_string(id) + ":" + text + "\n"));
    }
    EXPECT_EQ(digest.finish().hex(), "11395ea896d00ca25f7f648ebb336488ee092096a5498d90d76b92eaec27867a");
}

TEST(IdentityTest, HashesPeerIdsAsTheDhtSpecificationSays) {
    // ipfs/specs src/routing/kad-dht.md: identifiers of a peer and of a CID's multihash
    auto const peer = PeerId::from_bytes(
        unhex("0024080112209e3b433cbd31c2b8a6ebbdca998bd0f4c2141c9c9af5422e976051b1e63af14d"));
    EXPECT_EQ(sha256(peer->bytes()).hex(), "e43d28f0996557c0d5571d75c62a57a59d7ac1d30a51ecedcdb9d5e4afa56100");
    EXPECT_EQ(sha256(unhex("1220e536c7f88d731f374dccb568aff6f56e838a19382e488039b1ca8ad2599e82fe")).hex(),
              "d623250f3f660ab4c3a53d3c97b3f6a0194c548053488d093520206248253bcb");
}

TEST(IdentityTest, FindsTheKeyInTheId) {
    auto const key = decode_public_key(unhex(k_ed25519)).value();
    EXPECT_EQ(inline_public_key(peer_id_of(key)).value(), key);
    auto const hashed = peer_id_of(decode_public_key(unhex(k_ecdsa)).value());
    EXPECT_EQ(inline_public_key(hashed).error().code, Errc::not_found);
}

TEST(IdentityTest, RefusesOtherEncodingsOfAKey) {
    std::string const data{k_ed25519.substr(8)};
    for (std::string const& hex : {
             "1220" + data + "0801",               // order
             "1220" + data,                        // no kind: it would read as RSA
             "0801" "0801" "1220" + data,          // a field twice
             "0881001220" + data,                  // a longer varint
             "080112a000" + data,                  // a longer length
             "08011220" + data + "1800",           // a third field
             "0804" "1220" + data,                 // an unknown kind
             std::string{"0801"}, std::string{}}) {
        EXPECT_FALSE(decode_public_key(unhex(hex)).has_value()) << hex;
    }
}

TEST(IdentityTest, TakesAMessageOfTheLimitAndRefusesOneByteMore) {
    auto const message = [](std::size_t size) {
        return std::move(ProtoWriter{}.uint(1, 0).bytes(2, Bytes(size, 0x30))).take();
    };
    // head: 2 bytes of kind, 1 of tag, 2 of length
    EXPECT_EQ(decode_public_key(message(k_public_key_bytes_max)).error().code, Errc::invalid);
    EXPECT_EQ(decode_public_key(message(k_public_key_message_bytes_max - 5)).error().code, Errc::too_large);
    EXPECT_EQ(decode_public_key(Bytes(k_public_key_message_bytes_max + 1, 1)).error().code, Errc::too_large);
}

TEST(IdentityTest, RefusesPrivateKeysWhoseHalvesDiffer) {
    for (std::size_t at : {std::size_t{10}, std::size_t{40}, std::size_t{80}}) {
        Bytes bytes = unhex(k_go_priv96);
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U);
        EXPECT_EQ(decode_private_key(bytes).error().code, Errc::invalid) << at;
    }
    EXPECT_EQ(decode_private_key(unhex(k_secp256k1_private)).error().code, Errc::refused);
    EXPECT_FALSE(decode_private_key(unhex(k_ed25519)).has_value());
}

}  // namespace
}  // namespace ggen::p2p
