// Archives that are larger than what is held in memory: streamed, resumed across runs, never trusted early.
#include <algorithm>

#include "market/install.hpp"
#include "market/mirrored_source.hpp"
#include "market/testing/market_fixture.hpp"
#include "registry/testing/memory_source.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_never = ~std::uint64_t{0};

/// What the sources of a run did and shall do.
struct Traffic {
    std::vector<std::uint64_t> asked_from;
    std::uint64_t cut_at = k_never;  ///< The connection breaks at this byte of an archive.
    std::uint64_t flip_at = k_never;
};

class FlawedSource final : public RegistrySource {
public:
    FlawedSource(FileSystem& files, std::string location, Traffic& traffic)
        : folder_(files, std::move(location)), traffic_(traffic) {}
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override {
        return folder_.read(path, bytes_max);
    }
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override {
        return folder_.read_blob(digest, bytes_max);
    }
    Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                             TakeBytes const& take) override {
        traffic_.asked_from.push_back(from);
        auto at = from;
        return folder_.stream_blob(digest, from, bytes_max, [&](BytesView piece) -> Result<void> {
            Bytes bytes{piece.begin(), piece.end()};
            if (at <= traffic_.flip_at && traffic_.flip_at < at + bytes.size()) bytes[traffic_.flip_at - at] ^= 1U;
            if (traffic_.cut_at < at + bytes.size()) {
                bytes.resize(static_cast<std::size_t>(traffic_.cut_at - std::min(at, traffic_.cut_at)));
                RETURN_IF_ERROR(take(bytes));
                return Error{Errc::unavailable, ErrorId::http_failed, "the connection broke"};
            }
            at += bytes.size();
            return take(bytes);
        });
    }
    [[nodiscard]] std::string describe() const override { return folder_.describe(); }

private:
    FolderSource folder_;
    Traffic& traffic_;
};

class FlawedOpener final : public SourceOpener {
public:
    FlawedOpener(FileSystem& files, Traffic& traffic) : files_(files), traffic_(traffic) {}
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override {
        return std::unique_ptr<RegistrySource>{std::make_unique<FlawedSource>(files_, location, traffic_)};
    }

private:
    FileSystem& files_;
    Traffic& traffic_;
};

class InstallLargeTest : public testing::MarketFixture {
protected:
    void SetUp() override {
        MarketFixture::SetUp();
        Bytes noise(3 * k_mib);  // Does not compress.
        random_.fill(noise);
        std::vector<ArchiveFile> files;
        files.push_back({"data/noise.bin", false, noise});
        files.push_back({"data/empty", false, {}});
        ASSERT_TRUE(publish_items(market_, "main", {item("acme/large", "1.0.0", {}, std::move(files))}));
        noise_ = std::move(noise);
    }

    std::string install_large() {
        FlawedOpener opener{dir_.files(), traffic_};
        Market flawed{files_,  clock_, random_, log_, opener, observer_, cancel_, market_.directories,
                      market_.config, market_.project_directory};
        return describe(install(flawed, request({"acme/large"})));
    }
    /// How much of a download is kept; nothing when none is.
    std::optional<std::uint64_t> kept() {
        auto const entries = dir_.files().list(dir_ / "cache/store/partial");
        if (!entries || entries->empty()) return std::nullopt;
        return dir_.files().info(dir_ / "cache/store/partial/" + entries->front().name)->size_bytes;
    }
    void expect_installed() {
        auto const bytes = dir_.files().read_file(dir_ / "project/gpacks/acme/large/data/noise.bin", 4 * k_mib);
        ASSERT_TRUE(bytes);
        EXPECT_TRUE(*bytes == noise_);
        EXPECT_TRUE(verify_project(market_, true)->is_sound());
        EXPECT_FALSE(kept()) << "what is in the store needs no copy";
    }

    Traffic traffic_;
    Bytes noise_;
};

using Froms = std::vector<std::uint64_t>;

TEST_F(InstallLargeTest, ArrivesInPiecesAndLeavesNothingBehind) {
    EXPECT_EQ(install_large(), "acme/large@1.0.0");
    EXPECT_EQ(traffic_.asked_from, Froms{0});
    expect_installed();
}

