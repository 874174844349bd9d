#include "spec/manifest.hpp"

#include <gtest/gtest.h>

#include <string>

#include "spec/toml_guard.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_whole = R"([gpack]
name = "acme/web-service"
version = "1.2.0-rc.1"
description = "A service with \"quotes\" and ünïcode"
license = "MIT"
authors = ["Ada <ada@example.org>", "Bob"]
category = "templates"
tags = ["web", "rest"]
keywords = ["http"]
homepage = "https://example.org"
repository = "https://example.org/git"
readme = "docs/README.md"
include = ["templates/**", "*.md"]
exclude = ["build/"]
id = "io.example.web"          # not a key of ours
ggen_compat = ">=2.0"

[dependencies]
"io.ggen.rust.cli-subcommand" = "^1.0"
base = { version = ">=1 <3", optional = true, registry = "example/main" }
"acme/core" = { version = "~2.1" }

[templates]
patterns = ["templates/**/*.tmpl"]
[rdf.prefixes]
ex = "http://example.org/"
)";

Manifest parsed(std::string_view text) {
    auto manifest = Manifest::parse(text);
    EXPECT_TRUE(manifest) << (manifest ? "" : manifest.error().context);
    return std::move(manifest).value();
}

std::string with_line(std::string_view line) {
    return "[gpack]\nname = \"a\"\nversion = \"1.0.0\"\n" + std::string{line} + "\n";
}

std::string problem_of(std::string_view text) {
    auto const manifest = Manifest::parse(text);
    return manifest ? "accepted" : manifest.error().context;
}

TEST(ManifestTest, ReadsEveryKey) {
    auto const manifest = parsed(k_whole);

    EXPECT_EQ(manifest.name.text(), "acme/web-service");
    EXPECT_EQ(manifest.version.text(), "1.2.0-rc.1");
    EXPECT_EQ(manifest.description, "A service with \"quotes\" and ünïcode");
    EXPECT_EQ(manifest.license, "MIT");
    EXPECT_EQ(manifest.authors, (std::vector<std::string>{"Ada <ada@example.org>", "Bob"}));
    EXPECT_EQ(manifest.category, "templates");
    EXPECT_EQ(manifest.tags, (std::vector<std::string>{"web", "rest"}));
    EXPECT_EQ(manifest.keywords, (std::vector<std::string>{"http"}));
    EXPECT_EQ(manifest.homepage, "https://example.org");
    EXPECT_EQ(manifest.repository, "https://example.org/git");
    EXPECT_EQ(manifest.readme, "docs/README.md");
    EXPECT_EQ(manifest.include, (std::vector<std::string>{"templates/**", "*.md"}));
    EXPECT_EQ(manifest.exclude, (std::vector<std::string>{"build/"}));
    EXPECT_EQ(manifest.source_text, k_whole) << "sections of other programs are kept";
}

TEST(ManifestTest, ReadsDependenciesSortedByName) {
    auto const manifest = parsed(k_whole);

    ASSERT_EQ(manifest.dependencies.size(), 3U);
    EXPECT_EQ(manifest.dependencies[0].name.text(), "acme/core");
    EXPECT_EQ(manifest.dependencies[0].range.text(), "~2.1");
    EXPECT_EQ(manifest.dependencies[1].name.text(), "base");
    EXPECT_TRUE(manifest.dependencies[1].optional);
    EXPECT_EQ(manifest.dependencies[1].registry, "example/main");
    EXPECT_EQ(manifest.dependencies[2].name.text(), "io.ggen.rust.cli-subcommand");
    EXPECT_FALSE(manifest.dependencies[2].optional);
}

TEST(ManifestTest, TheSmallestOneIsEnough) {
    auto const manifest = parsed("gpack.name='a'\ngpack.version='0.0.1'");
    EXPECT_EQ(manifest.name.text(), "a");
    EXPECT_TRUE(manifest.dependencies.empty());
    EXPECT_EQ(parsed("[gpack]\r\nname='a'\r\nversion='0.0.1'\r\n").version.text(), "0.0.1");
}

