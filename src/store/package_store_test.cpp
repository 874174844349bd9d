#include "store/package_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"

namespace ggen {
namespace {

using testing::FakeClock;
using testing::TempDir;

/// A small language: a store in a fresh directory, packages made of (path, content) lists.
class PackageStoreTest : public ::testing::Test {
protected:
    using Contents = std::vector<std::pair<std::string, std::string>>;

    std::unique_ptr<PackageStore> open() {
        return PackageStore::open(dir_.files(), clock_, dir_ / "store").value();
    }

    static Digest tree_of(std::string_view name) { return sha256(as_bytes(name)); }

    static PackageStore::Fill filler(Contents contents, int* calls = nullptr) {
        return [contents = std::move(contents), calls](auto const& add) -> Result<void> {
            if (calls != nullptr) ++*calls;
            for (auto const& [path, text] : contents) {
                RETURN_IF_ERROR(add(StoreFile{path, path.starts_with("bin/"), as_bytes(text)}));
            }
            return ok();
        };
    }

    std::string read(std::string const& path) {
        auto const bytes = dir_.files().read_file(dir_ / path, k_mib);
        return bytes ? std::string{as_text(*bytes)} : "(" + bytes.error().context + ")";
    }

    Contents const two_files_{{"README.md", "hello"}, {"bin/run", "#!/bin/sh"}};
    TempDir dir_;
    FakeClock clock_{4'000'000'000};
};

TEST_F(PackageStoreTest, FetchesOnceAndServesFromThenOn) {
    auto const store = open();
    int calls = 0;

    EXPECT_EQ(store->ensure(tree_of("a"), "acme/a@1.0.0", filler(two_files_, &calls)).value(),
              PackageStore::Ensured::fetched);
    EXPECT_EQ(open()->ensure(tree_of("a"), "acme/a@1.0.0", filler(two_files_, &calls)).value(),
              PackageStore::Ensured::present);

    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(store->contains(tree_of("a")));
}

TEST_F(PackageStoreTest, CopyModeGivesWritablePrivateFiles) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("a"), "a", filler(two_files_)));

    ASSERT_TRUE(store->materialise(tree_of("a"), dir_ / "out", LinkMode::copy));

    EXPECT_EQ(read("out/README.md"), "hello");
    EXPECT_EQ(dir_.files().info(dir_ / "out/README.md")->mode, 0644U & ~process_umask());
    EXPECT_EQ(dir_.files().info(dir_ / "out/bin/run")->mode, 0755U & ~process_umask());
    EXPECT_TRUE(store->compare(tree_of("a"), dir_ / "out").value().empty());
}

TEST_F(PackageStoreTest, HardlinkModeSharesInodesAndSymlinkModeOneLink) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("a"), "a", filler(two_files_)));

    ASSERT_TRUE(store->materialise(tree_of("a"), dir_ / "hard", LinkMode::hardlink));
    ASSERT_TRUE(store->materialise(tree_of("a"), dir_ / "soft", LinkMode::symlink));

    EXPECT_EQ(dir_.files().info(dir_ / "hard/README.md")->link_count, 2U);
    EXPECT_EQ(dir_.files().info(dir_ / "soft")->kind, FileKind::symlink);
    EXPECT_TRUE(store->compare(tree_of("a"), dir_ / "hard").value().empty());
    EXPECT_TRUE(store->compare(tree_of("a"), dir_ / "soft").value().empty());
}

TEST_F(PackageStoreTest, AFailedFetchLeavesNothing) {
    auto const store = open();
    auto const failing = [](auto const& add) -> Result<void> {
        RETURN_IF_ERROR(add(StoreFile{"a/b", false, as_bytes("x")}));
        return Error{Errc::unavailable, "the line went dead"};
    };

    EXPECT_EQ(store->ensure(tree_of("a"), "a", failing).error().code, Errc::unavailable);

    EXPECT_FALSE(store->contains(tree_of("a")));
    EXPECT_TRUE(dir_.files().list(dir_ / "store/tmp")->empty());
    EXPECT_TRUE(store->ensure(tree_of("a"), "a", filler(two_files_)));
}

