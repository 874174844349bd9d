#include "store/generation.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"
#include "store/package_store.hpp"

namespace ggen {
namespace {

using testing::FakeClock;
using testing::TempDir;

Digest digest_of(std::string_view text) { return sha256(as_bytes(text)); }

TEST(ProjectRootTest, PrintsAndParsesBackPathsOfAnyBytes) {
    ProjectRoot const root{"/home/a\nproject 3 b", "/home/gpacks", {digest_of("1"), digest_of("2")},
                           SeenFiles{digest_of("1"), digest_of("k"), "1 2 3"}};
    auto const text = root.print();

    EXPECT_EQ(ProjectRoot::parse(text), root);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        auto const parsed = ProjectRoot::parse(text.substr(0, cut));
        if (parsed) {
            EXPECT_FALSE(parsed->seen) << cut;
        }
    }
    EXPECT_FALSE(ProjectRoot::parse(text + "x"));
    EXPECT_FALSE(ProjectRoot::parse(text + std::string(ProjectRoot::k_bytes_max, 'x')));
}

TEST(ProjectRootTest, KeepsTheNewestAndRefusesOneMore) {
    ProjectRoot root{"/p", "/p/gpacks", {}, {}};
    for (int i = 0; i < 7; ++i) root.push(digest_of(std::to_string(i)));
    root.push(digest_of("4"));

    ASSERT_EQ(root.generations.size(), ProjectRoot::k_generations_max);
    EXPECT_EQ(root.generations[0], digest_of("4"));
    EXPECT_EQ(root.generations[1], digest_of("6"));
    EXPECT_EQ(ProjectRoot::parse(root.print()), root);
    EXPECT_FALSE(ProjectRoot::parse(root.print() + "generation " + digest_of("x").hex() + "\n"));
}

TEST(GenerationCheckTest, ReadsBackUpToItsLimit) {
    std::vector<GenerationCheck> checks;
    checks.reserve(k_checks_max + 1);
    for (std::uint64_t i = 0; i < k_checks_max; ++i) checks.push_back({digest_of(std::to_string(i)), i});

    EXPECT_EQ(parse_checks(print_checks(checks)), checks);
    checks.push_back({digest_of("more"), 1});
    EXPECT_EQ(parse_checks(print_checks(checks)).size(), k_checks_max);
    EXPECT_TRUE(parse_checks("something else").empty());
    EXPECT_TRUE(parse_checks("ggen-checked 1\n" + digest_of("a").hex() + " 12").empty()) << "a torn line";
}

TEST(GenerationLinkTest, OnlyTheShapeOfAGenerationIsOne) {
    auto const hex = digest_of("a").hex();
    EXPECT_EQ(generation_of_link("/c/store/env/" + hex + "/tree"), digest_of("a"));
    for (auto const& other : {"/c/store/env/" + hex, hex + "/tree", "/c/env/x" + hex.substr(1) + "/tree",
                              "/c/pkg/" + hex + "/tree", std::string{"/tree"}, std::string{}}) {
        EXPECT_FALSE(generation_of_link(other)) << other;
    }
}

/// A store with packages and generations, as a small language.
class GenerationTest : public ::testing::Test {
protected:
    static PackageStore::Fill filler(std::string text) {
        return [text = std::move(text)](auto const& add) -> Result<void> {
            return add(StoreFile{"data/text", false, as_bytes(text)});
        };
    }
    std::unique_ptr<PackageStore> open() {
        return PackageStore::open(dir_.files(), clock_, dir_ / "store").value();
    }
    void fetch(PackageStore& store, std::string const& name) {
        ASSERT_TRUE(store.ensure(digest_of(name), name, filler(name)));
    }
    static GenerationContent content_of(std::vector<std::string> const& names, std::string const& text = "lock") {
        GenerationContent content;
        for (auto const& name : names) content.packages.emplace_back(name, digest_of(name));
        content.files = {{"ggen.lock", text}, {"tree/.stamp", text}};
        content.notes = {{"ggen.lock.proofs", "proofs of " + std::to_string(++builders)}};
        return content;
    }
    std::string read(std::string const& path) {
        auto const bytes = dir_.files().read_file(dir_ / path, k_mib);
        return bytes ? std::string{as_text(*bytes)} : "(none)";
    }
    static std::string env(std::string_view id) { return "store/env/" + digest_of(id).hex(); }
    void project(PackageStore& store, std::string const& name, std::vector<Digest> generations) {
        ASSERT_TRUE(dir_.files().make_directories(dir_ / name));
        ASSERT_TRUE(store.keep_root({dir_ / name, dir_ / (name + "/gpacks"), std::move(generations), {}}));
    }

