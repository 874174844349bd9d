// Keys of libp2p/specs peer-ids/peer-ids.md; signatures over k_message made with the private keys there.
#include "crypto/public_key.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

constexpr std::string_view k_message = "libp2p key of the specification";
constexpr std::string_view k_rsa_4096 =
    "30820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08200bde24eef00d0494"
    "49b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986dbb645dae9880089704a94e5066d"
    "594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0ab3aeb1873"
    "282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395ad94125654"
    "2c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb35aa0d7e205"
    "61da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766da295ab7882"
    "2add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae92438a2c8cbcc70b31ee319939a3b9c761dbc13b5c086"
    "d6b64bf7ae7dacc14622375d92a8ff9af7eb962162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbc"
    "c6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b47"
    "53c1738a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c79c13d63ed"
    "b6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca959b0f5dcb"
    "c90caeefc4135baca6fd475224269bbe1b0203010001";
constexpr std::string_view k_rsa_signature =
    "3aa377714c61f3f9c801e36048df1188fad2b50423c90839f348c4b548325cc237b79079c25092f2173084bc30bb0693"
    "41c1464bf9513e035f91fa2cd07ca2cf4a6fb967aa1b268f210b75af07b99cd3e4d825650f19b69f0a139109101cdbcd"
    "8cfaf6f08a3e4f29afdd784eb159f3bd7581a8802784f7709d3d679e0a65592be3796440b65beae1e3a366b2483eedab"
    "d24782fb190f2eb976ba1adfd55165f9b9c31fdbf669da3e4b9cd19b4eeae4920574cc64c9abb5d0a7f5992373521ef5"
    "4a78a4d71eff489203bc98c9386426d8aa695227fd0fd688170bba94f0389c1275c88c48e894516290e00be505e60f78"
    "163d832ac66893e644263f07c24f9aae449a88361ca33125679dd2dbbe34f6766cd7d5f8f9a44acfdd97e903a0893150"
    "08fad2872e7eb9e5c32e275b5863dc89a85c04d1237bafc16b8c5468d4a6d4f7388ab4ff1d955d1e852e5a76c9aa5b18"
    "aa17da819f4695c0893c1a97ddaac0ed91ba491e6fea2b20c70d8fda53d9e252204ce8b3fd7ab1ae6e4243cef630747b"
    "0557b8541946008477b38047b2b662e5de235942ccc4f93fb1bde707120200993f4067dcf3a1f375f3125c133630b42a"
    "91d4cfd5cb028da0a317ffd8afb7a5c197ae7663d5ebc045139d5112de5a1b5c9de3d897f6afad895ab837d8f3dac62c"
    "cd6c50c7f644c334f66a5b7c3f39411ee8158b2d3ff50a9d1dac5c5d96241ae8";
constexpr std::string_view k_p256 =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf3161f"
    "162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62";
constexpr std::string_view k_p256_signature =
    "304402203c97a48dc1bd86281dc87c21f570cf64411fc90bd604b800494f6cd4f366ca630220748c770be32eb7055c9e"
    "9e5efd8d79fa3cba20883816eeb63cd9698cc649f792";
constexpr std::string_view k_secp256k1 =
    "037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
constexpr std::string_view k_secp256k1_signature =
    "30440220374be96f52a734a34edbd2b414adbea1e4358f549e885058e901c7206f0987c402201fb90fdf0c2fe9dddbfa"
    "a7294b05494731b4847729105f4225833551c707a810";
constexpr std::string_view k_rsa_1024 =
    "30819f300d06092a864886f70d010101050003818d0030818902818100c2d63092b189e779f75d9397ec4d6dfc99779c"
    "8ed5dce02024193a350873f431cef77445bdf4f06b99a85723a55a608b355ba42927adadd0cf4175826d24ed230d070d"
    "b22d7529863c3ea4a2b1e446bb0300592a39d7a1a052faf395c89d4a1f6525afab9cfe761dbd4a3d1274da992d540758"
    "d892a79cd9f5050e2c7041b4050203010001";
constexpr std::string_view k_p384 =
    "3076301006072a8648ce3d020106052b8104002203620004e01d7832717b590b1512b288d84f4aad6fc06197c0bf9562"
    "74e9ccd454024950cdefc238c2c5aa20f6d66897422406cc42482adf3226b4d19d15d0020aa0c7b840aa296b620444ac"
    "8b1925a8c378ad755682f77fc34b7f1c7c578b9b71df2049";

Bytes unhex(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
    }
    return out;
}

