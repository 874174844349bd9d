#include "codec/json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ggen {
namespace {

Json parsed(std::string_view text) {
    auto value = Json::parse(text);
    EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().context);
    return value ? std::move(value).value() : Json{};
}

TEST(JsonTest, PrintsWhatItParsed) {
    for (std::string_view const text :
         {"null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5", "\"\"",
          R"("a\"b\\c\n\u0001é")", "[]", "{}", R"([1,[2,{"a":[]}],"x"])", R"({"z":1,"a":{"b":null},"m":[true]})"}) {
        EXPECT_EQ(parsed(text).dump(), text);
    }
}

TEST(JsonTest, IndentsForPeople) {
    EXPECT_EQ(parsed(R"({"a":[1,2],"b":{},"c":[]})").dump(2),
              "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}");
}

TEST(JsonTest, ReadsEveryKind) {
    auto const value = parsed(R"({"n":null,"b":true,"i":-7,"d":2.5,"s":"\ud83d\ude00","a":[1],"o":{"k":"v"}})");
    ASSERT_NE(value.find("n"), nullptr);
    EXPECT_TRUE(value.find("n")->is_null());
    EXPECT_TRUE(*value.find("b")->if_bool());
    EXPECT_EQ(*value.find("i")->if_integer(), -7);
    EXPECT_FALSE(value.find("d")->is_integer());
    EXPECT_EQ(*value.find("d")->if_double(), 2.5);
    EXPECT_EQ(*value.find("s")->if_string(), "\xF0\x9F\x98\x80");
    EXPECT_EQ(value.find("a")->if_array()->size(), 1U);
    EXPECT_EQ(*value.find("o")->find("k")->if_string(), "v");
    EXPECT_EQ(value.find("missing"), nullptr);
    EXPECT_EQ(value.find("b")->find("k"), nullptr);
    EXPECT_EQ(value.find("b")->if_string(), nullptr);
}

TEST(JsonTest, IntegersBeyond64BitsBecomeNumbers) {
    auto const value = parsed("9223372036854775808");
    EXPECT_TRUE(value.is_number());
    EXPECT_FALSE(value.is_integer());
}

TEST(JsonTest, RefusesWhatIsNotJson) {
    for (std::string_view const bad :
         {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "+1", "1.", ".5", "1e999", "NaN", "Infinity",
          "nul", "[1] 2", "{}{}", "// c\n1", "\"\\x\"", "\"\t\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\xFF\"",
          "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\xEF\xBB\xBF{}"}) {
        auto const refused = Json::parse(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid);
        EXPECT_NE(refused.error().context.find("byte "), std::string::npos) << refused.error().context;
    }
    EXPECT_FALSE(Json::parse(std::string_view{"{}\0{}", 5}));
    EXPECT_FALSE(Json::parse_lenient(std::string_view{"{}\0", 3}));
}

TEST(JsonTest, AKeyThatStandsTwiceIsRefusedOrTheLastWins) {
    std::string_view const text = R"({"a":1,"b":2,"a":{"x":3}})";
    auto const refused = Json::parse(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().context, "JSON, byte 16: the key \"a\" stands twice in one object");
    auto const lenient = Json::parse_lenient(text);
    ASSERT_TRUE(lenient);
    EXPECT_EQ(lenient->dump(), R"({"a":{"x":3},"b":2})");
}

TEST(JsonTest, DuplicatesAreFoundAmongManyKeys) {
    for (int const count : {1, 16, 17, 18, 500}) {
        std::string text = "{";
        for (int i = 0; i < count; ++i) text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
        EXPECT_TRUE(Json::parse(text + "\"last\":0}"));
        for (int i = 0; i < count; ++i) {
            auto const with_duplicate = text + "\"k" + std::to_string(i) + "\":-1}";
            EXPECT_FALSE(Json::parse(with_duplicate)) << count << " keys, again " << i;
        }
        auto const lenient = Json::parse_lenient(text + "\"k0\":-1}");
        ASSERT_TRUE(lenient);
        EXPECT_EQ(*lenient->find("k0")->if_integer(), -1);
        EXPECT_EQ(lenient->if_object()->size(), static_cast<std::size_t>(count));
    }
}

TEST(JsonTest, DepthHasALimit) {
    auto const nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
    };
    EXPECT_TRUE(Json::parse(nested(64)));
    EXPECT_FALSE(Json::parse(nested(65)));
    EXPECT_TRUE(Json::parse_lenient(nested(256)));
    EXPECT_FALSE(Json::parse_lenient(nested(257)));
    EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')));
    EXPECT_TRUE(Json::parse(nested(3), 3));
    EXPECT_FALSE(Json::parse(nested(4), 3));
}

TEST(JsonTest, SetReplacesAndPushAppends) {
    Json value;
    value.set("a", 1).set("b", Json::array()).set("a", "x");
    Json list;
    list.push(1).push(nullptr).push(2.0);
    value.set("b", list);

    EXPECT_EQ(value.dump(), R"({"a":"x","b":[1,null,2.0]})");
}

TEST(JsonTest, InvalidTextIsPrintedWithReplacement) {
    EXPECT_EQ(Json{std::string{"a\xFFz"}}.dump(), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(Json{std::numeric_limits<double>::infinity()}.dump(), "null");
    EXPECT_EQ(Json{std::string{"\x7F"}}.dump(), "\"\x7F\"");
}

}  // namespace
}  // namespace ggen
