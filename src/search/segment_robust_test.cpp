#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "search/document_codec.hpp"
#include "search/testing/drive_segment.hpp"
#include "search/testing/segment_fixture.hpp"

namespace ggen::search_index {
namespace {

using testing::build_segment;
using testing::drive_segment;
using testing::random_documents;

class SegmentRobustTest : public ::testing::Test {
protected:
    Bytes small_segment(std::size_t documents = 60) {
        EXPECT_TRUE(build_segment(directory_.files(), path_, random_documents(documents, 21)));
        auto bytes = directory_.files().read_file(path_, k_gib);
        EXPECT_TRUE(bytes);
        return bytes ? *bytes : Bytes{};
    }
    /// Opens `bytes` as far as structure goes and asks it everything, so that sanitizers see each read.
    static void drive(BytesView bytes) { static_cast<void>(drive_segment(bytes)); }
    Errc open_code(BytesView bytes) {
        EXPECT_TRUE(directory_.files().write_file_atomic(path_, bytes, Sync::none));
        auto const opened = SegmentReader::open(directory_.files(), path_);
        EXPECT_FALSE(opened);
        return opened ? Errc::internal : opened.error().code;
    }
    std::size_t files_left() {
        auto const entries = directory_.files().list(directory_.path());
        EXPECT_TRUE(entries);
        std::size_t count = 0;
        for (auto const& entry : *entries) count += entry.name.ends_with(".lock") ? 0 : 1;
        return count;
    }