/// A SubjectPublicKeyInfo of an RSA key with a modulus of `bits`; nobody knows its factors.
Bytes rsa_of(std::size_t bits) {
    auto const wrapped = [](std::uint8_t tag, Bytes content) {
        Bytes out{tag, 0x82, static_cast<std::uint8_t>(content.size() >> 8U),
                  static_cast<std::uint8_t>(content.size())};
        out.insert(out.end(), content.begin(), content.end());
        return out;
    };
    Bytes modulus((bits + 7) / 8, 0xA5);
    modulus[0] = static_cast<std::uint8_t>(1U << ((bits + 7) % 8));
    if (bits % 8 == 0) modulus.insert(modulus.begin(), 0);
    Bytes numbers = wrapped(0x02, modulus);
    numbers.insert(numbers.end(), {0x02, 0x03, 0x01, 0x00, 0x01});
    Bytes bit_string = wrapped(0x30, numbers);
    bit_string.insert(bit_string.begin(), 0);
    Bytes content = unhex("300d06092a864886f70d0101010500");
    Bytes const tail = wrapped(0x03, bit_string);
    content.insert(content.end(), tail.begin(), tail.end());
    return wrapped(0x30, content);
}

void expect_verifies(KeyKind kind, std::string_view data, std::string_view signature) {
    auto const key = PublicKey::from_data(kind, unhex(data));
    ASSERT_TRUE(key.has_value()) << key.error().context;
    EXPECT_EQ(key->data().size(), data.size() / 2);
    Bytes bytes = unhex(signature);
    EXPECT_TRUE(key->verify(as_bytes(k_message), bytes));
    EXPECT_FALSE(key->verify(as_bytes("another message"), bytes));
    bytes[bytes.size() / 2] = static_cast<std::uint8_t>(bytes[bytes.size() / 2] ^ 1U);
    EXPECT_FALSE(key->verify(as_bytes(k_message), bytes));
    EXPECT_FALSE(key->verify(as_bytes(k_message), {}));
}

TEST(PublicKeyTest, VerifiesRsa) { expect_verifies(KeyKind::rsa, k_rsa_4096, k_rsa_signature); }
TEST(PublicKeyTest, VerifiesEcdsaOnP256) { expect_verifies(KeyKind::ecdsa, k_p256, k_p256_signature); }
TEST(PublicKeyTest, VerifiesSecp256k1) { expect_verifies(KeyKind::secp256k1, k_secp256k1, k_secp256k1_signature); }

TEST(PublicKeyTest, VerifiesEd25519) {
    auto const private_key = Ed25519PrivateKey::from_seed(Bytes(32, 7)).value();
    auto const signature = private_key.sign(as_bytes(k_message));
    auto const key = PublicKey::from_data(KeyKind::ed25519, private_key.public_key().bytes).value();
    EXPECT_TRUE(key.verify(as_bytes(k_message), signature));
    EXPECT_FALSE(key.verify(as_bytes("another message"), signature));
    EXPECT_EQ(key, PublicKey::from_ed25519(private_key.public_key()));
}

TEST(PublicKeyTest, RefusesRsaKeysThatAreTooSmall) {
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, unhex(k_rsa_1024)).error().code, Errc::refused);
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, rsa_of(2047)).error().code, Errc::refused);
    EXPECT_TRUE(PublicKey::from_data(KeyKind::rsa, rsa_of(2048)).has_value());
}

TEST(PublicKeyTest, TakesRsaKeysOfTheLimitAndRefusesOneBitMore) {
    EXPECT_TRUE(PublicKey::from_data(KeyKind::rsa, rsa_of(8192)).has_value());
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, rsa_of(8193)).error().code, Errc::refused);
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, rsa_of(65536)).error().code, Errc::too_large);
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, Bytes(k_public_key_bytes_max, 0x30)).error().code, Errc::invalid);
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, Bytes(k_public_key_bytes_max + 1, 0x30)).error().code,
              Errc::too_large);
}

TEST(PublicKeyTest, RefusesOtherCurvesAndKinds) {
    EXPECT_EQ(PublicKey::from_data(KeyKind::ecdsa, unhex(k_p384)).error().code, Errc::refused);
    EXPECT_EQ(PublicKey::from_data(KeyKind::ecdsa, unhex(k_rsa_4096)).error().code, Errc::invalid);
    EXPECT_EQ(PublicKey::from_data(KeyKind::rsa, unhex(k_p256)).error().code, Errc::invalid);
    EXPECT_EQ(PublicKey::from_data(static_cast<KeyKind>(4), Bytes(32)).error().code, Errc::refused);
}

TEST(PublicKeyTest, RefusesBytesThatAreNoKey) {
    for (auto const kind : {KeyKind::rsa, KeyKind::ed25519, KeyKind::secp256k1, KeyKind::ecdsa}) {
        EXPECT_FALSE(PublicKey::from_data(kind, {}).has_value());
        EXPECT_FALSE(PublicKey::from_data(kind, Bytes(31, 1)).has_value());
        EXPECT_FALSE(PublicKey::from_data(kind, Bytes(100, 0x30)).has_value());
    }
    Bytes left_over = unhex(k_p256);
    left_over.push_back(0);
    EXPECT_FALSE(PublicKey::from_data(KeyKind::ecdsa, left_over).has_value());
    Bytes off_curve = unhex(k_secp256k1);
    off_curve[0] = 5;
    EXPECT_EQ(PublicKey::from_data(KeyKind::secp256k1, off_curve).error().code, Errc::invalid);
}

}  // namespace
}  // namespace ggen