TEST(ManifestTest, ErrorsPointAtLineAndColumn) {
    struct Case {
        char const* line;
        char const* problem;
    };
    Case const cases[] = {
        {"description = 3", "gpack.toml:4:15: description: expected a string, found an integer"},
        {"license = true", "gpack.toml:4:11: license: expected a string, found a boolean"},
        {"tags = 'x'", "gpack.toml:4:8: tags: expected an array of strings, found a string"},
        {"tags = ['x', 1.5]", "gpack.toml:4:14: tags: expected a string, found a float"},
        {"readme = ['x']", "gpack.toml:4:10: readme: expected a string, found an array"},
        {"homepage = nan", "gpack.toml:4:12: homepage: expected a string, found a float"},
        {"homepage = 1e3", "gpack.toml:4:12: homepage: expected a string, found a float"},
        {"category = 2020-01-01", "gpack.toml:4:12: category: expected a string, found a date or time"},
        {"authors = {a = 'b'}", "gpack.toml:4:11: authors: expected an array of strings, found a table"},
        {"exclude = ['a', '../b']",
         "gpack.toml:4:17: exclude: pattern \"../b\": \".\" and \"..\" are not allowed"},
        {"readme = '/etc/passwd'",
         "gpack.toml:4:10: readme: \"/etc/passwd\" is not a path inside the package"},
        {"readme = '../x'", "gpack.toml:4:10: readme: \"../x\" is not a path inside the package"},
        {"description = 'ü' # ü\nlicense = 'ü' 3", "gpack.toml:5:15: "},
        {"description = \"a\\u0000b\"", "gpack.toml:4:15: description: a NUL character is not allowed"},
        {"[dependencies]\na = 1",
         "gpack.toml:5:5: a: expected a range such as \"^1.2.3\" or a table, found an integer"},
        {"[dependencies]\na = '^1.y'",
         "gpack.toml:5:5: a: version range \"^1.y\": it is not a range such as ^1.2.3, ~1.2, >=1 <3 or 1.x"},
        {"[dependencies]\n  A = '1'", "gpack.toml:5:3: package name \"A\": 'A' is not allowed in a name"},
        {"[dependencies]\na = {version = 1}", "gpack.toml:5:16: a: expected a string, found an integer"},
        {"[dependencies]\na = {version = '1', optional = 'yes'}",
         "gpack.toml:5:32: optional: expected true or false, found a string"},
        {"[dependencies]\na = {version = '1', optinal = true}",
         "gpack.toml:5:21: a: unknown key \"optinal\""},
        {"[dependencies]\na = {optional = true}", "gpack.toml:5:5: a: version is missing"},
        {"[dependencies]\na.b = '1'", "gpack.toml:5:3: a: unknown key \"b\""},
        {"[[dependencies]]\na = '1'", "gpack.toml:4:1: dependencies: expected a table, found an array"}};
    for (auto const& c : cases) {
        auto const problem = problem_of(with_line(c.line));
        EXPECT_TRUE(problem.starts_with(c.problem)) << c.line << "\n  " << problem << "\n  " << c.problem;
    }
}

TEST(ManifestTest, NamesWhatIsMissing) {
    EXPECT_EQ(problem_of(""), "gpack.toml:1:1: there is no [gpack] table");
    EXPECT_EQ(problem_of("[gpack]\nversion = '1.0.0'"), "gpack.toml:1:1: [gpack] has no name");
    EXPECT_EQ(problem_of("\n[gpack]\nname = 'a'"), "gpack.toml:2:1: [gpack] has no version");
    EXPECT_EQ(problem_of("gpack = 1"), "gpack.toml:1:9: gpack: expected a table, found an integer");
}

