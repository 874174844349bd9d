#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "base/testing/fault_file_system.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::FaultFileSystem;
using testing::FaultMode;
using testing::TestRegistry;

constexpr FaultMode k_modes[] = {FaultMode::not_done, FaultMode::persisted};

void expect_sound(TestRegistry& registry) {
    auto const report = fsck_registry(registry.dir.files(), registry.options.directory,
                                      registry.options.log_key.verifier(), false);
    ASSERT_TRUE(report) << report.error().context;
    for (auto const& problem : report->problems) {
        // The fixture's claims and releases name no stored blobs in these tests.
        if (problem.find("its manifest") == std::string::npos &&
            problem.find("its archive") == std::string::npos) {
            ADD_FAILURE() << problem;
        }
    }
}

TEST(WriterFaultTest, CreateThatDiesAnywhereCanBeRunAgain) {
    for (auto const mode : k_modes) {
        for (std::uint64_t call = 1;; ++call) {
            TestRegistry registry;
            registry.options.on_sync_failure = [](std::string const&) {};
            FaultFileSystem files{registry.dir.files()};
            files.fail_at(call, mode, true);
            auto const created =
                RegistryWriter::create(files, registry.clock, registry.options, registry.root_key);
            if (!files.has_failed()) break;

            auto const again = registry.create();

            bool const was_done = !again && again.error().id == ErrorId::registry_exists;
            ASSERT_TRUE(again || was_done) << call << ": " << again.error().context;
            auto const writer = registry.open();
            ASSERT_TRUE(writer) << call << ": " << writer.error().context;
            EXPECT_EQ((*writer)->checkpoint().checkpoint.size, 1U) << call;
            static_cast<void>(created);
            expect_sound(registry);
        }
    }
}

struct Acknowledged {
    Bytes entry;
    std::uint64_t index = 0;
};

/// A registry that has acknowledged some releases, and one batch more to append.
struct Scene {
    explicit Scene(TestRegistry& registry_in) : registry(registry_in) {
        GGEN_ASSERT(registry.create().has_value());
        auto const writer = registry.open().value();
        auto const claim = registry.records.claim_namespace("acme", registry.publisher);
        before.push_back({claim, writer->append({claim}).value()[0].index});
        for (int i = 0; i < 2; ++i) {
            auto const entry = registry.records.release("acme/" + std::string(1, static_cast<char>('a' + i)),
                                                        "1.0.0", {}, {registry.publisher});
            before.push_back({entry, writer->append({entry}).value()[0].index});
        }
        for (int i = 0; i < 3; ++i) {
            batch.push_back(
                registry.records.release("acme/n-" + std::to_string(i), "1.0.0", {}, {registry.publisher}));
        }
    }
    TestRegistry& registry;
    std::vector<Acknowledged> before;
    std::vector<Bytes> batch;
};

void expect_acknowledged(RegistryWriter const& writer, std::vector<Acknowledged> const& entries,
                         std::uint64_t call) {
    for (auto const& each : entries) {
        EXPECT_EQ(writer.state().index_of(merkle::leaf_hash(each.entry)), each.index)
            << "fault at call " << call;
    }
}

void run_append_with_faults(bool dies) {
    for (auto const mode : k_modes) {
        for (std::uint64_t call = 1;; ++call) {
            TestRegistry registry;
            registry.options.on_sync_failure = [](std::string const&) {};
            Scene scene{registry};
            auto acknowledged = scene.before;
            FaultFileSystem files{registry.dir.files()};
            {
                auto const writer = RegistryWriter::open(files, registry.clock, registry.options).value();
                files.fail_at(call, mode, dies);
                ASSERT_TRUE(writer->put_blob(as_bytes("a blob")) || files.has_failed());
                auto const receipts = writer->append(scene.batch);
                if (receipts) {
                    for (std::size_t i = 0; i < scene.batch.size(); ++i) {
                        acknowledged.push_back({scene.batch[i], (*receipts)[i].index});
                    }
                } else {
                    auto const next = writer->append(scene.batch);
                    EXPECT_TRUE(!next || !dies) << "a writer that failed must not go on, call " << call;
                }
            }
            if (!files.has_failed()) break;

            auto writer = registry.open();

            ASSERT_TRUE(writer) << "fault at call " << call << ": " << writer.error().context;
            expect_acknowledged(**writer, acknowledged, call);
            auto const retried = (*writer)->append(scene.batch);
            ASSERT_TRUE(retried) << call << ": " << retried.error().context;
            writer = Error{Errc::internal, "closed"};
            expect_sound(registry);
        }
    }
}

TEST(WriterFaultTest, AppendThatDiesAnywhereLosesNothingAcknowledged) { run_append_with_faults(true); }

TEST(WriterFaultTest, AppendThatFailsOnceAnywhereLosesNothingAcknowledged) { run_append_with_faults(false); }

TEST(WriterFaultTest, HealingThatDiesAnywhereIsHealedByTheNextOpen) {
    for (auto const mode : k_modes) {
        for (std::uint64_t call = 1;; ++call) {
            TestRegistry registry;
            registry.options.on_sync_failure = [](std::string const&) {};
            Scene const scene{registry};
            // As after a kill between the private and the public checkpoint.
            auto const old_note =
                registry.dir.files().read_file(registry.dir / "registry/checkpoint", 16'384).value();
            ASSERT_TRUE(registry.open().value()->append(scene.batch));
            ASSERT_TRUE(registry.dir.files().write_file_atomic(registry.dir / "registry/checkpoint", old_note,
                                                               Sync::none));
            FaultFileSystem files{registry.dir.files()};
            files.fail_at(call, mode, true);
            static_cast<void>(RegistryWriter::open(files, registry.clock, registry.options));
            if (!files.has_failed()) break;

            auto const writer = registry.open();

            ASSERT_TRUE(writer) << call << ": " << writer.error().context;
            expect_acknowledged(**writer, scene.before, call);
            EXPECT_TRUE((*writer)->state().index_of(merkle::leaf_hash(scene.batch[0]))) << call;
            expect_sound(registry);
        }
    }
}

TEST(WriterFaultTest, FailedSyncIsToldAtOnceAndNothingIsAcknowledged) {
    bool was_told_once = false;
    for (std::uint64_t call = 1;; ++call) {
        TestRegistry registry;
        std::string told;
        registry.options.on_sync_failure = [&](std::string const& message) { told = message; };
        Scene const scene{registry};
        FaultFileSystem files{registry.dir.files()};
        auto const writer = RegistryWriter::open(files, registry.clock, registry.options).value();
        files.fail_at(call, FaultMode::not_done, false);
        auto const receipts = writer->append(scene.batch);
        if (!files.has_failed()) break;
        if (told.empty()) continue;

        was_told_once = true;
        EXPECT_FALSE(receipts) << told;
        auto const next = writer->append(scene.batch);
        ASSERT_FALSE(next);
        EXPECT_EQ(next.error().id, ErrorId::log_writer_stopped);
    }
    EXPECT_TRUE(was_told_once);
}

TEST(WriterFaultDeathTest, FailedSyncEndsTheProcessByDefault) {
    TestRegistry registry;
    Scene const scene{registry};
    FaultFileSystem files{registry.dir.files()};
    auto const writer = RegistryWriter::open(files, registry.clock, registry.options).value();
    files.fail_at(5, FaultMode::not_done, false);  // The sync of the write-ahead log.

    EXPECT_DEATH(static_cast<void>(writer->append(scene.batch)), "the disk failed to store the registry");
}

}  // namespace
}  // namespace ggen
