#include "resolve/index_provider.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

std::string error_of(std::string_view text) {
    auto const loaded = load_index(text);
    return loaded ? "no error" : loaded.error().context;
}

TEST(IndexProviderTest, ReadsReleasesWithTheirDependenciesInOrder) {
    auto const provider = load_index(
        "{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{\"z\":\"^1\",\"b\":\"*\"}}\n"
        "\n"
        "{\"name\":\"a\",\"version\":\"1.1.0\",\"yanked\":true}\r\n"
        "{\"name\":\"z\",\"version\":\"1.0.0\",\"dependencies\":"
        "{\"b\":{\"version\":\"^2\",\"optional\":true}}}");
    ASSERT_TRUE(provider) << provider.error().context;
    auto const a = PackageName::parse("a").value();
    auto const z = PackageName::parse("z").value();

    auto const versions = (*provider)->versions(a).value();
    auto const needs = (*provider)->dependencies(a, Version{1, 0, 0}).value();
    auto const optional = (*provider)->dependencies(z, Version{1, 0, 0}).value();

    ASSERT_EQ(versions.size(), 2U);
    EXPECT_FALSE(versions[0].yanked);
    EXPECT_TRUE(versions[1].yanked);
    ASSERT_EQ(needs.size(), 2U);
    EXPECT_EQ(needs[0].name.text(), "z");
    EXPECT_EQ(needs[0].range.text(), "^1");
    EXPECT_EQ(needs[1].name.text(), "b");
    ASSERT_EQ(optional.size(), 1U);
    EXPECT_TRUE(optional[0].optional);
}

TEST(IndexProviderTest, KnowsNothingOfOtherPackagesAndVersions) {
    auto const provider = load_index("{\"name\":\"a\",\"version\":\"1.0.0\"}\n").value();

    EXPECT_TRUE(provider->versions(PackageName::parse("b").value()).value().empty());
    auto const needs = provider->dependencies(PackageName::parse("a").value(), Version{2, 0, 0});
    ASSERT_FALSE(needs);
    EXPECT_EQ(needs.error().code, Errc::not_found);
}

TEST(IndexProviderTest, ErrorsNameTheLine) {
    auto const good = std::string{"{\"name\":\"a\",\"version\":\"1.0.0\"}\n"};

    EXPECT_EQ(error_of(good + good), "line 2: a 1.0.0 stands twice");
    EXPECT_EQ(error_of(good + "[]"), "line 2: a release must be a JSON object");
    EXPECT_EQ(error_of("{\"name\":\"a\"}"), "line 1: \"version\" must be a text");
    EXPECT_EQ(error_of("\n{\"name\":\"a\",\"version\":\"1.0.0\",\"x\":1}"),
              "line 2: unexpected member \"x\"");
    EXPECT_EQ(error_of("{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{\"b\":1}}"),
              "line 1: the dependency on b must be a text or an object");
    EXPECT_TRUE(error_of(good + "{\"name\":\"a\",").starts_with("line 2: "));
    EXPECT_TRUE(error_of("{\"name\":\"A b\",\"version\":\"1.0.0\"}").starts_with("line 1: "));
    EXPECT_TRUE(error_of("{\"name\":\"a\",\"version\":\"1\"}").starts_with("line 1: "));
    EXPECT_EQ(error_of(std::string((std::size_t{1024} * 1024) + 1, ' ')), "line 1: over 1 MiB");
}

/// Written plainly or with escapes, a line says the same; the two are read by different parsers.
TEST(IndexProviderTest, EscapesChangeNothing) {
    auto const text = std::string{
        "{\"name\":\"a\",\"version\":\"1.0.0\",\"yanked\":true,\"dependencies\":{\"b\":\" ^1 \",\"c\":\"*\"}}\n"};
    auto escaped = text;
    for (auto at = escaped.find('a'); at != std::string::npos; at = escaped.find('a', at + 6)) {
        escaped.replace(at, 1, "\\u0061");
    }
    escaped.replace(escaped.find("true"), 4, "true ");
    auto const name = PackageName::parse("a").value();
    for (auto const& one : {text, escaped}) {
        auto const provider = load_index(one);
        ASSERT_TRUE(provider) << provider.error().context;
        auto const versions = (*provider)->versions(name).value();
        auto const needs = (*provider)->dependencies(name, Version{1, 0, 0}).value();
        ASSERT_EQ(versions.size(), 1U);
        EXPECT_TRUE(versions[0].yanked);
        ASSERT_EQ(needs.size(), 2U);
        EXPECT_EQ(needs[0].range.text(), "^1");
        EXPECT_EQ(needs[1].name.text(), "c");
    }
}

TEST(IndexProviderTest, RefusesWhatStandsTwiceInALine) {
    auto const release = [](std::string_view rest) {
        return error_of("{\"name\":\"a\",\"version\":\"1.0.0\"" + std::string{rest} + "}");
    };

    EXPECT_EQ(release(",\"dependencies\":{\"b\":\"*\"}"), "no error");
    EXPECT_TRUE(release(",\"dependencies\":{\"b\":\"*\",\"b\":\"*\"}").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"dependencies\":{\"b\":\"*\",\"\\u0062\":\"*\"}").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"version\":\"1.0.0\"").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"yanked\":true,\"yanked\":true").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"dependencies\":{\"b\":\"\xff\"}").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"dependencies\":{\"b\":\"no range\"}").starts_with("line 1: "));
    EXPECT_TRUE(release("} {").starts_with("line 1: "));
    EXPECT_TRUE(release(",\"yanked\":1").starts_with("line 1: "));
}

TEST(IndexProviderTest, TakesVersionsInAnyOrderAndTellsBuildsApart) {
    std::string text;
    for (auto const* version : {"2.0.0", "1.0.0", "1.0.0+b", "3.0.0", "1.0.0+a"}) {
        text += "{\"name\":\"a\",\"version\":\"" + std::string{version} + "\",\"dependencies\":{\"b\":\"" +
                version + "\"}}\n";
    }
    EXPECT_EQ(error_of(text + "{\"name\":\"a\",\"version\":\"2.0.0\"}"), "line 6: a 2.0.0 stands twice");
    EXPECT_EQ(error_of(text + "{\"name\":\"a\",\"version\":\"1.0.0+b\"}"), "line 6: a 1.0.0+b stands twice");
    auto const provider = load_index(text).value();
    auto const name = PackageName::parse("a").value();
    auto const versions = provider->versions(name).value();
    ASSERT_EQ(versions.size(), 5U);
    for (auto const& candidate : versions) {
        auto const needs = provider->dependencies(name, candidate.version).value();
        ASSERT_EQ(needs.size(), 1U);
        EXPECT_EQ(needs[0].range.text(), candidate.version.text());
    }
    EXPECT_FALSE(provider->dependencies(name, Version::parse("1.0.0+c").value()));
    EXPECT_FALSE(provider->dependencies(name, Version{9, 0, 0}));
}

}  // namespace
}  // namespace ggen
