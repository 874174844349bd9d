#include "net/daemon/file_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/testing/temp_dir.hpp"

namespace ggen::p2p {
namespace {

bool tells(FileWatch& watch) {
    pollfd entry{watch.descriptor(), POLLIN, 0};
    if (::poll(&entry, 1, 0) != 1) return false;
    watch.take();
    return true;
}

TEST(FileWatchTest, TellsWhenAFileIsReplacedAndOfNothingElse) {
    testing::TempDir const dir;
    auto const path = dir / "folder/file";
    ASSERT_TRUE(dir.files().make_directories(dir / "folder", 0700));
    FileWatch watch{path};
    if (watch.descriptor() < 0) GTEST_SKIP() << "this user has no inotify instance left";
    EXPECT_FALSE(tells(watch));
    ASSERT_TRUE(dir.files().write_file_atomic(path, as_bytes("one"), Sync::none));
    EXPECT_TRUE(tells(watch));
    EXPECT_FALSE(tells(watch)) << "it was taken";
    ASSERT_TRUE(dir.files().read_file(path, 100));
    EXPECT_FALSE(tells(watch)) << "reading is no change";
    ASSERT_TRUE(dir.files().write_file_atomic(path, as_bytes("two"), Sync::none));
    EXPECT_TRUE(tells(watch));
}

TEST(FileWatchTest, FollowsFoldersThatAreMadeLaterAndMadeAnew) {
    testing::TempDir const dir;
    auto const path = dir / "a/b/c/file";
    FileWatch watch{path};
    if (watch.descriptor() < 0) GTEST_SKIP() << "this user has no inotify instance left";
    ASSERT_TRUE(dir.files().make_directories(dir / "a", 0700));
    EXPECT_TRUE(tells(watch));
    ASSERT_TRUE(dir.files().make_directories(dir / "a/b/c", 0700));
    EXPECT_TRUE(tells(watch));
    static_cast<void>(tells(watch));
    ASSERT_TRUE(dir.files().write_file_atomic(path, as_bytes("one"), Sync::none));
    EXPECT_TRUE(tells(watch));
    ASSERT_TRUE(dir.files().remove_tree(dir / "a/b"));
    EXPECT_TRUE(tells(watch));
    static_cast<void>(tells(watch));
    ASSERT_TRUE(dir.files().make_directories(dir / "a/b/c", 0700));
    EXPECT_TRUE(tells(watch));
    static_cast<void>(tells(watch));
    ASSERT_TRUE(dir.files().write_file_atomic(path, as_bytes("two"), Sync::none));
    EXPECT_TRUE(tells(watch));
}

}  // namespace
}  // namespace ggen::p2p
