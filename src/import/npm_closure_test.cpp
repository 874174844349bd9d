#include "import/npm_closure.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

namespace ggen {
namespace {

/// A registry in memory: "name" -> list of {version, {dependency -> range}}.
class FakeNpm final : public HttpGetter {
public:
    void add(std::string const& name, std::string const& version,
             std::map<std::string, std::string> const& needs = {}) {
        auto& text = versions_[name];
        if (!text.empty()) text += ",";
        text += "\"" + version + "\":{\"dependencies\":{";
        bool first = true;
        for (auto const& [dependency, range] : needs) {
            text += fmt::format("{}\"{}\":\"{}\"", first ? "" : ",", dependency, range);
            first = false;
        }
        text += "},\"dist\":{\"tarball\":\"x/" + name + ".tgz\"}}";
    }

    Result<Bytes> get(std::string const& url, std::uint64_t, std::string const&) override {
        ++requests;
        auto name = url.substr(std::string_view{"http://npm/"}.size());
        if (auto const escaped = name.find("%2f"); escaped != std::string::npos)
            name.replace(escaped, 3, "/");
        auto const at = versions_.find(name);
        if (at == versions_.end()) return Error{Errc::not_found, "GET " + url + ": 404"};
        return to_bytes("{\"name\":\"" + name + "\",\"dist-tags\":{\"beta\":\"9.0.0-b.1\"},\"versions\":{" +
                        at->second + "}}");
    }

    std::atomic<int> requests{0};

private:
    std::map<std::string, std::string> versions_;
};

std::vector<std::string> closure_of(FakeNpm& npm, std::vector<std::string> roots, bool locked) {
    NpmSource source{npm, "http://npm"};
    ImportNpmRequest request;
    request.packages = std::move(roots);
    request.locked = locked;
    CancelToken const cancel;
    auto const found = find_npm_closure(source, request, cancel);
    if (!found) return {"error: " + found.error().context};
    if (auto const* const conflict = std::get_if<Conflict>(&*found))
        return {"conflict: " + conflict->explanation};
    std::vector<std::string> names;
    for (auto const& release : std::get<NpmClosure>(*found).releases) {
        names.push_back(release.name.text() + "@" + release.version->version.text());
    }
    for (auto const& reason : std::get<NpmClosure>(*found).skipped) names.push_back("skipped " + reason);
    return names;
}

using Names = std::vector<std::string>;

TEST(NpmClosureTest, TakesEveryVersionThatARangeCanReach) {
    FakeNpm npm;
    npm.add("app", "1.0.0", {{"@s/lib", "^1.0.0"}});
    npm.add("@s/lib", "1.0.0");
    npm.add("@s/lib", "1.1.0", {{"leaf", "*"}});
    npm.add("@s/lib", "2.0.0");
    npm.add("leaf", "0.1.0");

    EXPECT_EQ(closure_of(npm, {"app"}, false),
              (Names{"npm/app@1.0.0", "npm/leaf@0.1.0", "s/lib@1.0.0", "s/lib@1.1.0"}));
}

TEST(NpmClosureTest, LockedTakesOneVersionOfEach) {
    FakeNpm npm;
    npm.add("app", "1.0.0", {{"@s/lib", "^1.0.0"}});
    npm.add("@s/lib", "1.0.0");
    npm.add("@s/lib", "1.1.0");

    EXPECT_EQ(closure_of(npm, {"app"}, true), (Names{"npm/app@1.0.0", "s/lib@1.1.0"}));
}

TEST(NpmClosureTest, LockedExplainsAConflict) {
    FakeNpm npm;
    npm.add("app", "1.0.0", {{"lib", "^1.0.0"}});
    npm.add("other", "1.0.0", {{"lib", "^2.0.0"}});
    npm.add("lib", "1.0.0");
    npm.add("lib", "2.0.0");

    auto const names = closure_of(npm, {"app", "other"}, true);

    ASSERT_EQ(names.size(), 1U);
    EXPECT_TRUE(names[0].starts_with("conflict: ")) << names[0];
    EXPECT_NE(names[0].find("npm/lib"), std::string::npos) << names[0];
}

TEST(NpmClosureTest, AsksForEachDocumentOnce) {
    FakeNpm npm;
    npm.add("a", "1.0.0", {{"b", "*"}, {"c", "*"}});
    npm.add("b", "1.0.0", {{"c", "*"}});
    npm.add("c", "1.0.0", {{"a", "*"}});

    EXPECT_EQ(closure_of(npm, {"a", "b", "c"}, false).size(), 3U);
    EXPECT_EQ(npm.requests, 3);
}

TEST(NpmClosureTest, FollowsTagsAndReportsWhatCannotBeFollowed) {
    FakeNpm npm;
    npm.add("a", "1.0.0", {{"b", "beta"}, {"c", "github:x/y"}});
    npm.add("b", "9.0.0-b.1");
    npm.add("c", "1.0.0");

    EXPECT_EQ(closure_of(npm, {"a"}, false),
              (Names{"npm/a@1.0.0", "npm/b@9.0.0-b.1",
                     "skipped a@1.0.0: needs c from \"github:x/y\", which is no version range"}));
}

TEST(NpmClosureTest, NamesARootThatDoesNotExist) {
    FakeNpm npm;
    EXPECT_EQ(closure_of(npm, {"nothing"}, true), (Names{"error: npm has no package nothing"}));
    EXPECT_TRUE(closure_of(npm, {"@"}, true)[0].starts_with("error: not a package of npm"));
}

TEST(NpmClosureTest, StopsAtItsLimit) {
    FakeNpm npm;
    for (int i = 0; i < 5; ++i) npm.add("a", "1." + std::to_string(i) + ".0");
    NpmSource source{npm, "http://npm"};
    ImportNpmRequest request;
    request.packages = {"a@*"};
    request.versions_max = 4;
    CancelToken const cancel;

    EXPECT_EQ(find_npm_closure(source, request, cancel).error().code, Errc::too_large);
}

}  // namespace
}  // namespace ggen
