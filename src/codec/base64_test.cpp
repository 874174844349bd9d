#include "codec/base64.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

TEST(Base64Test, EncodesTheExamplesOfRfc4648) {
    std::pair<char const*, char const*> const examples[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
    for (auto const& [plain, text] : examples) {
        EXPECT_EQ(base64_encode(as_bytes(plain)), text);
        auto const decoded = base64_decode(text);
        ASSERT_TRUE(decoded) << text;
        EXPECT_EQ(as_text(*decoded), plain);
    }
}

TEST(Base64Test, EveryByteComesBack) {
    Bytes bytes;
    for (unsigned i = 0; i < 256; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(i * 7));
        auto const decoded = base64_decode(base64_encode(bytes));
        ASSERT_TRUE(decoded);
        EXPECT_EQ(*decoded, bytes);
    }
}

TEST(Base64Test, SecondSpellingsAreRefused) {
    for (std::string_view const bad :
         {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-_", "Zm9*",
          "Z=g=", "Zm9vZ"}) {
        auto const refused = base64_decode(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid);
    }
    EXPECT_FALSE(base64_decode(std::string_view{"Zm\0v", 4}));
}

TEST(HexTest, HasOneSpelling) {
    EXPECT_EQ(hex_encode(Bytes{0x00, 0x9A, 0xFF}), "009aff");
    auto const decoded = hex_decode("009aff");
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, (Bytes{0x00, 0x9A, 0xFF}));
    for (std::string_view const bad : {"0", "9A", "0x", "gg", " 0"}) EXPECT_FALSE(hex_decode(bad)) << bad;
}

}  // namespace
}  // namespace ggen
