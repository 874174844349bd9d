#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/file_system.hpp"
#include "base/testing/temp_dir.hpp"

namespace ggen {
namespace {

using testing::TempDir;

TEST(PosixFileSystemTest, AtomicWriteLeavesNoTemporaryFile) {
    TempDir const dir;

    ASSERT_TRUE(dir.files().write_file_atomic(dir / "a", as_bytes("one"), Sync::durable));
    ASSERT_TRUE(dir.files().write_file_atomic(dir / "a", as_bytes("two"), Sync::none));

    EXPECT_EQ(as_text(dir.files().read_file(dir / "a", 10).value()), "two");
    EXPECT_EQ(dir.files().list(dir.path()).value().size(), 1U);
}

TEST(PosixFileSystemTest, AWriteThatIsCutShortIsAnErrorAndLeavesTheOldFile) {
    TempDir const dir;
    ASSERT_TRUE(dir.files().write_file_atomic(dir / "a", as_bytes("old"), Sync::none));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit const small{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);

    // The first write stores 1,000 bytes and says so; the second one fails.
    auto const written = dir.files().write_file_atomic(dir / "a", Bytes(5000, 'x'), Sync::none);
    auto const appended = dir.files().open_append(dir / "b").value()->append(Bytes(5000, 'x'));

    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_FALSE(written);
    EXPECT_FALSE(appended);
    EXPECT_EQ(as_text(dir.files().read_file(dir / "a", 10).value()), "old");
    EXPECT_EQ(dir.files().list(dir.path()).value().size(), 2U) << "no temporary file is left";
}

TEST(PosixFileSystemTest, ReadStopsAtTheLimit) {
    TempDir const dir;
    ASSERT_TRUE(dir.files().write_file_atomic(dir / "a", as_bytes("12345"), Sync::none));

    EXPECT_TRUE(dir.files().read_file(dir / "a", 5));
    EXPECT_EQ(dir.files().read_file(dir / "a", 4).error().code, Errc::too_large);
    EXPECT_EQ(dir.files().read_file(dir / "b", 4).error().code, Errc::not_found);
    EXPECT_EQ(dir.files().read_file(dir.path(), 4).error().code, Errc::io);
}

TEST(PosixFileSystemTest, TreeBuilderNeverFollowsALinkThatWasSwappedIn) {
    TempDir const dir;
    auto builder = dir.files().create_tree(dir / "tree").value();
    ASSERT_TRUE(builder->make_directory("sub"));
    ASSERT_TRUE(dir.files().make_directories(dir / "outside"));
    ASSERT_TRUE(dir.files().remove_tree(dir / "tree/sub"));
    ASSERT_TRUE(dir.files().make_symlink(dir / "outside", dir / "tree/sub"));

    EXPECT_FALSE(builder->add_file("sub/file", as_bytes("x"), 0644));
    EXPECT_FALSE(builder->make_directory("sub/deeper"));
    EXPECT_TRUE(dir.files().list(dir / "outside").value().empty());
}

TEST(PosixFileSystemTest, TreeBuilderRefusesPathsThatLeave) {
    TempDir const dir;
    auto builder = dir.files().create_tree(dir / "tree").value();

    for (auto const* path : {"../x", "/x", "", "a/../x", "a//b", "./x", "a/."}) {
        EXPECT_EQ(builder->add_file(path, as_bytes("x"), 0644).error().code, Errc::refused) << path;
    }
}

TEST(PosixFileSystemTest, RemoveTreeRemovesReadOnlyTreesAndKeepsLinkTargets) {
    TempDir const dir;
    auto builder = dir.files().create_tree(dir / "tree").value();
    ASSERT_TRUE(builder->make_directory("a/b"));
    ASSERT_TRUE(builder->add_file("a/b/file", as_bytes("x"), 0444));
    ASSERT_TRUE(dir.files().make_directories(dir / "keep/inner"));
    ASSERT_TRUE(dir.files().make_symlink(dir / "keep", dir / "tree/a/link"));
    ASSERT_TRUE(dir.files().set_mode(dir / "tree/a/b", 0555));
    ASSERT_TRUE(dir.files().set_mode(dir / "tree/a", 0555));

    ASSERT_TRUE(dir.files().remove_tree(dir / "tree"));

    EXPECT_FALSE(dir.files().info(dir / "tree"));
    EXPECT_TRUE(dir.files().info(dir / "keep/inner"));
    EXPECT_TRUE(dir.files().remove_tree(dir / "tree")) << "absent is success";
}

TEST(PosixFileSystemTest, RenameExchangeSwapsAndNoReplaceRefuses) {
    TempDir const dir;
    ASSERT_TRUE(dir.files().make_directories(dir / "a/was-a"));
    ASSERT_TRUE(dir.files().make_directories(dir / "b/was-b"));

    EXPECT_EQ(dir.files().rename_no_replace(dir / "a", dir / "b").error().code, Errc::conflict);
    ASSERT_TRUE(dir.files().rename_exchange(dir / "a", dir / "b"));

    EXPECT_TRUE(dir.files().info(dir / "a/was-b"));
    EXPECT_TRUE(dir.files().info(dir / "b/was-a"));
}

TEST(PosixFileSystemTest, ExclusiveLockKeepsOthersOutUntilItEnds) {
    TempDir const dir;
    auto held = dir.files().lock(dir / "lock", LockMode::exclusive);
    ASSERT_TRUE(held);
    EXPECT_FALSE(dir.files().try_lock(dir / "lock", LockMode::shared).value().has_value());

    CancelToken cancel;
    cancel.cancel();
    EXPECT_EQ(dir.files().lock(dir / "lock", LockMode::exclusive, &cancel).error().code, Errc::cancelled);

    held = Error{Errc::cancelled, "released"};
    EXPECT_TRUE(dir.files().try_lock(dir / "lock", LockMode::exclusive).value().has_value());
}

TEST(PosixFileSystemTest, ALockIsFreeAtOnceAlsoWhileAChildHasACopyOfItsDescriptor) {
    TempDir const dir;
    auto held = dir.files().lock(dir / "lock", LockMode::exclusive);
    ASSERT_TRUE(held);
    pid_t const child = ::fork();
    if (child == 0) {
        for (;;) ::pause();
    }
    ASSERT_GT(child, 0);

    held->reset();
    auto const again = dir.files().try_lock(dir / "lock", LockMode::exclusive);

    EXPECT_TRUE(again && again->has_value());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace ggen