    ggen::testing::TempDir directory_;
    std::string path_ = directory_ / "index";
};

TEST_F(SegmentRobustTest, EveryFlippedByteIsAnErrorAndNeverACrash) {
    Bytes bytes = small_segment(12);
    auto const whole = testing::map_bytes(bytes);
    ASSERT_TRUE(SegmentReader::from(whole, Verify::all));

    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::uint8_t const good = bytes[i];
        bytes[i] = static_cast<std::uint8_t>(good ^ (1U << (i % 8)));
        auto const opened = SegmentReader::from(testing::map_bytes(bytes), Verify::all);
        ASSERT_FALSE(opened) << "byte " << i;
        ASSERT_TRUE(opened.error().code == Errc::corrupt || opened.error().code == Errc::invalid) << "byte " << i;
        // Reading on without the checksums is harmless too.
        drive(bytes);
        bytes[i] = good;
    }
}

TEST_F(SegmentRobustTest, TruncatedAndExtendedFilesAreRefused) {
    Bytes const bytes = small_segment();

    for (std::size_t size = 0; size < bytes.size(); size += size < 400 ? 1 : 997) {
        EXPECT_EQ(open_code(BytesView{bytes}.first(size)), Errc::corrupt) << size;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_EQ(open_code(longer), Errc::corrupt);
}

TEST_F(SegmentRobustTest, ZeroedPagesAreRefused) {
    Bytes const bytes = small_segment();

    for (std::size_t at = 0; at < bytes.size(); at += 512) {
        Bytes zeroed = bytes;
        auto const end = std::min(zeroed.size(), at + 512);
        for (std::size_t i = at; i < end; ++i) zeroed[i] = 0;
        if (zeroed == bytes) continue;
        auto const opened = SegmentReader::from(testing::map_bytes(zeroed), Verify::all);
        EXPECT_FALSE(opened) << at;
        drive(zeroed);
    }
    EXPECT_EQ(open_code(Bytes(bytes.size())), Errc::invalid);
}

TEST_F(SegmentRobustTest, OtherFilesAndVersionsAreToldApart) {
    for (std::uint8_t const version : {std::uint8_t{2}, std::uint8_t{4}}) {
        Bytes bytes = small_segment();
        bytes[8] = version;

        ASSERT_TRUE(directory_.files().write_file_atomic(path_, bytes, Sync::none));
        auto const opened = SegmentReader::open(directory_.files(), path_);

        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, Errc::invalid);
        EXPECT_NE(opened.error().context.find("of version " + std::to_string(version)), std::string::npos)
            << opened.error().context;
    }
    EXPECT_EQ(open_code(to_bytes(std::string(4'096, 'x'))), Errc::invalid);
    EXPECT_EQ(SegmentReader::open(directory_.files(), directory_ / "none").error().code, Errc::not_found);
}

TEST_F(SegmentRobustTest, AFullDiskLeavesTheOldIndexAndNoLitter) {
    auto documents = random_documents(400, 22);
    for (auto& document : documents) document.description += std::string(20'000, 'x');  // So that it spools to disk.
    Bytes const old = small_segment();
    ggen::testing::FaultFileSystem files{directory_.files()};
    std::uint64_t calls = 0;
    files.fail_at(0, ggen::testing::FaultMode::not_done, false);
    ASSERT_TRUE(build_segment(files, directory_ / "probe", documents));
    ASSERT_TRUE(directory_.files().remove_file(directory_ / "probe"));
    calls = files.calls();
    ASSERT_GT(calls, 10U);

    for (std::uint64_t call = 1; call <= calls; ++call) {
        files.fail_at(call, ggen::testing::FaultMode::not_done, false);
        auto const built = build_segment(files, path_, documents);
        // Cleaning up may fail without harm. Only the last call, the sync of the folder, comes after the new index.
        EXPECT_TRUE(built || built.error().code == Errc::io);
        if (!built && call < calls) {
            EXPECT_EQ(directory_.files().read_file(path_, k_gib).value(), old) << "call " << call << " of " << calls;
        }
        ASSERT_TRUE(directory_.files().write_file_atomic(path_, old, Sync::none));
    }
    files.fail_at(0, ggen::testing::FaultMode::not_done, false);
    ASSERT_TRUE(build_segment(files, path_, documents));
    EXPECT_EQ(files_left(), 1U);
}

TEST_F(SegmentRobustTest, TwoBuildersAtOnceBothSucceed) {
    auto const documents = random_documents(300, 23);
    ASSERT_TRUE(build_segment(directory_.files(), path_, documents));
    auto const wanted = directory_.files().read_file(path_, k_gib);

    auto first = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
    auto second = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
    ASSERT_TRUE(first && second);
    std::thread other{[&] {
        for (auto const& document : documents) EXPECT_TRUE((*second)->add(document));
        EXPECT_TRUE((*second)->finish());
    }};
    for (auto const& document : documents) EXPECT_TRUE((*first)->add(document));
    EXPECT_TRUE((*first)->finish());
    other.join();

    EXPECT_EQ(directory_.files().read_file(path_, k_gib).value(), wanted.value());
    EXPECT_EQ(files_left(), 1U);
}

TEST_F(SegmentRobustTest, TheSeventeenthBuilderIsToldToWait) {
    std::vector<std::unique_ptr<SegmentBuilder>> builders;
    for (int i = 0; i < 16; ++i) {
        auto made = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
        ASSERT_TRUE(made);
        builders.push_back(std::move(*made));
    }
    auto const one_more = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().code, Errc::conflict);
}

TEST_F(SegmentRobustTest, AKilledBuilderLeavesTheOldIndexOrTheNewOne) {
    auto documents = random_documents(150, 24);
    for (auto& document : documents) document.description += std::string(20'000, 'x');
    Bytes const old = small_segment();
    ASSERT_TRUE(build_segment(directory_.files(), directory_ / "probe", documents));
    Bytes const fresh = directory_.files().read_file(directory_ / "probe", k_gib).value();
    ASSERT_TRUE(directory_.files().remove_file(directory_ / "probe"));
    bool seen_old = false;

    for (int round = 0; round < 12; ++round) {
        ASSERT_TRUE(directory_.files().write_file_atomic(path_, old, Sync::none));
        pid_t const child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto const ignored = build_segment(directory_.files(), path_, documents);
            ::_exit(ignored ? 0 : 1);
        }
        ::usleep(static_cast<useconds_t>(2'000 + round * 12'000));
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        auto const now = directory_.files().read_file(path_, k_gib);
        ASSERT_TRUE(now);
        EXPECT_TRUE(*now == old || *now == fresh) << "round " << round;
        seen_old = seen_old || *now == old;
    }
    EXPECT_TRUE(seen_old);
    ASSERT_TRUE(build_segment(directory_.files(), path_, documents));
    EXPECT_EQ(directory_.files().read_file(path_, k_gib).value(), fresh);
    EXPECT_EQ(files_left(), 1U);
}

TEST_F(SegmentRobustTest, DocumentsUpToTheLimitFit) {
    auto builder = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
    ASSERT_TRUE(builder);
    SearchDocument document;
    document.name = "n";
    Bytes record;
    encode_document(document, record);
    // The length of the description takes three bytes more than that of an empty one.
    document.description.assign(SegmentBuilder::k_document_bytes_max - record.size() - 3, '-');
    EXPECT_TRUE((*builder)->add(document));
    document.description += '-';
    auto const refused = (*builder)->add(document);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);

    ASSERT_TRUE((*builder)->finish());
    auto const opened = SegmentReader::open(directory_.files(), path_);
    ASSERT_TRUE(opened);
    StoreScratchPtr scratch;
    EXPECT_EQ((*opened)->view().stored(0, scratch).value().description.size(), document.description.size() - 1);
}

TEST_F(SegmentRobustTest, StopsWhenCancelled) {
    Bytes const old = small_segment();
    auto builder = SegmentBuilder::create(directory_.files(), path_, testing::PlainAnalyser{});
    ASSERT_TRUE(builder);
    for (auto const& document : random_documents(50, 25)) ASSERT_TRUE((*builder)->add(document));
    CancelToken cancel;
    cancel.cancel();

    auto const finished = (*builder)->finish(&cancel);

    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, Errc::cancelled);
    EXPECT_EQ(directory_.files().read_file(path_, k_gib).value(), old);
}

}  // namespace
}  // namespace ggen::search_index
