#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.hpp"

namespace ggen {
namespace {

struct Seen {
    std::string path;
    bool executable;
    std::uint64_t size_bytes;
    Bytes content;
};

class Recorder final : public ArchiveSink {
public:
    Result<void> begin_file(std::string const& path, bool executable, std::uint64_t size_bytes) override {
        if (files.size() == refuse_after) return Error{Errc::io, "the disk is full"};
        files.push_back({path, executable, size_bytes, {}});
        return ok();
    }
    Result<void> add_content(BytesView piece) override {
        files.back().content.insert(files.back().content.end(), piece.begin(), piece.end());
        return ok();
    }
    std::vector<Seen> files;
    std::size_t refuse_after = 1'000'000;
};

EncodedArchive sample() {
    std::vector<ArchiveFile> files;
    files.push_back({"empty", false, {}});
    files.push_back({"bin/run", true, to_bytes("#!/bin/sh\n")});
    Bytes large(300'000);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * i >> 7U);
    files.push_back({"large", false, std::move(large)});
    files.push_back({"block", false, Bytes(512, std::uint8_t{7})});
    return encode_archive("p-1.0.0", std::move(files)).value();
}

Result<ArchiveStream::Summary> run(BytesView packed, std::size_t piece, ArchiveSink& sink) {
    ArchiveStream stream{packed.size(), sink};
    for (std::size_t at = 0; at < packed.size(); at += piece)
        RETURN_IF_ERROR(stream.feed(packed.subspan(at, std::min(piece, packed.size() - at))));
    return stream.finish();
}

TEST(ArchiveStreamTest, GivesWhatDecodingAtOnceGivesWhateverThePieces) {
    auto const archive = sample();
    auto const whole = decode_archive(archive.packed).value();
    for (std::size_t const piece : {std::size_t{1}, std::size_t{5}, std::size_t{511}, std::size_t{1} << 20U}) {
        Recorder recorder;
        auto const summary = run(archive.packed, piece, recorder);
        ASSERT_TRUE(summary) << summary.error().context;
        EXPECT_EQ(summary->archive, archive.archive);
        EXPECT_EQ(summary->tree, archive.tree);
        EXPECT_EQ(summary->tree_bytes, archive.tree_bytes);
        EXPECT_EQ(summary->top_directory, "p-1.0.0");
        ASSERT_EQ(recorder.files.size(), whole.files.size());
        for (std::size_t i = 0; i < whole.files.size(); ++i) {
            auto const& seen = recorder.files[i];
            EXPECT_EQ(seen.path, whole.files[i].path);
            EXPECT_EQ(seen.executable, whole.files[i].executable);
            EXPECT_EQ(seen.size_bytes, seen.content.size());
            EXPECT_TRUE(std::equal(seen.content.begin(), seen.content.end(), whole.files[i].content.begin(),
                                   whole.files[i].content.end()));
        }
    }
}

TEST(ArchiveStreamTest, EveryCutAndEveryAddedByteIsRefused) {
    auto const packed = encode_archive("p-1.0.0", {{"a", false, to_bytes("hello")}})->packed;
    for (std::size_t cut = 0; cut < packed.size(); ++cut) {
        Recorder recorder;
        auto const summary = run(BytesView{packed}.first(cut), 3, recorder);
        ASSERT_FALSE(summary) << cut;
        EXPECT_EQ(summary.error().context, decode_archive(BytesView{packed}.first(cut)).error().context) << cut;
    }
    auto longer = packed;
    longer.push_back(0);
    Recorder recorder;
    EXPECT_EQ(run(longer, 3, recorder).error().id, ErrorId::archive_compression);
}

TEST(ArchiveStreamTest, AFlippedBitIsRefusedOrAnotherArchive) {
    auto const archive = sample();
    for (std::size_t at = 0; at < archive.packed.size(); at += 97) {
        auto packed = archive.packed;
        packed[at] ^= 0x10U;
        Recorder recorder;
        auto const summary = run(packed, 4096, recorder);
        EXPECT_TRUE(!summary || summary->archive != archive.archive) << at;
    }
}

TEST(ArchiveStreamTest, AnErrorOfTheSinkEndsIt) {
    auto const archive = sample();
    Recorder recorder;
    recorder.refuse_after = 2;
    auto const summary = run(archive.packed, 4096, recorder);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, Errc::io);
    EXPECT_EQ(recorder.files.size(), 2U);
}

}  // namespace
}  // namespace ggen