TEST(ManifestTest, KeepsTheIdAndHelpOfNamesAndVersions) {
    auto const name = Manifest::parse("[gpack]\nname = 'My Pack'\nversion = '1.0.0'").error();
    EXPECT_EQ(name.id, ErrorId::name_invalid);
    EXPECT_EQ(name.help, "did you mean my-pack?");
    EXPECT_TRUE(name.context.starts_with("gpack.toml:2:8: package name \"My Pack\": ")) << name.context;
    auto const version = Manifest::parse("[gpack]\nname = 'a'\nversion = 'v1.0.0'").error();
    EXPECT_EQ(version.id, ErrorId::version_invalid);
    EXPECT_EQ(version.help, "did you mean 1.0.0?");
    auto const older =
        Manifest::parse("[gpack]\nid = 'io.ggen.x'\nname = 'Title!'\nversion = '1.0.0'").error();
    EXPECT_EQ(older.help, "write name = \"io.ggen.x\", as in id");
}

TEST(ManifestTest, RefusesDuplicateKeysHoweverSpelled) {
    for (char const* line : {"name = 'b'", "\"n\\u0061me\" = 'b'", "[gpack]", "tags = []\n'tags' = []",
                             "[dependencies]\na = '1'\n\"\\u0061\" = '2'"}) {
        EXPECT_FALSE(Manifest::parse(with_line(line))) << line;
    }
}

TEST(ManifestTest, RefusesBadBytesAndBadToml) {
    using std::string_literals::operator""s;
    std::string const good = with_line("");
    std::string const bad[] = {"\xEF\xBB\xBF" + good,
                               good + "\0"s,
                               good + "# \xff",
                               good + "# \xed\xa0\x80",
                               good + "# \xc0\xaf",
                               good + "x",
                               good + "description = \"\\ud800\"",
                               good + "x = 18446744073709551616",
                               good + "x = 99999999999999999999",
                               good + "x = 01",
                               good + "x = \"a",
                               good + "x = 'a\n'",
                               good + "x = [1,",
                               good + "\x01",
                               good + "x = \"\x7f\"",
                               good + "\r",
                               good + "[x"};
    for (auto const& text : bad) EXPECT_FALSE(Manifest::parse(text)) << text.substr(good.size());
    EXPECT_EQ(problem_of("\xEF\xBB\xBF" + good),
              "gpack.toml:1:1: a byte order mark is not allowed; save the file as plain UTF-8");
    EXPECT_EQ(problem_of("# \xff"), "gpack.toml:1:3: byte 0xff is not valid UTF-8");
    EXPECT_EQ(problem_of("a\n\n#\0"s), "gpack.toml:3:2: a NUL byte is not allowed");
}

std::string repeated(std::string_view unit, std::size_t count) {
    std::string out;
    out.reserve(unit.size() * count);
    for (std::size_t i = 0; i < count; ++i) out += unit;
    return out;
}

