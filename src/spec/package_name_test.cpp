#include "spec/package_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ggen {
namespace {

std::string problem_of(std::string_view text) {
    auto const name = PackageName::parse(text);
    return name ? "accepted" : name.error().context;
}

TEST(PackageNameTest, AcceptsTheGrammar) {
    for (char const* text : {"a", "0", "a1", "my-pack", "my.pack", "my_pack", "acme/pack", "a.b-c_d/e.f",
                             "io.ggen.rust.cli-subcommand", "console", "a/con1", "nulls"}) {
        EXPECT_TRUE(PackageName::parse(text)) << text << ": " << problem_of(text);
    }
}

TEST(PackageNameTest, RefusesEverythingElse) {
    using std::string_literals::operator""s;
    std::string const bad[] = {"",
                               "/",
                               "a/",
                               "/a",
                               "a/b/c",
                               ".",
                               "..",
                               "../a",
                               "a/..",
                               ".a",
                               "a.",
                               "-a",
                               "a-",
                               "_a",
                               "a_",
                               "a..b",
                               "a--b",
                               "a-.b",
                               "a b",
                               " a",
                               "a ",
                               "a\n",
                               "a\0b"s,
                               "A",
                               "Pack",
                               "a%2fb",
                               "a%20b",
                               "--help",
                               "-h",
                               "@a/b",
                               "a\\b",
                               "a:b",
                               "a*b",
                               "a?b",
                               "a\x1b[31m",
                               "\xd0\xb0pple" /* Cyrillic a */,
                               "\xef\xbd\x81" /* full-width a */,
                               ("a\xe2\x80\x8b"
                                "b") /* zero width space */,
                               ("a\xe2\x80\xae"
                                "b") /* right-to-left override */,
                               "\xc3\xa9",
                               "a\xff",
                               "\xed\xa0\x80",
                               "con",
                               "aux",
                               "nul.txt",
                               "acme/com1",
                               "lpt9/a",
                               "prn"};
    for (auto const& text : bad) EXPECT_FALSE(PackageName::parse(text)) << text;
}

TEST(PackageNameTest, CountsTheLimitInBytesOverTheWholeName) {
    std::string const at_limit = std::string(31, 'a') + "/" + std::string(32, 'b');
    EXPECT_TRUE(PackageName::parse(at_limit));
    EXPECT_FALSE(PackageName::parse(at_limit + "b"));
    EXPECT_FALSE(PackageName::parse(std::string(1'000'000, 'a')));
}

TEST(PackageNameTest, ErrorsNameTheOffendingCharacter) {
    EXPECT_EQ(problem_of("\xd0\xb0pple"), "package name \"\\u{0430}pple\": U+0430 is not allowed in a name");
    EXPECT_EQ(problem_of("a\x1b[0m"), "package name \"a\\x1b[0m\": U+001B is not allowed in a name");
    EXPECT_EQ(problem_of("a\xff"), "package name \"a\\xff\": byte 0xff is not allowed in a name");
    EXPECT_EQ(problem_of("a-%b"), "package name \"a-%b\": '%' is not allowed in a name");
    EXPECT_EQ(problem_of("a--b"), "package name \"a--b\": '-' must stand alone between letters or digits");
    EXPECT_EQ(problem_of("a/b/c"), "package name \"a/b/c\": it has more than one '/'");
    EXPECT_EQ(problem_of("/b"), "package name \"/b\": the scope is empty");
    EXPECT_EQ(problem_of("con.x"), "package name \"con.x\": \"con\" is reserved by an operating system");
    EXPECT_EQ(PackageName::parse("A").error().id, ErrorId::name_invalid);
}

TEST(PackageNameTest, SuggestsASpellingOnlyWhenItIsValid) {
    EXPECT_EQ(PackageName::parse(" My Pack ").error().help, "did you mean my-pack?");
    EXPECT_EQ(PackageName::parse("@Acme/pack").error().help, "did you mean acme/pack?");
    EXPECT_EQ(PackageName::parse("a%b").error().help, "");
}

TEST(PackageNameTest, SplitsScopeAndBase) {
    auto const scoped = PackageName::parse("acme/pack").value();
    EXPECT_EQ(scoped.scope(), "acme");
    EXPECT_EQ(scoped.base(), "pack");
    auto const bare = PackageName::parse("pack").value();
    EXPECT_EQ(bare.scope(), "");
    EXPECT_EQ(bare.base(), "pack");
}

TEST(PackageNameTest, LookAlikesShareASkeleton) {
    auto const skeleton = [](char const* text) { return PackageName::parse(text).value().skeleton(); };
    EXPECT_EQ(skeleton("left-pad"), skeleton("leftpad"));
    EXPECT_EQ(skeleton("left-pad"), skeleton("1eft.pad"));
    EXPECT_EQ(skeleton("modern"), skeleton("rnodern"));
    EXPECT_EQ(skeleton("window"), skeleton("vvind0w"));
    EXPECT_EQ(skeleton("a-r-n"), skeleton("a-m"));
    EXPECT_NE(skeleton("acme/pack"), skeleton("acmepack"));
    EXPECT_NE(skeleton("react"), skeleton("reacts"));
}

}  // namespace
}  // namespace ggen