TEST_F(InstallLargeTest, ABrokenDownloadGoesOnInTheNextRunWhereItEnded) {
    traffic_.cut_at = 1'000'000;
    EXPECT_TRUE(install_large().starts_with("error"));
    EXPECT_EQ(kept(), 1'000'000U);
    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks"));
    traffic_.cut_at = 2'500'000;
    EXPECT_TRUE(install_large().starts_with("error"));
    EXPECT_EQ(kept(), 2'500'000U);
    traffic_.cut_at = k_never;

    EXPECT_EQ(install_large(), "acme/large@1.0.0");
    EXPECT_EQ(traffic_.asked_from, (Froms{0, 1'000'000, 2'500'000}));
    expect_installed();
}

TEST_F(InstallLargeTest, ABeginningThatWasDamagedIsFetchedAnewInTheSameRun) {
    traffic_.cut_at = 1'000'000;
    ASSERT_TRUE(install_large().starts_with("error"));
    auto const path = dir_ / "cache/store/partial/" + dir_.files().list(dir_ / "cache/store/partial")->front().name;
    auto bytes = dir_.files().read_file(path, 4 * k_mib).value();
    bytes[500'000] ^= 1U;
    ASSERT_TRUE(dir_.files().write_file_atomic(path, bytes, Sync::none));
    traffic_.cut_at = k_never;

    EXPECT_EQ(install_large(), "acme/large@1.0.0");
    EXPECT_EQ(traffic_.asked_from.back(), 0U);
    expect_installed();
}

TEST_F(InstallLargeTest, ABeginningThatIsTooLongOrADirectoryIsThrownAway) {
    traffic_.cut_at = 10;
    ASSERT_TRUE(install_large().starts_with("error"));
    auto const path = dir_ / "cache/store/partial/" + dir_.files().list(dir_ / "cache/store/partial")->front().name;
    traffic_.cut_at = k_never;
    ASSERT_TRUE(dir_.files().write_file_atomic(path, Bytes(4 * k_mib), Sync::none));
    EXPECT_EQ(install_large(), "acme/large@1.0.0");
    EXPECT_EQ(traffic_.asked_from, (Froms{0, 0}));

    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project"));
    ASSERT_EQ(cache_collect(market_, false, 0)->removed_packages, 1U) << "only a project that is gone needed it";
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project"));
    ASSERT_TRUE(dir_.files().make_directories(path));
    EXPECT_EQ(install_large(), "acme/large@1.0.0");
    expect_installed();
}

TEST_F(InstallLargeTest, WrongBytesAreRefusedAfterAFewTriesAndNothingIsKept) {
    traffic_.flip_at = 2'000'000;
    EXPECT_TRUE(install_large().starts_with("error"));
    EXPECT_EQ(traffic_.asked_from, (Froms{0, 0, 0}));
    EXPECT_FALSE(kept());
    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks"));
    EXPECT_TRUE(dir_.files().list(dir_ / "cache/store/tmp")->empty());
}

TEST(MirroredSourceTest, AStreamGoesOnAtAnotherPlaceAndALiarIsAskedLast) {
    testing::TempDir dir;
    auto const content = to_bytes("0123456789");
    auto const digest = sha256(content);
    for (auto const* const name : {"a", "b"}) {
        auto const path = dir / name + "/" + blob_path(digest);
        ASSERT_TRUE(dir.files().make_directories(parent_path(path)));
        ASSERT_TRUE(dir.files().write_file_atomic(path, content, Sync::none));
    }
    Traffic first;
    Traffic second;
    first.cut_at = 4;
    std::vector<std::unique_ptr<RegistrySource>> places;
    places.push_back(std::make_unique<FlawedSource>(dir.files(), dir / "a", first));
    places.push_back(std::make_unique<FlawedSource>(dir.files(), dir / "b", second));
    detail::MirroredSource mirrored{std::move(places)};
    Bytes got;
    auto const take = [&](BytesView piece) {
        got.insert(got.end(), piece.begin(), piece.end());
        return ok();
    };
    ASSERT_TRUE(mirrored.stream_blob(digest, 1, 100, take));
    EXPECT_EQ(as_text(got), "123456789");
    EXPECT_EQ(second.asked_from, Froms{4}) << "where the first one stopped";

    first.cut_at = k_never;
    ASSERT_TRUE(mirrored.stream_blob(digest, 0, 100, take));
    EXPECT_EQ(first.asked_from, Froms{1}) << "one that failed is asked last";
    mirrored.distrust();
    ASSERT_TRUE(mirrored.stream_blob(digest, 0, 100, take));
    EXPECT_EQ(first.asked_from, (Froms{1, 0}));
}

}  // namespace
}  // namespace ggen
