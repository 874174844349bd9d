#include "codec/utf8.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

TEST(Utf8Test, DecodesTheFirstAndLastOfEachLength) {
    std::pair<std::string_view, std::uint32_t> const examples[] = {
        {"\x7F", 0x7F},         {"\xC2\x80", 0x80},         {"\xDF\xBF", 0x7FF},
        {"\xE0\xA0\x80", 0x800}, {"\xED\x9F\xBF", 0xD7FF},   {"\xEE\x80\x80", 0xE000},
        {"\xEF\xBF\xBF", 0xFFFF}, {"\xF0\x90\x80\x80", 0x10000}, {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
    for (auto const& [text, value] : examples) {
        auto const point = decode_utf8(text);
        ASSERT_TRUE(point) << value;
        EXPECT_EQ(point->value, value);
        EXPECT_EQ(point->bytes, text.size());
    }
}

TEST(Utf8Test, RefusesWhatIsNoUtf8) {
    for (std::string_view const bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82", "\xC2 "}) {
        EXPECT_FALSE(is_valid_utf8(bad));
        EXPECT_FALSE(is_valid_utf8(std::string{"ok"} + std::string{bad}));
    }
    EXPECT_TRUE(is_valid_utf8("— ok é"));
    EXPECT_TRUE(is_valid_utf8(""));
    EXPECT_FALSE(decode_utf8(""));
}

}  // namespace
}  // namespace ggen
