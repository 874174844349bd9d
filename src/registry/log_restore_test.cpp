#include "registry/log_restore.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "registry/log_mirror.hpp"
#include "registry/testing/registry_fixture.hpp"
#include "registry/writer_place.hpp"

namespace ggen {
namespace {

using testing::TestRegistry;
namespace fs = std::filesystem;

/// A registry whose writer is guarded, a peer that mirrors it, and a backup of it.
struct Restored {
    Restored() {
        registry.options.guards_place = true;
        registry.fill(6, 1);
        root = registry.root();
    }
    void copy(std::string const& from, std::string const& to) {
        fs::remove_all(registry.dir / to);
        fs::create_directories(fs::path{registry.dir / to}.parent_path());
        fs::copy(registry.dir / from, registry.dir / to, fs::copy_options::recursive);
    }
    void back_up() {
        copy("registry", "backup/registry");
        copy("private", "backup/private");
    }
    void bring_back() {
        copy("backup/registry", "registry");
        copy("backup/private", "private");
    }
    Result<void> publish(std::string const& version) {
        ASSIGN_OR_RETURN(auto const writer, registry.open());
        auto const done = writer->append({registry.next_release(*writer, "acme/late", version)});
        return done ? ok() : Result<void>{done.error()};
    }
    void mirror() {
        FolderSource source{registry.dir.files(), registry.dir / "registry"};
        auto const peer =
            LogMirror::open(registry.dir.files(), registry.clock, root, {registry.dir / "peer", {}}).value();
        ASSERT_TRUE(peer->update(source, cancel).has_value());
    }
    Result<RestoreReport> restore() {
        FolderSource source{registry.dir.files(), registry.dir / "peer"};
        return restore_log(registry.dir.files(), registry.clock, registry.options, root, source, cancel);
    }
    std::uint64_t size() {
        auto const note = registry.dir.files().read_file(registry.dir / "registry/checkpoint", 16'384).value();
        return merkle::open_checkpoint(as_text(note), root.log_key)->checkpoint.size;
    }

    TestRegistry registry;
    RootFile root;
    CancelToken cancel;
};

bool is_stopped(Result<void> const& done) {
    return !done.has_value() && done.error().id == ErrorId::log_writer_stopped;
}

TEST(LogRestoreTest, ACopyOfTheStateDirectorySignsNothing) {
    Restored it;
    it.back_up();
    ASSERT_TRUE(it.publish("1.0.0").has_value());
    ASSERT_TRUE(it.publish("2.0.0").has_value());

    it.bring_back();

    EXPECT_TRUE(is_stopped(it.publish("3.0.0")));
    // Written over the files that are there, it is no other.
    auto const note = it.registry.dir.files().read_file(it.registry.dir / "private/checkpoint", 16'384).value();
    ASSERT_TRUE(it.registry.dir.files().write_file_atomic(it.registry.dir / "private/checkpoint", note, Sync::none)
                    .has_value());
    EXPECT_TRUE(is_stopped(it.publish("3.0.0")));
}

TEST(LogRestoreTest, ALongerCopyOfAPeerComesBackAndTheLogGoesOn) {
    Restored it;
    it.back_up();
    ASSERT_TRUE(it.publish("1.0.0").has_value());
    ASSERT_TRUE(it.publish("2.0.0").has_value());
    auto const size = it.size();
    it.mirror();
    it.bring_back();
    ASSERT_LT(it.size(), size);

    auto const report = it.restore();

    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(report->size, size);
    EXPECT_EQ(it.size(), size);
    ASSERT_TRUE(it.publish("3.0.0").has_value());
    FolderSource source{it.registry.dir.files(), it.registry.dir / "registry"};
    auto& files = it.registry.dir.files();
    auto const peer = LogMirror::open(files, it.registry.clock, it.root, {it.registry.dir / "peer", {}}).value();
    auto const update = peer->update(source, it.cancel);
    EXPECT_TRUE(update.has_value()) << update.error().context;
}

TEST(LogRestoreTest, ALostRegistryComesBackWhole) {
    Restored it;
    it.mirror();
    auto const size = it.size();
    fs::remove_all(it.registry.dir / "registry");
    fs::remove_all(it.registry.dir / "private");

    auto const report = it.restore();

    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(it.size(), size);
    EXPECT_TRUE(it.publish("1.0.0").has_value());
}

TEST(LogRestoreTest, ACopyThatIsNotLongerSettlesWhatStandsHere) {
    Restored it;
    it.mirror();
    ASSERT_TRUE(it.publish("1.0.0").has_value());
    it.back_up();
    it.bring_back();
    ASSERT_TRUE(is_stopped(it.publish("2.0.0")));

    auto const report = it.restore();
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_LT(report->shown, report->size);
    ASSERT_TRUE(accept_log(it.registry.dir.files(), it.registry.clock, it.registry.options).has_value());

    EXPECT_TRUE(it.publish("2.0.0").has_value());
}

TEST(LogRestoreTest, TwoSignedHistoriesEndAllSigning) {
    Restored it;
    it.back_up();
    ASSERT_TRUE(it.publish("1.0.0").has_value());
    it.mirror();
    it.bring_back();
    ASSERT_TRUE(accept_log(it.registry.dir.files(), it.registry.clock, it.registry.options).has_value());
    ASSERT_TRUE(it.publish("9.0.0").has_value());

    auto const report = it.restore();

    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().id, ErrorId::log_fork) << report.error().context;
    EXPECT_TRUE(is_stopped(it.publish("10.0.0")));
}

TEST(LogRestoreTest, KilledBeforeAnyCallItBeginsAgain) {
    Restored it;
    it.back_up();
    ASSERT_TRUE(it.publish("1.0.0").has_value());
    auto const size = it.size();
    it.mirror();
    unsigned deaths = 0;
    for (std::uint64_t call = 1;; ++call) {
        it.bring_back();
        testing::FaultFileSystem disk{it.registry.dir.files()};
        disk.fail_at(call, testing::FaultMode::not_done, true);
        FolderSource source{it.registry.dir.files(), it.registry.dir / "peer"};
        auto const done = restore_log(disk, it.registry.clock, it.registry.options, it.root, source, it.cancel);
        if (!disk.has_failed()) break;
        EXPECT_FALSE(done.has_value()) << call;
        ++deaths;
        // Nothing was signed; what stands there is whole, or is refused until it is.
        auto const again = it.restore();
        ASSERT_TRUE(again.has_value()) << call << ": " << again.error().context;
        ASSERT_TRUE(accept_log(it.registry.dir.files(), it.registry.clock, it.registry.options).has_value());
        ASSERT_EQ(it.size(), size) << call;
        ASSERT_TRUE(it.registry.open().has_value()) << call;
    }
    EXPECT_GT(deaths, 20U);
}

}  // namespace
}  // namespace ggen
