#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "archive/archive_internal.hpp"
#include "archive/testing/sample_packs.hpp"

namespace ggen {
namespace {

/// Files as a disk would have them, read in pieces of `piece_bytes`.
class Folder {
public:
    explicit Folder(std::vector<ArchiveFile> files, std::size_t piece_bytes = 1000) : piece_bytes_(piece_bytes) {
        for (auto& file : files) {
            members_.push_back({file.path, file.executable, file.content.size()});
            contents_[file.path] = std::move(file.content);
        }
    }
    std::vector<ArchiveMember>& members() { return members_; }
    [[nodiscard]] GiveContent give() const {
        return [this](ArchiveMember const& member, TakePiece const& take) -> Result<void> {
            BytesView rest{contents_.at(member.path)};
            while (!rest.empty()) {
                auto const piece = rest.first(std::min(piece_bytes_, rest.size()));
                RETURN_IF_ERROR(take(piece));
                rest = rest.subspan(piece.size());
            }
            return ok();
        };
    }
    Result<WrittenArchive> write(Bytes* out, ArchiveBounds const& bounds = {}) {
        return archive_internal::write_archive("p-1.0.0", members_, give(), take_into(out), bounds);
    }
    static TakePiece take_into(Bytes* out) {
        return [out](BytesView piece) {
            out->insert(out->end(), piece.begin(), piece.end());
            return ok();
        };
    }

private:
    std::vector<ArchiveMember> members_;
    std::map<std::string, Bytes> contents_;
    std::size_t piece_bytes_;
};

std::vector<ArchiveFile> sample_files() {
    Bytes large(700'000);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * i >> 9U);
    return {{"z/last", false, std::move(large)}, {"empty", false, {}}, {"bin/run", true, to_bytes("#!/bin/sh\n")}};
}

TEST(ArchiveWriterTest, WritesTheTreeThatEncodingHas) {
    Bytes packed;
    auto const written = Folder{sample_files()}.write(&packed);
    auto const encoded = encode_archive("p-1.0.0", sample_files());

    ASSERT_TRUE(written) << written.error().context;
    ASSERT_TRUE(encoded);
    EXPECT_EQ(written->tree, encoded->tree);
    EXPECT_EQ(written->tree_bytes, encoded->tree_bytes);
    EXPECT_EQ(written->packed_bytes, packed.size());
    EXPECT_EQ(written->archive, sha256(packed));
    auto const decoded = decode_archive(packed);
    ASSERT_TRUE(decoded) << decoded.error().context;
    EXPECT_EQ(decoded->tree, encoded->tree);
    auto folder = Folder{sample_files()};
    EXPECT_EQ(digest_tree("p-1.0.0", folder.members(), folder.give()).value(), encoded->tree);
}

TEST(ArchiveWriterTest, TheBytesDoNotDependOnHowFilesAreRead) {
    Bytes by_one_piece;
    ASSERT_TRUE((Folder{sample_files(), 1'000'000}.write(&by_one_piece)));
    for (std::size_t const piece_bytes : {1, 511, 131'072, 131'073}) {
        Bytes packed;
        ASSERT_TRUE((Folder{sample_files(), piece_bytes}.write(&packed)));
        EXPECT_EQ(packed, by_one_piece) << piece_bytes;
    }
}

TEST(ArchiveWriterTest, RandomPacksAreWrittenAsTheyAreEncoded) {
    constexpr std::uint64_t k_seed = 20260107;
    std::mt19937_64 random{k_seed};
    for (int round = 0; round < 100; ++round) {
        auto pack = testing::random_pack(random);
        SCOPED_TRACE(::testing::Message() << "seed " << k_seed << " round " << round);
        auto const encoded = encode_archive(pack.top_directory, pack.files);
        ASSERT_TRUE(encoded);
        Folder folder{std::move(pack.files), 333};
        Bytes packed;
        auto const written =
            write_archive(pack.top_directory, folder.members(), folder.give(), Folder::take_into(&packed));
        ASSERT_TRUE(written) << written.error().context;
        EXPECT_EQ(written->tree, encoded->tree);
        EXPECT_EQ(decode_archive(packed).value().tree, encoded->tree);
    }
}

TEST(ArchiveWriterTest, ContentOfAnotherSizeIsRefused) {
    for (int const off : {-1, 1}) {
        Folder folder{sample_files()};
        folder.members()[2].size_bytes = static_cast<std::uint64_t>(10 + off);
        Bytes packed;
        auto const written = folder.write(&packed);
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, Errc::corrupt);
        EXPECT_NE(written.error().context.find("bin/run\" changed while it was read"), std::string::npos)
            << written.error().context;
    }
}

TEST(ArchiveWriterTest, TheRulesHoldAndErrorsOfTheCallbacksComeBack) {
    Bytes packed;
    Folder unsafe{{{"../x", false, {}}}};
    EXPECT_EQ(unsafe.write(&packed).error().id, ErrorId::archive_path_unsafe);
    Folder twice{{{"a", false, {}}, {"a", false, {}}}};
    EXPECT_EQ(twice.write(&packed).error().code, Errc::conflict);
    EXPECT_TRUE(packed.empty());

    Folder folder{sample_files()};
    auto const broken = [](ArchiveMember const&, TakePiece const&) {
        return Result<void>{Error{Errc::io, "bad disk"}};
    };
    EXPECT_EQ(write_archive("p", folder.members(), broken, Folder::take_into(&packed)).error().context, "bad disk");
    auto const full = [](BytesView) { return Result<void>{Error{Errc::io, "full disk"}}; };
    EXPECT_EQ(write_archive("p", folder.members(), folder.give(), full).error().context, "full disk");
}

TEST(ArchiveWriterTest, BothSizesAreLimited) {
    Folder folder{sample_files()};
    Bytes packed;
    auto const written = folder.write(&packed);
    ASSERT_TRUE(written);
    auto const refusal = [&](ArchiveBounds const& bounds) {
        Bytes ignored;
        auto const result = folder.write(&ignored, bounds);
        return result ? ErrorId::none : result.error().id;
    };
    EXPECT_EQ(refusal({.packed_bytes_max = written->packed_bytes}), ErrorId::none);
    EXPECT_EQ(refusal({.packed_bytes_max = written->packed_bytes - 1}), ErrorId::archive_too_large);
    EXPECT_EQ(refusal({.unpacked_floor_bytes = written->tree_bytes, .unpacked_ratio_max = 0}), ErrorId::none);
    EXPECT_EQ(refusal({.unpacked_floor_bytes = written->tree_bytes - 1, .unpacked_ratio_max = 0}),
              ErrorId::archive_too_large);
    auto const ratio = (written->tree_bytes + written->packed_bytes - 1) / written->packed_bytes;
    EXPECT_EQ(refusal({.unpacked_floor_bytes = 0, .unpacked_ratio_max = ratio}), ErrorId::none);
    EXPECT_EQ(refusal({.unpacked_floor_bytes = 0, .unpacked_ratio_max = ratio - 1}), ErrorId::archive_too_large);
    EXPECT_EQ(refusal({.files_max = 2}), ErrorId::archive_too_large);
}

}  // namespace
}  // namespace ggen
