#include "archive/archive.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "archive/archive_internal.hpp"
#include "archive/testing/raw_tar.hpp"
#include "archive/testing/sample_packs.hpp"

namespace ggen {
namespace {

using testing::raw_end;
using testing::raw_file;
using testing::RawHeader;

std::vector<ArchiveFile> sample_files() {
    return {{"b/run.sh", true, to_bytes("#!/bin/sh\n")}, {"a.txt", false, {}}};
}

Error error_of(Result<EncodedArchive> const& result) {
    return result ? Error{Errc::internal, "no error"} : result.error();
}

TEST(ArchiveTest, WhatIsEncodedDecodesToTheSameFiles) {
    auto const encoded = encode_archive("pack-1.0.0", sample_files());

    ASSERT_TRUE(encoded) << encoded.error().context;
    auto const decoded = decode_archive(encoded->packed);
    ASSERT_TRUE(decoded) << decoded.error().context;
    EXPECT_EQ(decoded->top_directory, "pack-1.0.0");
    ASSERT_EQ(decoded->files.size(), 2U);
    EXPECT_EQ(decoded->files[1].path, "b/run.sh");
    EXPECT_TRUE(decoded->files[1].executable);
    EXPECT_EQ(as_text(decoded->files[1].content), "#!/bin/sh\n");
    EXPECT_EQ(decoded->tree, encoded->tree);
    EXPECT_EQ(decoded->tree_bytes.size(), encoded->tree_bytes);
    EXPECT_EQ(encoded->archive, sha256(encoded->packed));
}

TEST(ArchiveTest, TheBytesAreThoseOfTheWrittenFormat) {
    auto const tree = encode_tree("p-1.0.0", {{"a.txt", false, as_bytes("hello")}, {"b/run", true, {}}});

    ASSERT_TRUE(tree);
    EXPECT_EQ(as_text(*tree), raw_file("p-1.0.0/a.txt", "hello") +
                                  RawHeader{"p-1.0.0/b/run"}.mode("0000755").block() + raw_end());
    // A golden value: the format may never change under a reader.
    EXPECT_EQ(sha256(*tree).hex(), "f338f54ed7035a9cf4a6b0dd88fe42a861e8d847e9fa98cc2d74e7ca18f28541");
}

TEST(ArchiveTest, LongPathsAreSplitAtTheLeftmostSlashThatFits) {
    auto const d = std::string(40, 'd');
    auto const path = d + "/" + d + "/" + d;

    auto const tree = encode_tree("p-1.0.0", {{path, false, {}}});

    ASSERT_TRUE(tree);
    EXPECT_EQ(as_text(*tree), RawHeader{d + "/" + d}.prefix("p-1.0.0/" + d).block() + raw_end());
}

TEST(ArchiveTest, ThePathAndItsTopMustFitTheHeader) {
    auto const top = std::string(57, 't');
    auto const fits = std::string(97, 'a') + "/" + std::string(100, 'b');   // 155 bytes before the last slash.
    auto const too_long = std::string(98, 'a') + "/" + std::string(100, 'b');
    auto const no_slash = std::string(10, 'a') + "/" + std::string(90, 'b') + "/" + std::string(98, 'c');

    EXPECT_TRUE(encode_archive(top, {{fits, false, {}}}));
    auto const refused = encode_archive(top, {{too_long, false, {}}});
    auto const unsplittable = encode_archive(top, {{no_slash, false, {}}});

    EXPECT_EQ(error_of(refused).id, ErrorId::archive_too_large);
    EXPECT_TRUE(check_archive_room(top, fits));
    EXPECT_FALSE(check_archive_room(top, too_long));
    EXPECT_FALSE(check_archive_room("a/b", "c"));
    EXPECT_FALSE(check_archive_room("a", "../c"));
    EXPECT_NE(error_of(refused).context.find("no slash splits it"), std::string::npos);
    EXPECT_EQ(error_of(unsplittable).id, ErrorId::archive_too_large);
}

TEST(ArchiveTest, EncodingRefusesWhatDecodingWould) {
    auto const refusal = [](std::string_view top, std::vector<ArchiveFile> files) {
        return error_of(encode_archive(top, std::move(files)));
    };

    EXPECT_EQ(refusal("p-1", {}).code, Errc::invalid);
    EXPECT_EQ(refusal("", {{"a", false, {}}}).id, ErrorId::archive_path_unsafe);
    EXPECT_EQ(refusal("a/b", {{"a", false, {}}}).id, ErrorId::archive_path_unsafe);
    EXPECT_EQ(refusal("..", {{"a", false, {}}}).id, ErrorId::archive_path_unsafe);
    EXPECT_EQ(refusal(std::string(101, 't'), {{"a", false, {}}}).id, ErrorId::archive_too_large);
    EXPECT_EQ(refusal("p-1", {{"../a", false, {}}}).id, ErrorId::archive_path_unsafe);
    EXPECT_EQ(refusal("p-1", {{"a", false, {}}, {"a", false, {}}}).code, Errc::conflict);
    EXPECT_FALSE(encode_tree("p-1", {{"b", false, {}}, {"a", false, {}}})) << "not sorted";
}

TEST(ArchiveTest, TheTopDirectoryJoinsScopeNameAndVersion) {
    EXPECT_EQ(archive_top_directory("acme/tool", "1.0.0-rc.1"), "acme-tool-1.0.0-rc.1");
    EXPECT_EQ(archive_top_directory("tool", "1.0.0"), "tool-1.0.0");
}

TEST(ArchiveTest, TheNumberOfFilesIsLimited) {
    ArchiveBounds const three{.files_max = 3};
    std::vector<ArchiveEntry> files{{"a", false, {}}, {"b", false, {}}, {"c", false, {}}};

    auto const at_limit = archive_internal::encode_tree("p", files, three);
    files.push_back({"d", false, {}});
    auto const past = archive_internal::encode_tree("p", files, three);
    auto const past_bytes = encode_tree("p", files);

    ASSERT_TRUE(at_limit);
    EXPECT_TRUE(archive_internal::decode_tree(*at_limit, three));
    ASSERT_FALSE(past);
    EXPECT_EQ(past.error().id, ErrorId::archive_too_large);
    ASSERT_TRUE(past_bytes);
    auto const decoded = archive_internal::decode_tree(*past_bytes, three);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().id, ErrorId::archive_too_large);
}

TEST(ArchiveTest, TheTreeIsLimited) {
    std::vector<ArchiveEntry> const files{{"a", false, as_bytes("x")}};  // Four blocks.
    ArchiveBounds const at_limit{.unpacked_floor_bytes = 2048, .unpacked_ratio_max = 0};
    ArchiveBounds const one_less{.unpacked_floor_bytes = 2047, .unpacked_ratio_max = 0};

    EXPECT_TRUE(archive_internal::encode_tree("p", files, at_limit));
    auto const refused = archive_internal::encode_tree("p", files, one_less);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::archive_too_large);
}