TEST_F(PackageStoreTest, RefusesPathsThatLeaveThePackage) {
    auto const store = open();
    EXPECT_EQ(store->ensure(tree_of("a"), "a", filler({{"../escape", "x"}})).error().code, Errc::refused);
    EXPECT_FALSE(dir_.files().info(dir_ / "store/tmp/escape"));
}

TEST_F(PackageStoreTest, ManyThreadsFetchOnce) {
    auto const store = open();
    std::atomic<int> calls{0};
    auto const fill = [&](auto const& add) -> Result<void> {
        ++calls;
        return add(StoreFile{"f", false, as_bytes("x")});
    };
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { EXPECT_TRUE(store->ensure(tree_of("a"), "a", fill)); });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(calls, 1);
}

TEST_F(PackageStoreTest, EveryDamageToEveryFileIsFoundSetAsideAndFetchedAgain) {
    using Damage = std::function<void(FileSystem&, std::string const&)>;
    auto const replace = [](FileSystem& files, std::string const& path, std::string const& text) {
        ASSERT_TRUE(files.remove_tree(path));
        ASSERT_TRUE(files.write_file_atomic(path, as_bytes(text), Sync::none, 0444));
    };
    std::vector<std::pair<std::string, Damage>> const damages{
        {"truncated", [&](auto& f, auto const& p) { replace(f, p, "hell"); }},
        {"emptied", [&](auto& f, auto const& p) { replace(f, p, ""); }},
        {"zeroed", [&](auto& f, auto const& p) { replace(f, p, std::string(5, '\0')); }},
        {"flipped", [&](auto& f, auto const& p) { replace(f, p, "hellp"); }},
        {"removed", [](auto& f, auto const& p) { ASSERT_TRUE(f.remove_tree(p)); }},
        {"made a directory",
         [](auto& f, auto const& p) { ASSERT_TRUE(f.remove_tree(p) && f.make_directories(p)); }},
        {"made a link", [](auto& f, auto const& p) {
             ASSERT_TRUE(f.remove_tree(p) && f.make_symlink("/etc/hostname", p));
         }}};
    auto const package = "store/pkg/" + tree_of("a").hex();
    for (auto const& file : {package + "/README.md", package + "/bin/run", package + ".manifest"}) {
        for (auto const& [title, damage] : damages) {
            SCOPED_TRACE(fmt::format("{} {}", file, title));
            ASSERT_TRUE(dir_.files().remove_tree(dir_ / "store"));
            auto const store = open();
            ASSERT_TRUE(store->ensure(tree_of("a"), "acme/a@1.0.0", filler(two_files_)));
            ASSERT_TRUE(dir_.files().set_mode(dir_ / package, 0755));
            ASSERT_TRUE(dir_.files().set_mode(dir_ / (package + "/bin"), 0755));
            damage(dir_.files(), dir_ / file);

            auto const first = store->materialise(tree_of("a"), dir_ / "out", LinkMode::copy);
            EXPECT_FALSE(first);
            EXPECT_FALSE(dir_.files().info(dir_ / "out"));
            EXPECT_EQ(store->ensure(tree_of("a"), "acme/a@1.0.0", filler(two_files_)).value(),
                      PackageStore::Ensured::fetched);
            ASSERT_TRUE(store->materialise(tree_of("a"), dir_ / "out", LinkMode::copy));
            EXPECT_EQ(read("out/README.md"), "hello");
            ASSERT_TRUE(dir_.files().remove_tree(dir_ / "out"));
        }
    }
}

