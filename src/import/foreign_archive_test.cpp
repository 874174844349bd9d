#include "import/foreign_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

namespace ggen {
namespace {

struct Sample {
    std::string path;
    std::string content;
    unsigned mode = 0644;
    char const* symlink = nullptr;
};

Bytes make_tgz(std::vector<Sample> const& samples) {
    Bytes out(4 * k_mib);
    std::size_t used = 0;
    auto* const writer = archive_write_new();
    archive_write_add_filter_gzip(writer);
    archive_write_set_format_pax_restricted(writer);
    archive_write_open_memory(writer, out.data(), out.size(), &used);
    for (auto const& sample : samples) {
        auto* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, sample.path.c_str());
        archive_entry_set_perm(entry, sample.mode);
        if (sample.symlink != nullptr) {
            archive_entry_set_filetype(entry, AE_IFLNK);
            archive_entry_set_symlink(entry, sample.symlink);
        } else {
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_size(entry, static_cast<la_int64_t>(sample.content.size()));
        }
        archive_write_header(writer, entry);
        if (sample.symlink == nullptr) archive_write_data(writer, sample.content.data(), sample.content.size());
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    out.resize(used);
    return out;
}

TEST(ForeignArchiveTest, CutsTheFirstDirectoryAndKeepsExecutableBits) {
    auto const contents =
        read_npm_tarball(make_tgz({{"package/package.json", "{}"}, {"package/bin/run", "#!", 0755}})).value();

    ASSERT_EQ(contents.files.size(), 2U);
    EXPECT_EQ(contents.files[0].path, "package.json");
    EXPECT_FALSE(contents.files[0].executable);
    EXPECT_EQ(contents.files[1].path, "bin/run");
    EXPECT_TRUE(contents.files[1].executable);
    EXPECT_TRUE(contents.skipped.empty());
}

TEST(ForeignArchiveTest, LeavesOutWhatOurArchiveRefusesAndSaysWhy) {
    auto const contents = read_npm_tarball(make_tgz({{"package/ok", "1"},
                                                     {"package/../../etc/passwd", "2"},
                                                     {"package/link", "", 0777, "/etc/passwd"},
                                                     {"package/OK", "3"},
                                                     {"package/ok/below", "4"},
                                                     {"package/gpack.toml", "5"},
                                                     {"package/con.txt", "6"},
                                                     {"alone", "7"}}))
                              .value();

    ASSERT_EQ(contents.files.size(), 1U);
    EXPECT_EQ(contents.files[0].path, "ok");
    EXPECT_EQ(contents.skipped.size(), 7U);
}

TEST(ForeignArchiveTest, WhatItReturnsIsAlwaysEncodable) {
    auto const d = std::string(90, 'd');
    auto const tgz = make_tgz({{"package/Lib/a.js", "1"},
                               {"package/lib/b.js", "2"},
                               {"package/x/Y/c.js", "3"},
                               {"package/x/y/d.js", "4"},
                               {"package/GPACK.toml", "5"},
                               {"package/gpack.toml/e", "6"},
                               {"package/Strasse", "7"},
                               {"package/Stra\u00DFe", "8"},
                               {"package/" + d + "/" + d + "/f", "9"}});

    auto const contents =
        read_npm_tarball(tgz, {.top_directory = archive_top_directory("npm/a", "1.0.0-" + std::string(60, 'x'))});

    ASSERT_TRUE(contents) << contents.error().context;
    EXPECT_EQ(contents->files.size(), 3U);
    EXPECT_EQ(contents->skipped.size(), 6U);
    auto files = contents->files;
    files.push_back({"gpack.toml", false, {}});
    EXPECT_TRUE(encode_archive("npm-a-1.0.0-" + std::string(60, 'x'), files));
    EXPECT_FALSE(read_npm_tarball(tgz, {.top_directory = std::string(101, 't')}));
}

TEST(ForeignArchiveTest, NamesOutsideOfAsciiSurviveThePlainLocale) {
    auto const contents = read_npm_tarball(make_tgz({{"package/\u00FCber/\u65E5\u672C.txt", "1"}})).value();

    ASSERT_EQ(contents.files.size(), 1U) << contents.skipped.at(0);
    EXPECT_EQ(contents.files[0].path, "\u00FCber/\u65E5\u672C.txt");
}

TEST(ForeignArchiveTest, StopsAtTheRatio) {
    auto const tgz = make_tgz({{"package/zeros", std::string(8 * k_mib, '\0')}});

    EXPECT_TRUE(read_npm_tarball(tgz));
    EXPECT_EQ(read_npm_tarball(tgz, {.unpacked_floor_bytes = k_mib}).error().code, Errc::too_large);
}

TEST(ForeignArchiveTest, StopsAtItsLimits) {
    auto const tgz = make_tgz({{"package/a", std::string(1'000, 'a')}, {"package/b", std::string(1'000, 'b')}});

    EXPECT_TRUE(read_npm_tarball(tgz, {2'000, 2}));
    EXPECT_EQ(read_npm_tarball(tgz, {1'999, 2}).error().code, Errc::too_large);
    EXPECT_EQ(read_npm_tarball(tgz, {2'000, 1}).error().code, Errc::too_large);
}

TEST(ForeignArchiveTest, RefusesWhatIsNoArchive) {
    EXPECT_FALSE(read_npm_tarball(as_bytes("this is no archive at all")));
    auto cut = make_tgz({{"package/a", std::string(100'000, 'a')}});
    cut.resize(cut.size() / 2);
    EXPECT_FALSE(read_npm_tarball(cut));
}

}  // namespace
}  // namespace ggen