TEST(ArchiveTest, AHundredThousandFilesAreTheLimit) {
    std::vector<ArchiveFile> files;
    files.reserve(ArchiveLimits::k_files_max);
    for (std::size_t i = 0; i < ArchiveLimits::k_files_max; ++i) files.push_back({std::to_string(i), false, {}});

    auto const at_limit = encode_archive("p-1.0.0", files);
    files.push_back({"one-more", false, {}});
    auto const past = encode_archive("p-1.0.0", files);

    ASSERT_TRUE(at_limit);
    auto const decoded = decode_archive(at_limit->packed);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->files.size(), ArchiveLimits::k_files_max);
    EXPECT_EQ(error_of(past).id, ErrorId::archive_too_large);
}

TEST(ArchiveTest, RandomPacksComeBackByteForByte) {
    constexpr std::uint64_t k_seed = 20260101;
    RecordProperty("seed", static_cast<int>(k_seed));
    ArchiveCodec codec;
    std::mt19937_64 random{k_seed};
    for (int round = 0; round < 300; ++round) {
        auto pack = testing::random_pack(random);
        SCOPED_TRACE(::testing::Message() << "seed " << k_seed << " round " << round);

        auto const encoded = codec.encode(pack.top_directory, pack.files);
        ASSERT_TRUE(encoded) << encoded.error().context;
        auto const decoded = codec.decode(encoded->packed, encoded->tree_bytes);

        ASSERT_TRUE(decoded) << decoded.error().context;
        ASSERT_EQ(*encode_tree(decoded->top_directory, decoded->files), decoded->tree_bytes);
        std::sort(pack.files.begin(), pack.files.end(), [](auto const& a, auto const& b) { return a.path < b.path; });
        ASSERT_EQ(decoded->files.size(), pack.files.size());
        for (std::size_t i = 0; i < pack.files.size(); ++i) {
            ASSERT_EQ(decoded->files[i].path, pack.files[i].path);
            ASSERT_EQ(decoded->files[i].executable, pack.files[i].executable);
            ASSERT_TRUE(std::equal(pack.files[i].content.begin(), pack.files[i].content.end(),
                                   decoded->files[i].content.begin(), decoded->files[i].content.end()));
        }
    }
}

TEST(ArchiveTest, ACodecUnpacksIntoTheMemoryOfTheArchiveBefore) {
    ArchiveCodec codec;
    for (std::size_t const bytes : {100'000U, 10U, 200'000U, 5'000'000U, 0U, 9'000'000U, 100'000U}) {
        std::vector<ArchiveFile> files;
        files.push_back({"file", false, Bytes(bytes, static_cast<std::uint8_t>(bytes % 251 + 1))});
        auto const packed = encode_archive("top", files).value().packed;

        auto decoded = codec.decode(packed);

        ASSERT_TRUE(decoded) << decoded.error().context;
        ASSERT_EQ(decoded->files.size(), 1U);
        EXPECT_TRUE(std::ranges::equal(decoded->files[0].content, files[0].content)) << bytes;
        EXPECT_EQ(decoded->tree, decode_archive(packed)->tree) << bytes;
        codec.recycle(*std::move(decoded));
    }
}

TEST(ArchiveTest, TheOrderOfTheInputDoesNotMatter) {
    auto files = sample_files();
    auto const forward = encode_archive("p-1.0.0", files);
    std::reverse(files.begin(), files.end());
    auto const backward = encode_archive("p-1.0.0", files);

    ASSERT_TRUE(forward && backward);
    EXPECT_EQ(forward->packed, backward->packed);
}

}  // namespace
}  // namespace ggen
