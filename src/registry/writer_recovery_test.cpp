#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "registry/log_writer.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::TestRegistry;

Bytes read(TestRegistry& registry, std::string const& name) {
    return registry.dir.files().read_file(registry.dir / name, 10'000'000).value();
}

void write(TestRegistry& registry, std::string const& name, BytesView bytes) {
    ASSERT_TRUE(registry.dir.files().make_directories(parent_path(registry.dir / name)));
    ASSERT_TRUE(registry.dir.files().write_file_atomic(registry.dir / name, bytes, Sync::none));
}

void copy_tree(FileSystem& files, std::string const& from, std::string const& to) {
    ASSERT_TRUE(files.make_directories(to));
    auto const listed = files.list(from).value();
    for (auto const& entry : listed) {
        auto const source = join_path(from, entry.name);
        auto const target = join_path(to, entry.name);
        if (entry.kind == FileKind::directory) {
            copy_tree(files, source, target);
        } else {
            ASSERT_TRUE(
                files.write_file_atomic(target, files.read_file(source, 10'000'000).value(), Sync::none));
        }
    }
}

Bytes one_more(TestRegistry& registry, RegistryWriter const& writer) {
    auto const* const state = writer.state().find(testing::name_of("acme/pack-0"));
    auto const version = "9." + std::to_string(writer.state().size()) + ".0";
    return registry.records.release("acme/pack-0", version, state->last_record, {registry.publisher});
}

void expect_refusal(Result<std::unique_ptr<RegistryWriter>> const& writer) {
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, Errc::refused) << writer.error().context;
    EXPECT_EQ(writer.error().id, ErrorId::log_writer_stopped) << writer.error().context;
    EXPECT_FALSE(writer.error().help.empty());
}

TEST(WriterRecoveryTest, SecondWriterIsToldThatTheRegistryIsBusy) {
    TestRegistry registry;
    registry.fill(3);
    auto const first = registry.open().value();

    auto const second = registry.open();

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_EQ(second.error().id, ErrorId::registry_busy);
}

TEST(WriterRecoveryTest, WriterOfACopiedFolderWithTheSameKeyIsBusyToo) {
    TestRegistry registry;
    registry.fill(3);
    copy_tree(registry.dir.files(), registry.dir / "registry", registry.dir / "copy");
    auto const first = registry.open().value();
    auto options = registry.options;
    options.directory = registry.dir / "copy";

    auto const second = RegistryWriter::open(registry.disk, registry.clock, options);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().id, ErrorId::registry_busy);
}

TEST(WriterRecoveryTest, RestoredBackupOfTheFolderIsRefused) {
    TestRegistry registry;
    registry.fill(6);
    copy_tree(registry.dir.files(), registry.dir / "registry", registry.dir / "backup");
    {
        auto const writer = registry.open().value();
        ASSERT_TRUE(writer->append({one_more(registry, *writer)}));
        ASSERT_TRUE(writer->append({one_more(registry, *writer)}));
    }
    ASSERT_TRUE(registry.dir.files().remove_tree(registry.dir / "registry"));
    copy_tree(registry.dir.files(), registry.dir / "backup", registry.dir / "registry");

    auto const writer = registry.open();

    expect_refusal(writer);
    EXPECT_NE(writer.error().context.find("older backup"), std::string::npos) << writer.error().context;
}

TEST(WriterRecoveryTest, MissingPrivateCheckpointIsRefusedWithAWayOut) {
    TestRegistry registry;
    registry.fill(3);
    ASSERT_TRUE(registry.dir.files().remove_file(registry.dir / "private/checkpoint"));

    auto const writer = registry.open();

    expect_refusal(writer);
    EXPECT_NE(writer.error().help.find("cp "), std::string::npos);
    write(registry, "private/checkpoint", read(registry, "registry/checkpoint"));
    EXPECT_TRUE(registry.open());
}

TEST(WriterRecoveryTest, DeletedOrDamagedPublicCheckpointIsPutBack) {
    TestRegistry registry;
    registry.fill(3);
    auto const note = read(registry, "registry/checkpoint");
    ASSERT_TRUE(registry.dir.files().remove_file(registry.dir / "registry/checkpoint"));
    ASSERT_TRUE(registry.open());
    EXPECT_EQ(read(registry, "registry/checkpoint"), note);
    auto damaged = note;
    damaged[40] ^= 1U;
    write(registry, "registry/checkpoint", damaged);

    ASSERT_TRUE(registry.open());

    EXPECT_EQ(read(registry, "registry/checkpoint"), note);
}

TEST(WriterRecoveryTest, FlippedBitInAnyStoredTileOrBundleStopsTheWriter) {
    TestRegistry registry;
    registry.fill(20, 1);
    auto const size = registry.open().value()->checkpoint().checkpoint.size;
    auto ids = merkle::tiles_of(size);
    auto const bundles = merkle::bundles_of(size);
    ids.insert(ids.end(), bundles.begin(), bundles.end());
    for (auto const& id : ids) {
        auto const path = "registry/" + id.path();
        auto const good = read(registry, path);
        for (std::size_t at = 0; at < good.size(); at += 97) {
            auto bad = good;
            bad[at] ^= 4U;
            write(registry, path, bad);
            expect_refusal(registry.open());
        }
        write(registry, path, good);
    }
    EXPECT_TRUE(registry.open());
}