    inline static int builders = 0;
    TempDir dir_;
    FakeClock clock_{4'000'000'000};
};

TEST_F(GenerationTest, LinksPackagesWithAndWithoutANamespace) {
    auto const store = open();
    fetch(*store, "acme/a");
    fetch(*store, "b");

    EXPECT_EQ(store->ensure_generation(digest_of("g"), content_of({"acme/a", "b"})).value(),
              PackageStore::Ensured::fetched);

    EXPECT_EQ(store->generation_tree(digest_of("g")), dir_ / (env("g") + "/tree"));
    EXPECT_EQ(read(env("g") + "/tree/acme/a/data/text"), "acme/a");
    EXPECT_EQ(read(env("g") + "/tree/b/data/text"), "b");
    EXPECT_EQ(as_text(store->generation_file(digest_of("g"), "ggen.lock", 10).value()), "lock");
    EXPECT_EQ(dir_.files().info(dir_ / (env("g") + "/tree"))->mode, 0555U);
    EXPECT_TRUE(store->compare(digest_of("acme/a"), dir_ / (env("g") + "/tree/acme/a"))->empty());
    EXPECT_FALSE(store->compare(digest_of("b"), dir_ / (env("g") + "/tree/acme/a"))->empty());
}

TEST_F(GenerationTest, StandsForTheNextBuilderWhateverItsProofs) {
    auto const store = open();
    fetch(*store, "b");
    ASSERT_TRUE(store->ensure_generation(digest_of("g"), content_of({"b"})));
    auto const inode = dir_.files().info(dir_ / env("g"))->inode;

    EXPECT_EQ(store->ensure_generation(digest_of("g"), content_of({"b"})).value(),
              PackageStore::Ensured::present);
    EXPECT_EQ(dir_.files().info(dir_ / env("g"))->inode, inode);
}

TEST_F(GenerationTest, NeedsEveryPackage) {
    auto const store = open();
    EXPECT_EQ(store->ensure_generation(digest_of("g"), content_of({"b"})).error().code, Errc::not_found);
    EXPECT_FALSE(store->has_generation(digest_of("g")));
}

TEST_F(GenerationTest, ATornOneIsReplacedInOneStep) {
    auto const store = open();
    fetch(*store, "b");
    for (auto const* victim : {"/ggen.lock", "/tree/.stamp", "/tree/b"}) {
        ASSERT_TRUE(store->ensure_generation(digest_of("g"), content_of({"b"})));
        ASSERT_TRUE(dir_.files().set_mode(dir_ / (env("g") + "/tree"), 0755));
        ASSERT_TRUE(dir_.files().remove_tree(dir_ / (env("g") + victim)));

        EXPECT_EQ(store->ensure_generation(digest_of("g"), content_of({"b"})).value(),
                  PackageStore::Ensured::fetched)
            << victim;
        EXPECT_EQ(read(env("g") + "/tree/b/data/text"), "b");
    }
}

TEST_F(GenerationTest, AnUnsyncedPackageIsCheckedBeforeItIsLinked) {
    {
        auto const killed = open();
        fetch(*killed, "b");
        fetch(*killed, "c");
    }
    auto const torn = dir_ / ("store/pkg/" + digest_of("b").hex() + "/data/text");
    ASSERT_TRUE(dir_.files().set_mode(parent_path(torn), 0755));
    ASSERT_TRUE(dir_.files().write_file_atomic(torn, as_bytes("\0"), Sync::none));
    auto const store = open();

    EXPECT_EQ(store->ensure_generation(digest_of("g"), content_of({"b"})).error().id, ErrorId::store_damaged);
    EXPECT_FALSE(store->contains(digest_of("b"))) << "set aside";
    fetch(*store, "b");
    EXPECT_TRUE(store->ensure_generation(digest_of("g"), content_of({"b", "c"})));
    ASSERT_TRUE(store->settle(false));
    EXPECT_TRUE(dir_.files().list(dir_ / "store/unsynced")->empty());
}

TEST_F(GenerationTest, AnUnsyncedPackageIsCheckedBeforeItIsLinkedInAnotherMode) {
    for (auto const mode : {LinkMode::symlink, LinkMode::hardlink, LinkMode::reflink}) {
        auto const name = std::string{link_mode_name(mode)};
        fetch(*open(), name);  // Never settled.
        auto const torn = dir_ / ("store/pkg/" + digest_of(name).hex() + "/data/text");
        ASSERT_TRUE(dir_.files().set_mode(parent_path(torn), 0755));
        // Of the right size, as a power loss leaves it.
        ASSERT_TRUE(dir_.files().write_file_atomic(torn, Bytes(name.size()), Sync::none));
        auto const store = open();

        EXPECT_EQ(store->materialise(digest_of(name), dir_ / name, mode).error().id, ErrorId::store_damaged) << name;
        fetch(*store, name);
        ASSERT_TRUE(store->materialise(digest_of(name), dir_ / name, mode)) << name;
        EXPECT_EQ(read(name + "/data/text"), name);
    }
}

TEST_F(GenerationTest, ChecksAreRememberedByKey) {
    auto const store = open();
    fetch(*store, "b");
    ASSERT_TRUE(store->ensure_generation(digest_of("g"), content_of({"b"})));
    store->note_checked(digest_of("g"), {digest_of("k"), 1});
    store->note_checked(digest_of("g"), {digest_of("l"), 1});

    EXPECT_EQ(store->find_checked(digest_of("g"), digest_of("k"))->packages, 1U);
    EXPECT_TRUE(store->find_checked(digest_of("g"), digest_of("l")));
    EXPECT_FALSE(store->find_checked(digest_of("g"), digest_of("m")));
    EXPECT_FALSE(store->find_checked(digest_of("h"), digest_of("k")));
}

TEST_F(GenerationTest, CollectionKeepsWhatLivingProjectsGoBackTo) {
    auto const store = open();
    for (auto const* name : {"old", "new", "dead", "linked"}) {
        fetch(*store, name);
        ASSERT_TRUE(store->ensure_generation(digest_of(name), content_of({name})));
    }
    project(*store, "one", {digest_of("new"), digest_of("old")});
    project(*store, "gone", {digest_of("dead")});
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "gone"));
    // The record is behind the link, as after a power loss.
    project(*store, "two", {});
    ASSERT_TRUE(dir_.files().make_symlink(store->generation_tree(digest_of("linked")), dir_ / "two/gpacks"));