TEST_F(PackageStoreTest, CompareNamesEachKindOfDifference) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("a"), "a",
                              filler({{"a-b", "0"}, {"a/x", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}})));
    ASSERT_TRUE(store->materialise(tree_of("a"), dir_ / "out", LinkMode::copy));
    auto& files = dir_.files();
    ASSERT_TRUE(files.write_file_atomic(dir_ / "out/b", as_bytes("9"), Sync::none));
    ASSERT_TRUE(files.remove_file(dir_ / "out/c"));
    ASSERT_TRUE(files.set_mode(dir_ / "out/d", 0755));
    ASSERT_TRUE(files.write_file_atomic(dir_ / "out/new", as_bytes("9"), Sync::none));
    ASSERT_TRUE(files.remove_tree(dir_ / "out/a"));
    ASSERT_TRUE(files.write_file_atomic(dir_ / "out/a", as_bytes("9"), Sync::none));

    auto const differences = store->compare(tree_of("a"), dir_ / "out").value();

    std::vector<std::pair<TreeDifference::Kind, std::string>> found;
    found.reserve(differences.size());
    for (auto const& difference : differences) found.emplace_back(difference.kind, difference.path);
    using Kind = TreeDifference::Kind;
    EXPECT_EQ(found, (decltype(found){{Kind::kind, "a"},
                                      {Kind::changed, "b"},
                                      {Kind::mode, "d"},
                                      {Kind::extra, "new"},
                                      {Kind::missing, "a/x"},
                                      {Kind::missing, "c"}}));
}

TEST_F(PackageStoreTest, CollectKeepsWhatIsLiveOrRecent) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("live"), "live", filler({{"f", "1"}})));
    ASSERT_TRUE(store->ensure(tree_of("dead"), "dead", filler({{"f", "22"}})));
    auto const projects = []() -> Result<KnownProjects> { return KnownProjects{{tree_of("live")}, {}, {}}; };

    EXPECT_EQ(store->collect({projects, 5'000'000'000, {}, false})->removed_packages, 0U) << "both are recent";
    EXPECT_EQ(store->collect({projects, 0, {}, true})->removed_packages, 1U);
    EXPECT_TRUE(store->contains(tree_of("dead"))) << "a dry run removes nothing";
    auto const report = store->collect({projects, 0, {}, false}).value();

    EXPECT_EQ(report.removed_bytes, 2U);
    EXPECT_EQ(report.kept_packages, 1U);
    EXPECT_FALSE(store->contains(tree_of("dead")));
    EXPECT_TRUE(store->contains(tree_of("live")));
    EXPECT_TRUE(dir_.files().list(dir_ / "store/trash")->empty());
}

TEST_F(PackageStoreTest, CollectSweepsWhatKilledProcessesLeft) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("a"), "a", filler(two_files_)));
    auto& files = dir_.files();
    ASSERT_TRUE(files.make_directories(dir_ / ("store/pkg/" + tree_of("half").hex())));
    ASSERT_TRUE(
        files.write_file_atomic(dir_ / ("store/pkg/" + tree_of("list").hex() + ".manifest"), {}, Sync::none));
    ASSERT_TRUE(files.write_file_atomic(dir_ / "store/pkg/.tmp-1-2", {}, Sync::none));
    ASSERT_TRUE(files.make_directories(dir_ / "store/tmp/staging/deep"));
    ASSERT_TRUE(files.write_file_atomic(dir_ / "store/roots/.tmp-1-2", {}, Sync::none));
    auto const keep_all = []() -> Result<KnownProjects> { return KnownProjects{{tree_of("a")}, {}, {}}; };

    ASSERT_TRUE(store->collect({keep_all, 0, {}, false}));

    EXPECT_EQ(files.list(dir_ / "store/pkg")->size(), 2U);
    EXPECT_TRUE(files.list(dir_ / "store/tmp")->empty());
    EXPECT_TRUE(files.list(dir_ / "store/roots")->empty());
    EXPECT_EQ(files.list(dir_ / "store/locks")->size(), 1U);
    EXPECT_TRUE(store->contains(tree_of("a")));
}