TEST(WriterRecoveryTest, CheckpointSignedByAnotherWriterInTheMeantimeStopsTheSwap) {
    TestRegistry registry;
    registry.fill(4);
    auto const writer = registry.open().value();
    auto const public_note = read(registry, "registry/checkpoint");
    write(registry, "private/checkpoint", to_bytes("somebody else's"));

    auto const receipts = writer->append({one_more(registry, *writer)});

    ASSERT_FALSE(receipts);
    EXPECT_EQ(receipts.error().id, ErrorId::log_writer_stopped);
    EXPECT_EQ(as_text(read(registry, "private/checkpoint")), "somebody else's");
    EXPECT_EQ(read(registry, "registry/checkpoint"), public_note);
}

TEST(WriterRecoveryTest, SignedBatchIsRedoneFromTheWriteAheadLog) {
    TestRegistry registry;
    registry.fill(6);
    copy_tree(registry.dir.files(), registry.dir / "registry", registry.dir / "before");
    Bytes entry;
    {
        auto const writer = registry.open().value();
        entry = one_more(registry, *writer);
        ASSERT_TRUE(writer->append({entry}));
    }
    auto const wal = read(registry, "registry/.writer/wal");
    auto const note = read(registry, "private/checkpoint");
    // Power loss that took the new tiles but not the log of the batch.
    ASSERT_TRUE(registry.dir.files().remove_tree(registry.dir / "registry"));
    copy_tree(registry.dir.files(), registry.dir / "before", registry.dir / "registry");
    write(registry, "registry/.writer/wal", wal);

    auto const writer = registry.open();

    ASSERT_TRUE(writer) << writer.error().context;
    EXPECT_TRUE((*writer)->state().index_of(merkle::leaf_hash(entry)));
    EXPECT_EQ(read(registry, "registry/checkpoint"), note);
    EXPECT_TRUE((*writer)->append({one_more(registry, **writer)}));
}

TEST(WriterRecoveryTest, NewerPublicCheckpointThanThePrivateOneIsAdopted) {
    TestRegistry registry;
    registry.fill(3);
    auto const old_private = read(registry, "private/checkpoint");
    {
        auto const writer = registry.open().value();
        ASSERT_TRUE(writer->append({one_more(registry, *writer)}));
    }
    auto const newest = read(registry, "private/checkpoint");
    write(registry, "private/checkpoint", old_private);

    ASSERT_TRUE(registry.open());

    EXPECT_EQ(read(registry, "private/checkpoint"), newest);
}

TEST(WriterRecoveryTest, ForeignLogKeyIsRefused) {
    TestRegistry registry;
    registry.fill(1);
    registry.options.log_key = testing::make_key("example/main", 4'711);

    auto const writer = registry.open();

    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().id, ErrorId::signature_invalid);
}

TEST(WalTest, RoundTripsAndRefusesEveryDamage) {
    detail::WalBatch const batch{7, {to_bytes("one"), {}, to_bytes("three")}};
    auto const bytes = detail::encode_wal(batch);

    auto const decoded = detail::decode_wal(bytes);

    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->base_size, 7U);
    EXPECT_EQ(decoded->entries, batch.entries);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(detail::decode_wal(BytesView{bytes}.first(length)));
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(detail::decode_wal(flipped)) << bit;
    }
}

TEST(FsckTest, FindsWhatIsDamagedAndRepairsWhatIsDerived) {
    TestRegistry registry;
    registry.fill(6);
    auto const run = [&](bool repair) {
        return fsck_registry(registry.dir.files(), registry.options.directory,
                             registry.options.log_key.verifier(), repair)
            .value();
    };
    auto const sound = run(false);
    EXPECT_TRUE(sound.problems.empty()) << sound.problems[0];
    EXPECT_EQ(sound.releases, 6U);
    EXPECT_EQ(sound.blobs, 12U);
    auto const size = sound.entries;
    auto const tile = "registry/" + merkle::tiles_of(size)[0].path();
    auto bytes = read(registry, tile);
    bytes[3] ^= 1U;
    write(registry, tile, bytes);
    ASSERT_TRUE(registry.dir.files().remove_file(registry.dir / "registry/state/head"));

    EXPECT_EQ(run(false).problems.size(), 2U);
    auto const repaired = run(true);
    EXPECT_EQ(repaired.repaired.size(), 2U);
    EXPECT_TRUE(run(false).problems.empty());
    EXPECT_TRUE(registry.open());

    auto const blob = "registry/" + blob_path(sha256(as_bytes("archive acme/pack-1@1.0.0")));
    write(registry, blob, to_bytes("other"));
    auto const found = run(true);
    ASSERT_EQ(found.problems.size(), 1U);
    EXPECT_NE(found.problems[0].find("acme/pack-1 1.0.0"), std::string::npos) << found.problems[0];
}

TEST(FsckTest, EntriesThatDoNotLeadToTheRootAreNeverRepaired) {
    TestRegistry registry;
    registry.fill(6);
    auto const size = registry.open().value()->checkpoint().checkpoint.size;
    auto const bundle = "registry/" + merkle::bundles_of(size)[0].path();
    auto bytes = read(registry, bundle);
    bytes[100] ^= 1U;
    write(registry, bundle, bytes);

    auto const report = fsck_registry(registry.dir.files(), registry.options.directory,
                                      registry.options.log_key.verifier(), true);

    ASSERT_TRUE(report);
    EXPECT_EQ(report->problems.size(), 1U);
    EXPECT_TRUE(report->repaired.empty());
    EXPECT_EQ(read(registry, bundle), bytes);
}

}  // namespace
}  // namespace ggen
