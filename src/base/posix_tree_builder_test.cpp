// Building trees where the kernel has openat2(2) and where it has not: both ways keep the same promises.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <thread>

#include "base/file_system.hpp"
#include "base/testing/temp_dir.hpp"

namespace ggen {
namespace {

using testing::TempDir;

/// From now on the kernel answers openat2 of this thread as one that does not know it.
bool take_openat2_away() {
    std::array<sock_filter, 4> filter{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog const program{filter.size(), filter.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool is_openat2_missing() {
    open_how const how{};
    return ::syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how) < 0 && errno == ENOSYS;
}

class TreeBuilderTest : public ::testing::TestWithParam<bool> {
protected:
    /// A filter stays for the life of a thread, so each case has a thread of its own.
    template <class Case>
    void run(Case const& checks) {
        std::thread{[&] {
            if (GetParam()) {
                ASSERT_TRUE(take_openat2_away());
                ASSERT_TRUE(is_openat2_missing());
            }
            checks();
        }}.join();
    }
    TempDir dir_;
};

TEST_P(TreeBuilderTest, FilesDirectoriesAndLinksAreMade) {
    run([&] {
        auto builder = dir_.files().create_tree(dir_ / "tree").value();
        ASSERT_TRUE(builder->make_directory("a/b/c"));
        ASSERT_TRUE(builder->add_file("a/b/c/file", as_bytes("deep"), 0755));
        ASSERT_TRUE(builder->add_file("top", as_bytes("flat"), 0644));
        ASSERT_TRUE(builder->add_hard_link("a/linked", dir_ / "tree/top", 4));
        {
            auto file = builder->create_file("a/b/pieces", 0444).value();
            ASSERT_TRUE(file->append(as_bytes("in ")));
            ASSERT_TRUE(file->append(as_bytes("pieces")));
        }

        auto const read = [&](char const* path) { return dir_.files().read_file(dir_ / path, 100).value(); };
        EXPECT_EQ(as_text(read("tree/a/b/c/file")), "deep");
        EXPECT_EQ(as_text(read("tree/a/linked")), "flat");
        EXPECT_EQ(as_text(read("tree/a/b/pieces")), "in pieces");
        struct stat st {};
        ASSERT_EQ(::stat((dir_ / "tree/a/b/c/file").c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 07777U, 0755U);
        ASSERT_EQ(::stat((dir_ / "tree/a/b/pieces").c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 07777U, 0444U);
    });
}

TEST_P(TreeBuilderTest, WhatIsThereIsNotOverwrittenAndWhatIsMissingIsSaid) {
    run([&] {
        auto builder = dir_.files().create_tree(dir_ / "tree").value();
        ASSERT_TRUE(builder->make_directory("a"));
        ASSERT_TRUE(builder->add_file("a/file", as_bytes("first"), 0644));

        EXPECT_EQ(builder->add_file("a/file", as_bytes("second"), 0644).error().code, Errc::conflict);
        EXPECT_EQ(builder->add_file("nowhere/deep/file", as_bytes("x"), 0644).error().code, Errc::not_found);
        EXPECT_EQ(builder->add_file("a/file/below", as_bytes("x"), 0644).error().code, Errc::not_found);
        EXPECT_EQ(as_text(dir_.files().read_file(dir_ / "tree/a/file", 100).value()), "first");
    });
}

TEST_P(TreeBuilderTest, NoLinkIsFollowedWhereverItStands) {
    run([&] {
        auto builder = dir_.files().create_tree(dir_ / "tree").value();
        ASSERT_TRUE(builder->make_directory("plain"));
        ASSERT_TRUE(dir_.files().make_directories(dir_ / "outside/deeper"));
        ASSERT_TRUE(dir_.files().write_file_atomic(dir_ / "outside/target", as_bytes("kept"), Sync::none));
        // As the last directory, as one on the way, as the file itself, and within the tree.
        ASSERT_TRUE(dir_.files().make_symlink(dir_ / "outside", dir_ / "tree/link"));
        ASSERT_TRUE(dir_.files().make_symlink(dir_ / "outside/target", dir_ / "tree/plain/file"));
        ASSERT_TRUE(dir_.files().make_symlink("plain", dir_ / "tree/inner"));

        EXPECT_EQ(builder->add_file("link/file", as_bytes("x"), 0644).error().code, Errc::io);
        EXPECT_EQ(builder->add_file("link/deeper/file", as_bytes("x"), 0644).error().code, Errc::io);
        EXPECT_EQ(builder->add_file("inner/other", as_bytes("x"), 0644).error().code, Errc::io);
        EXPECT_FALSE(builder->add_file("plain/file", as_bytes("x"), 0644));
        EXPECT_FALSE(builder->create_file("link/deeper/file", 0644));
        EXPECT_FALSE(builder->make_directory("link/deeper/new"));
        EXPECT_FALSE(builder->make_directory("link/new"));
        EXPECT_FALSE(builder->add_hard_link("link/linked", dir_ / "outside/target", 4));

        EXPECT_EQ(dir_.files().list(dir_ / "outside").value().size(), 2U);
        EXPECT_TRUE(dir_.files().list(dir_ / "outside/deeper").value().empty());
        EXPECT_EQ(as_text(dir_.files().read_file(dir_ / "outside/target", 10).value()), "kept");
    });
}

/// Directories stay open on the way down: up, across and down again must still find the right one.
TEST_P(TreeBuilderTest, EveryFileGetsItsOwnDirectoryHoweverDeepAndInWhateverOrder) {
    run([&] {
        auto builder = dir_.files().create_tree(dir_ / "tree").value();
        std::vector<std::string> paths{"ab/file"};  // "a" begins it and is no directory above it.
        std::string deep;
        for (int depth = 0; depth < 20; ++depth) {
            deep += "a/";
            paths.push_back(deep + "file");
        }
        for (auto const* path : {"a/b/file", "a/a/a/b/c/file", "top", "a/a/z", "b/a/a/file", "a/a/a/a/a/a/a/a/a/a/a/z"})
            paths.emplace_back(path);

        for (auto const& path : paths) {
            if (path.find('/') != std::string::npos) {
                ASSERT_TRUE(builder->make_directory(parent_path(path))) << path;
            }
            ASSERT_TRUE(builder->add_file(path, as_bytes(path), 0644)) << path;
        }

        for (auto const& path : paths)
            EXPECT_EQ(as_text(dir_.files().read_file(dir_ / ("tree/" + path), 100).value()), path);
    });
}

TEST_P(TreeBuilderTest, PathsThatLeaveAreRefused) {
    run([&] {
        auto builder = dir_.files().create_tree(dir_ / "tree").value();
        for (auto const* path : {"../x", "/x", "", "a/../x", "a//b", "./x", "a/.", "a/"})
            EXPECT_EQ(builder->add_file(path, as_bytes("x"), 0644).error().code, Errc::refused) << path;
    });
}

INSTANTIATE_TEST_SUITE_P(Kernels, TreeBuilderTest, ::testing::Bool(),
                         [](auto const& which) { return which.param ? "WithoutOpenat2" : "WithOpenat2"; });

}  // namespace
}  // namespace ggen
