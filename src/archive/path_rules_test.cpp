#include "archive/path_rules.hpp"

#include <gtest/gtest.h>

#include <string>

#include "archive/archive.hpp"

namespace ggen {
namespace {

TEST(ArchivePathTest, OrdinaryPathsAreAccepted) {
    for (auto const* const path :
         {"gpack.toml", "src/main.rs", ".gitignore", ".github/workflows/ci.yml", "a", "...a", "..a", "-rf", "a b/c d",
          "[id].tsx", "@scope/x", "console.txt", "com.txt", "com10", "aux2.c", "nulls", "icon", ".gitattributes",
          "git~10", "ggen.lock", "über/straße.md", "日本語/テスト.txt", "한국어", "emoji-😀.png", "a+b=c,d;e!f#g%h&i'j(k)"}) {
        auto const checked = check_archive_path(path);
        EXPECT_TRUE(checked) << checked.error().context;
    }
}

TEST(ArchivePathTest, LimitsHoldAtTheLimitAndOnePastIt) {
    auto const component = std::string(100, 'c');
    auto const path_of_200 = std::string(99, 'a') + "/" + std::string(100, 'b');

    EXPECT_TRUE(check_archive_path(component));
    EXPECT_TRUE(check_archive_path(path_of_200));
    auto const long_component = check_archive_path(component + "c");
    auto const long_path = check_archive_path(std::string(100, 'a') + "/" + std::string(100, 'b'));

    ASSERT_FALSE(long_component);
    EXPECT_EQ(long_component.error().code, Errc::too_large);
    EXPECT_EQ(long_component.error().id, ErrorId::archive_too_large);
    ASSERT_FALSE(long_path);
    EXPECT_EQ(long_path.error().code, Errc::too_large);
}

TEST(CollisionKeyTest, IsFullCaseFoldAndNfkc) {
    EXPECT_EQ(collision_key("README.md"), "readme.md");
    EXPECT_EQ(collision_key("Stra\u00DFe"), "strasse");
    EXPECT_EQ(collision_key("e\u0301"), collision_key("\u00C9"));
    EXPECT_EQ(collision_key("\uFB01"), "fi");
    EXPECT_EQ(collision_key("\u03A3"), collision_key("\u03C2"));
    EXPECT_EQ(collision_key("\u0130"), "i");
    EXPECT_NE(collision_key("a"), collision_key("\u0430")) << "Cyrillic a is another file everywhere";
}

TEST(CollisionKeyTest, IsStableUnderItself) {
    for (char32_t code_point = 1; code_point < 0x20000; ++code_point) {
        if (code_point >= 0xD800 && code_point < 0xE000) continue;
        std::string text;
        if (code_point < 0x80) {
            text += static_cast<char>(code_point);
        } else if (code_point < 0x800) {
            text += static_cast<char>(0xC0U | code_point >> 6U);
            text += static_cast<char>(0x80U | (code_point & 0x3FU));
        } else if (code_point < 0x10000) {
            text += static_cast<char>(0xE0U | code_point >> 12U);
            text += static_cast<char>(0x80U | (code_point >> 6U & 0x3FU));
            text += static_cast<char>(0x80U | (code_point & 0x3FU));
        } else {
            text += static_cast<char>(0xF0U | code_point >> 18U);
            text += static_cast<char>(0x80U | (code_point >> 12U & 0x3FU));
            text += static_cast<char>(0x80U | (code_point >> 6U & 0x3FU));
            text += static_cast<char>(0x80U | (code_point & 0x3FU));
        }
        auto const key = collision_key(text);
        ASSERT_EQ(collision_key(key), key) << "U+" << std::hex << static_cast<unsigned>(code_point);
    }
}

TEST(CollisionKeyTest, DotsAboveAnIGoHoweverManyThereAreAndWhateverStandsAfterThem) {
    EXPECT_EQ(collision_key("i\u0307\u0307"), "i");
    EXPECT_EQ(collision_key("\u0131\u0307\u0307/a"), "i/a");
    // Without its dot the i composes with the acute.
    EXPECT_EQ(collision_key("i\u0307\u0301"), collision_key("\u00ED"));
    for (std::string_view const path : {"a/.?ii\u0307\u0307", "\u0130\u0307\u0301", "\u0131\u0301\u0307"}) {
        auto const key = collision_key(path);
        EXPECT_EQ(collision_key(key), key) << path;
    }
}

TEST(CollisionKeyTest, InvalidUtf8KeepsItsBytes) { EXPECT_EQ(collision_key("A\xFF"), "a\xFF"); }

TEST(CollisionTest, PathsThatDifferAreNoCollision) {
    EXPECT_TRUE(path_rules::check_collisions({"a", "b", "c/a", "c/b", "d/e/f", "d/e/g", "d-e/f", "d.e/f"}));
    EXPECT_TRUE(path_rules::check_collisions({"Lib/a", "Lib/b", "lib2/a"}));
}

TEST(CollisionTest, ADirectoryInTwoSpellingsIsOne) {
    auto const checked = path_rules::check_collisions({"a/Lib/x/1", "a/lib/y/2"});

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id, ErrorId::archive_collision);
    EXPECT_NE(checked.error().context.find("one directory in two ways"), std::string::npos);
}

TEST(CollisionTest, APathThatGrowsWithoutBoundIsRefused) {
    std::string path;
    while (path.size() < 196) path += "\uFDFA";  // Folds to eighteen characters.

    auto const checked = path_rules::check_collisions({path});

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id, ErrorId::archive_path_unsafe);
}

TEST(EscapeForTerminalTest, HarmfulCharactersAreSpelledOut) {
    EXPECT_EQ(escape_for_terminal("plain, ünï, 日本"), "plain, ünï, 日本");
    EXPECT_EQ(escape_for_terminal("\x1b[2J\x07\n\x7f"), "\\x1b[2J\\x07\\x0a\\x7f");
    EXPECT_EQ(escape_for_terminal("\u009B31m"), "\\u{009B}31m");
    EXPECT_EQ(escape_for_terminal("a\u202Eb\u200Bc"), "a\\u{202E}b\\u{200B}c");
    EXPECT_EQ(escape_for_terminal("a\xFFz\xC3"), "a\\xffz\\xc3");
    EXPECT_EQ(escape_for_terminal(std::string_view{"a\0b", 3}), "a\\x00b");
}

TEST(EscapeForTerminalTest, TheStyleOfAnEmojiStays) {
    EXPECT_EQ(escape_for_terminal("\u2764\uFE0F"), "\u2764\uFE0F");
    EXPECT_EQ(escape_for_terminal("a\uFE0F"), "a\\u{FE0F}");
    EXPECT_EQ(escape_for_terminal("\u2764\uFE0F\uFE0F"), "\u2764\uFE0F\\u{FE0F}");
}

}  // namespace
}  // namespace ggen
