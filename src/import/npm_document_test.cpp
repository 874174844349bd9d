#include "import/npm_document.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "crypto/digest.hpp"

namespace ggen {
namespace {

constexpr char k_document[] = R"({
  "name": "@scope/thing", "dist-tags": {"latest": "1.1.0", "next": "2.0.0-beta.1"},
  "versions": {
    "1.1.0": {"dependencies": {"b": "^1.0.0", "c": "2"}, "optionalDependencies": {"c": "2"},
              "dist": {"tarball": "https://packages.example/@scope/thing/-/thing-1.1.0.tgz", "integrity": "sha512-xx",
                       "shasum": "00"}},
    "1.0.0": {"deprecated": "old", "dist": {}},
    "not-a-version": {}
  }})";

TEST(NpmPackumentTest, ReadsVersionsAscendingAndMarksOptionalOnes) {
    auto const packument = NpmPackument::parse(k_document).value();

    ASSERT_EQ(packument.versions.size(), 2U);
    EXPECT_EQ(packument.versions[0].version.text(), "1.0.0");
    EXPECT_TRUE(packument.versions[0].is_deprecated);
    auto const* const newest = packument.find(Version{1, 1, 0});
    ASSERT_NE(newest, nullptr);
    ASSERT_EQ(newest->dependencies.size(), 2U);
    EXPECT_FALSE(newest->dependencies[0].optional);
    EXPECT_TRUE(newest->dependencies[1].optional);
    EXPECT_EQ(packument.dist_tags.at("next"), "2.0.0-beta.1");
    EXPECT_EQ(packument.find(Version{9, 0, 0}), nullptr);
}

TEST(NpmPackumentTest, RefusesWhatIsNoDocument) {
    for (auto const* text : {"", "[]", "{}", R"({"name":"x"})", R"({"versions":{}})", "{"}) {
        auto const parsed = NpmPackument::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().id, ErrorId::import_package);
    }
}

TEST(NpmIntegrityTest, PrefersSha512AndFallsBackToSha1) {
    auto const body = as_bytes("tarball");
    NpmVersion version;
    EXPECT_FALSE(check_npm_integrity(body, version)) << "no checksum at all";

    version.shasum = hex_encode(sha1(body));
    EXPECT_TRUE(check_npm_integrity(body, version));
    version.integrity = "sha512-" + base64_encode(sha512(as_bytes("other")));
    EXPECT_FALSE(check_npm_integrity(body, version)) << "a good sha1 must not excuse a bad sha512";
    version.integrity = "sha1-abc sha512-" + base64_encode(sha512(body));
    EXPECT_TRUE(check_npm_integrity(body, version));
}

TEST(NpmNameTest, MapsScopesAndRefusesWhatOurGrammarHasNot) {
    EXPECT_EQ(map_npm_name("@babel/core", "npm").value().text(), "babel/core");
    EXPECT_EQ(map_npm_name("lodash", "npm").value().text(), "npm/lodash");
    EXPECT_FALSE(map_npm_name("@npm/lodash", "npm")) << "would be npm/lodash, another package";
    for (auto const* name : {"JSONStream", "@a/_b", "a~b", "", "@", "@x"}) {
        if (std::string_view{name} == "@x") continue;  // A bare name in our terms; npm has none like it.
        EXPECT_FALSE(map_npm_name(name, "npm")) << name;
    }
}

TEST(NpmDependencyTest, TakesRangesAndTagsAndDropsTheRestWithAReason) {
    std::map<std::string, std::string> const tags{{"next", "2.0.0-beta.1"}};

    auto const range = map_npm_dependency({"b", "^1.0.0 || 2", true}, "npm", nullptr);
    ASSERT_TRUE(range.dependency);
    EXPECT_TRUE(range.dependency->optional);
    auto const tag = map_npm_dependency({"b", "next", false}, "npm", &tags);
    ASSERT_TRUE(tag.dependency);
    EXPECT_TRUE(tag.dependency->range.matches(Version::parse("2.0.0-beta.1").value()));
    for (auto const* odd : {"npm:c@^1", "github:user/repo", "file:../x", "https://x.example/y.tgz", "no-such-tag"}) {
        auto const dropped = map_npm_dependency({"b", odd, false}, "npm", &tags);
        EXPECT_FALSE(dropped.dependency) << odd;
        EXPECT_NE(dropped.dropped_because.find(odd), std::string::npos);
    }
}

TEST(NpmManifestTest, SurvivesHostileTexts) {
    auto const json = R"({"description":"a \"quoted\" \\ line\nbreak \u0007 \u202e","license":{"type":"MIT"},
        "keywords":["one","t\"wo",3],"author":{"name":"Somebody"},"repository":{"url":"git+https://r.example"}})";
    auto const description = NpmDescription::from_package_json(as_bytes(json));
    std::vector<Dependency> const needs{
        {PackageName::parse("npm/b").value(), VersionRange::parse(">=1 <2 || ^3").value(), false, {}},
        {PackageName::parse("npm/c").value(), VersionRange::parse("*").value(), true, {}}};

    auto const text = manifest_from_npm(PackageName::parse("npm/a").value(), Version{1, 2, 3}, description, needs);
    auto const manifest = Manifest::parse(text);

    ASSERT_TRUE(manifest) << manifest.error().context << "\n" << text;
    EXPECT_EQ(manifest->description, description.description);
    EXPECT_EQ(manifest->license, "MIT");
    EXPECT_EQ(manifest->keywords, (std::vector<std::string>{"one", "t\"wo"}));
    EXPECT_EQ(manifest->dependencies, needs);
    EXPECT_TRUE(NpmDescription::from_package_json(as_bytes("not json")).description.empty());
}

}  // namespace
}  // namespace ggen