TEST_F(PackageStoreTest, LinksSwappedInWhileUnpackingLeadNowhere) {
    // L7: somebody replaces directories of the staging area by links while files are written.
    constexpr int k_swaps = 10'000;
    constexpr int k_files = 20;
    auto const store = open();
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "outside"));
    ASSERT_TRUE(dir_.files().write_file_atomic(dir_ / "outside/sentinel", as_bytes("mine"), Sync::none));
    std::atomic<int> swaps{0};
    std::thread attacker{[&] {
        auto& files = dir_.files();
        while (swaps < k_swaps) {
            auto const staging = files.list(dir_ / "store/tmp");
            if (!staging) break;
            for (auto const& entry : *staging) {
                auto const sub = dir_ / ("store/tmp/" + entry.name + "/sub");
                static_cast<void>(files.rename(sub, dir_ / "aside"));
                static_cast<void>(files.make_symlink(dir_ / "outside", sub));
                static_cast<void>(files.remove_file(sub));
                static_cast<void>(files.rename(dir_ / "aside", sub));
                static_cast<void>(files.remove_tree(dir_ / "aside"));
            }
            ++swaps;
        }
    }};
    Contents contents;
    for (int i = 0; i < k_files; ++i) contents.emplace_back("sub/sentinel" + std::to_string(i), "theirs");
    contents.emplace_back("sub/sentinel", "theirs");
    for (int round = 0; swaps < k_swaps; ++round) {
        static_cast<void>(store->ensure(tree_of(std::to_string(round)), "hostile", filler(contents)));
    }
    attacker.join();

    auto const outside = dir_.files().list(dir_ / "outside").value();
    ASSERT_EQ(outside.size(), 1U);
    EXPECT_EQ(read("outside/sentinel"), "mine");
}

TEST_F(PackageStoreTest, VerifySetsDamagedPackagesAside) {
    auto const store = open();
    ASSERT_TRUE(store->ensure(tree_of("a"), "acme/a@1.0.0", filler(two_files_)));
    ASSERT_TRUE(store->ensure(tree_of("b"), "acme/b@1.0.0", filler(two_files_)));
    auto const path = dir_ / ("store/pkg/" + tree_of("a").hex() + "/README.md");
    ASSERT_TRUE(dir_.files().set_mode(parent_path(path), 0755));
    ASSERT_TRUE(dir_.files().write_file_atomic(path, as_bytes("jello"), Sync::none));

    auto const report = store->verify().value();

    ASSERT_EQ(report.damaged.size(), 1U);
    EXPECT_NE(report.damaged[0].find("acme/a@1.0.0"), std::string::npos);
    EXPECT_FALSE(store->contains(tree_of("a")));
    EXPECT_TRUE(store->contains(tree_of("b")));
}

TEST_F(PackageStoreTest, RefusesAStoreOfTheFutureOrOneThatOthersMayWrite) {
    {
        auto const store = open();
    }
    ASSERT_TRUE(dir_.files().set_mode(dir_ / "store", 0777));
    EXPECT_EQ(PackageStore::open(dir_.files(), clock_, dir_ / "store").error().id, ErrorId::store_unsafe);
    ASSERT_TRUE(dir_.files().set_mode(dir_ / "store", 0755));
    ASSERT_TRUE(
        dir_.files().write_file_atomic(dir_ / "store/format", as_bytes("ggen-store 2\n"), Sync::none));
    EXPECT_EQ(PackageStore::open(dir_.files(), clock_, dir_ / "store").error().id, ErrorId::store_format);
}

TEST(LinkModeTest, NamesReadBack) {
    for (auto const mode : k_link_modes) {
        EXPECT_EQ(parse_link_mode(link_mode_name(mode)).value(), mode);
    }
    EXPECT_EQ(parse_link_mode("magic").error().code, Errc::invalid);
}

}  // namespace
}  // namespace ggen