    auto const dry = store->collect({{}, 0, {}, true}).value();
    EXPECT_EQ(dry.removed_generations, 1U);
    EXPECT_TRUE(store->has_generation(digest_of("dead")));
    EXPECT_EQ(store->collect({{}, 5'000'000'000, {}, false})->removed_generations, 0U) << "all are recent";
    auto const report = store->collect({{}, 0, {}, false}).value();

    EXPECT_EQ(report.removed_generations, 1U);
    EXPECT_EQ(report.kept_generations, 3U);
    EXPECT_EQ(report.removed_packages, 1U);
    EXPECT_FALSE(store->has_generation(digest_of("dead")));
    for (auto const* name : {"old", "new", "linked"}) {
        EXPECT_TRUE(store->has_generation(digest_of(name))) << name;
        EXPECT_EQ(read(env(name) + "/tree/" + name + "/data/text"), name);
    }
    EXPECT_EQ(store->generations()->size(), 3U);
}

TEST_F(GenerationTest, ABudgetTakesTheOldestThatNobodyNeeds) {
    auto const store = open();
    for (auto const* name : {"aa", "bb", "cc"}) {
        fetch(*store, name);
        clock_.advance(std::chrono::hours{1});
    }
    ASSERT_TRUE(store->ensure_generation(digest_of("g"), content_of({"aa"})));
    project(*store, "one", {digest_of("g")});

    auto const report = store->collect({{}, 5'000'000'000, 4, false}).value();

    EXPECT_EQ(report.removed_packages, 1U) << "six bytes, four may stay, two of them are in use";
    EXPECT_TRUE(store->contains(digest_of("aa")));
    EXPECT_EQ(store->collect({{}, 5'000'000'000, 4, false})->removed_packages, 0U);
}

}  // namespace
}  // namespace ggen
