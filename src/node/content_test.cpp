// What a node keeps and gives: chunks of a blob that is on its way, and the folders it serves.
#include <gtest/gtest.h>

#include "base/testing/temp_dir.hpp"
#include "merkle/chunk_tree.hpp"
#include "node/chunk_file.hpp"
#include "node/served_folders.hpp"
#include "registry/source.hpp"

namespace ggen::p2p {
namespace {

using merkle::k_chunk_bytes;
using testing::TempDir;

TEST(ChunkFileTest, GrowsIntoTheBlobAndRemembersWhatIsThere) {
    TempDir const dir;
    auto const path = dir / "blob.part";
    std::uint64_t const bytes = 2 * k_chunk_bytes + 100;
    Bytes const first(k_chunk_bytes, 1);
    Bytes const last(100, 3);
    {
        auto const file = ChunkFile::open(path, bytes).value();
        ASSERT_TRUE(file->put(2, last));
        ASSERT_TRUE(file->put(0, first));
        EXPECT_TRUE(file->has(0) && file->has(2));
        EXPECT_FALSE(file->has(1) || file->has(3));
        EXPECT_FALSE(file->put(3, last));
        EXPECT_EQ(file->read(2 * k_chunk_bytes, 100).value(), last);
        EXPECT_FALSE(file->read(2 * k_chunk_bytes, 101));
        EXPECT_FALSE(file->read(UINT64_MAX, 2));
    }
    auto const again = ChunkFile::open(path, bytes).value();
    EXPECT_TRUE(again->has(0) && again->has(2));
    EXPECT_FALSE(again->has(1));
    EXPECT_EQ(again->read(0, k_chunk_bytes).value(), first);
    ASSERT_TRUE(again->clear());
    EXPECT_FALSE(again->has(0) || again->has(2));
    EXPECT_FALSE(again->read(0, 1));
    EXPECT_FALSE(ChunkFile::open(path, bytes).value()->has(0));
}

TEST(ChunkFileTest, MarksOfALargerBlobThanItIsAreNotTaken) {
    TempDir const dir;
    auto const path = dir / "blob.part";
    ASSERT_TRUE(ChunkFile::open(path, 3 * k_chunk_bytes).value()->put(2, Bytes(k_chunk_bytes, 1)));
    auto const smaller = ChunkFile::open(path, k_chunk_bytes).value();
    EXPECT_FALSE(smaller->has(0) || smaller->has(2));
    // A link in the way is not followed.
    ASSERT_TRUE(dir.files().make_symlink(path, dir / "link"));
    EXPECT_FALSE(ChunkFile::open(dir / "link", k_chunk_bytes));
}

TEST(ServedFoldersTest, GiveOnlyWhatTheyAreToldToServe) {
    TempDir const dir;
    auto const put = [&](std::string const& path, std::string_view text) {
        ASSERT_TRUE(dir.files().make_directories(parent_path(dir / path)));
        ASSERT_TRUE(dir.files().write_file_atomic(dir / path, as_bytes(text), Sync::none));
    };
    auto const one = sha256(as_bytes("one"));
    auto const other = sha256(as_bytes("other"));
    auto const blob = sha256(as_bytes("blob"));
    put("one/checkpoint", "of one");
    put("other/checkpoint", "of the other");
    put("other/" + blob_path(blob), "blob");
    put("one/private.key", "secret");
    ServedFolders served{dir.files()};
    served.add(one, dir / "one");
    EXPECT_FALSE(served.find_blob(blob));
    served.add(other, dir / "other");

    auto const text_of = [&](std::optional<LogId> const& log, std::string const& path) {
        auto const content = served.open(log, path);
        if (!content) return std::string{"nothing"};
        auto const bytes = (*content)->read(0, static_cast<std::size_t>((*content)->size()));
        return bytes ? std::string{as_text(*bytes)} : std::string{"unreadable"};
    };
    EXPECT_EQ(text_of(one, "checkpoint"), "of one");
    EXPECT_EQ(text_of(other, "checkpoint"), "of the other");
    EXPECT_EQ(text_of(std::nullopt, blob_path(blob)), "blob");
    EXPECT_EQ(text_of(one, blob_path(blob)), "nothing");
    EXPECT_EQ(served.find_blob(blob), dir / ("other/" + blob_path(blob)));
    for (auto const* const path : {"private.key", "../one/checkpoint", "/etc/passwd", "", "checkpoint/"}) {
        EXPECT_EQ(text_of(one, path), "nothing") << path;
    }
    served.remove(other);
    EXPECT_EQ(text_of(other, "checkpoint"), "nothing");
    EXPECT_EQ(served.all().size(), 1U);
}

}  // namespace
}  // namespace ggen::p2p