TEST(ManifestTest, LimitsDepthInEverySpelling) {
    auto const max = Manifest::k_depth_max;
    auto const at_limit = "x = " + repeated("[", max) + repeated("]", max) + "\n" + with_line("");
    EXPECT_TRUE(Manifest::parse(at_limit)) << problem_of(at_limit);
    auto const bombs = {
        "x = " + repeated("[", max + 1) + repeated("]", max + 1) + "\n" + with_line(""),
        with_line("x = " + repeated("{a=", max + 1) + "1" + repeated("}", max + 1)),
        with_line(repeated("a.", max + 1) + "a = 1"),
        with_line("[" + repeated("a.", max + 1) + "a]"),
        with_line("[[" + repeated("a.", max + 1) + "a]]"),
        with_line("[" + repeated("a.", max / 2) + "a]\n" + repeated("b.", max / 2) + "b = {c = 1}"),
        with_line(repeated("a.", max / 2) + "a = {" + repeated("b.", max / 2) + "b = 1}"),
        with_line("x = [1, " + repeated("[2, ", max) + repeated("]", max + 1)),
        repeated("[", 100'000),
        repeated("a.", 100'000) + "a=1",
        "x=" + repeated("[{a=", 50'000)};
    for (auto const& text : bombs) {
        auto const manifest = Manifest::parse(text);
        ASSERT_FALSE(manifest) << text.substr(0, 200);
        EXPECT_EQ(manifest.error().code, Errc::too_large) << manifest.error().context;
    }
}

TEST(ManifestTest, BracketsInStringsAndCommentsAreNoDepth) {
    // NOLINTBEGIN(performance-inefficient-string-concatenation): a table of texts, built once.
    auto const many = repeated("[{.", 100);
    for (auto const& line :
         {"# " + many, "description = '" + many + "'", "description = \"\\\"" + many + "\"",
          "description = '''\n" + many + "''\n'''", "description = \"\"\"\n" + many + "\\\"\"\"\"\"",
          "x = [\n # " + many + "\n '" + many + "',\n]"}) {
        // NOLINTEND(performance-inefficient-string-concatenation)
        EXPECT_TRUE(Manifest::parse(with_line(line))) << line << ": " << problem_of(with_line(line));
    }
}

TEST(ManifestTest, LimitsKeysDependenciesAndSize) {
    std::string keys = with_line("[x]");
    for (std::size_t i = 0; i + 4 < Manifest::k_keys_max; ++i) keys += "k" + std::to_string(i) + " = 1\n";
    EXPECT_TRUE(Manifest::parse(keys)) << problem_of(keys);
    EXPECT_EQ(Manifest::parse(keys + "more = 1\n").error().code, Errc::too_large);

    std::string dependencies = with_line("[dependencies]");
    for (std::size_t i = 0; i < Manifest::k_dependencies_max; ++i)
        dependencies += "d" + std::to_string(i) + " = '1'\n";
    EXPECT_EQ(parsed(dependencies).dependencies.size(), Manifest::k_dependencies_max);
    EXPECT_EQ(Manifest::parse(dependencies + "more = '1'\n").error().code, Errc::too_large);

    std::string sized = with_line("#");
    sized += std::string(Manifest::k_bytes_max - sized.size(), '#');
    EXPECT_TRUE(Manifest::parse(sized)) << problem_of(sized);
    EXPECT_EQ(Manifest::parse(sized + "#").error().code, Errc::too_large);
    EXPECT_EQ(Manifest::parse(std::string(16U << 20U, 'x')).error().code, Errc::too_large);
    std::string const numbers = with_line("x = [" + repeated("1.5, ", 20'000) + "]");
    EXPECT_TRUE(Manifest::parse(numbers)) << "numbers are no keys: " << problem_of(numbers);
}

TEST(ManifestTest, WithVersionChangesNothingElse) {
    auto const version = Version::parse("2.0.0+b").value();
    auto const changed = parsed(k_whole).with_version(version).value();

    std::string expected{k_whole};
    expected.replace(expected.find("1.2.0-rc.1"), 10, "2.0.0+b");
    EXPECT_EQ(changed.source_text, expected);
    EXPECT_EQ(changed.version.text(), "2.0.0+b");
}

TEST(ManifestTest, WithVersionFindsTheValueInAnySpelling) {
    for (char const* text :
         {"gpack = {name = 'a', description = 'ü€', version = '1.0.0'} # 1.0.0",
          "[gpack]\r\nname='a'\r\n'version'   =\t'''1.0.0'''",
          "gpack.name='a'\ngpack.\"version\"=\"1.0.\\u0030\"",
          "# version = '1.0.0'\n[gpack]\nname='a'\nversion='1.0.0'\n[x]\nversion='1.0.0'"}) {
        auto const changed = parsed(text).with_version(Version{3, 2, 1});
        ASSERT_TRUE(changed) << text;
        EXPECT_EQ(changed->version.text(), "3.2.1") << changed->source_text;
    }
}

}  // namespace
}  // namespace ggen
