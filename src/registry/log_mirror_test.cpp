#include "registry/log_mirror.hpp"

#include <gtest/gtest.h>

#include <set>

#include "registry/testing/memory_source.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::TestRegistry;

/// A registry with a mirror of it.
struct Mirrored {
    explicit Mirrored(TestRegistry& registry_in) : registry(registry_in), root(registry_in.root()) {}

    std::unique_ptr<LogMirror> open(std::uint64_t entries_max = k_mirror_entries_max) {
        return LogMirror::open(registry.dir.files(), registry.clock, root,
                               {registry.dir / "mirror", registry.dir / "memory", entries_max, 2})
            .value();
    }
    Result<MirrorReport> update(LogMirror& mirror) {
        FolderSource source{registry.dir.files(), registry.dir / "registry"};
        return mirror.update(source, cancel);
    }
    FsckReport fsck() {
        return fsck_registry(registry.dir.files(), registry.dir / "mirror", root.log_key, false).value();
    }

    TestRegistry& registry;
    RootFile root;
    CancelToken cancel;
};

TEST(LogMirrorTest, CopyIsARegistryThatFsckFindsSoundButForArchives) {
    TestRegistry registry;
    registry.fill(300);
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();

    auto const report = mirrored.update(*mirror);

    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(report->manifests, 300U);
    EXPECT_EQ(report->manifests_missing, 0U);
    EXPECT_EQ(mirror->size(), registry.open().value()->checkpoint().checkpoint.size);
    std::set<std::string> kinds;
    for (auto const& problem : mirrored.fsck().problems) {
        if (problem.find("blob/") == std::string::npos) kinds.insert(problem);
    }
    EXPECT_TRUE(kinds.empty()) << *kinds.begin();
}

TEST(LogMirrorTest, UpdateAfterUpdateEqualsOneUpdate) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create().has_value());
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();
    auto const writer = registry.open().value();
    ASSERT_TRUE(writer->append({registry.records.claim_namespace("acme", registry.publisher)}).has_value());
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(
            writer->append({registry.next_release(*writer, "acme/pack", "1." + std::to_string(i) + ".0")}).has_value());
        auto const report = mirrored.update(*mirror);
        ASSERT_TRUE(report.has_value()) << report.error().context;
        ASSERT_EQ(mirror->size(), writer->checkpoint().checkpoint.size);
        ASSERT_EQ(mirror->state().root(), writer->state().root());
    }
    EXPECT_EQ(mirror->releases().size(), 40U);

    // A reader that knows nothing but the copy proves a release in it.
    FolderSource copy{registry.dir.files(), registry.dir / "mirror"};
    auto const reader = RegistryReader::open(registry.dir.files(), registry.clock, copy, mirrored.root, {}).value();
    ASSERT_TRUE(reader->refresh().has_value());
    auto const state = reader->lookup(testing::name_of("acme/pack")).value();
    ASSERT_TRUE(state.has_value());
    EXPECT_EQ(state->versions.size(), 40U);
    EXPECT_TRUE(reader->prove(state->versions.front().index).has_value());
}

TEST(LogMirrorTest, WhatWasStoredIsKnownAfterARestart) {
    TestRegistry registry;
    registry.fill(20);
    Mirrored mirrored{registry};
    ASSERT_TRUE(mirrored.update(*mirrored.open()).has_value());

    auto const again = mirrored.open();
    auto const report = mirrored.update(*again);

    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->old_size, report->size);
    EXPECT_EQ(report->manifests, 0U);
    EXPECT_EQ(again->releases().size(), 20U);
    auto const& archive = again->releases().front().second.archive;
    EXPECT_EQ(again->find_archive(archive.digest), archive);
    EXPECT_EQ(again->find_archive(Digest{}), std::nullopt);
}

TEST(LogMirrorTest, DamagedCopyIsFetchedAnew) {
    TestRegistry registry;
    registry.fill(20);
    Mirrored mirrored{registry};
    ASSERT_TRUE(mirrored.update(*mirrored.open()).has_value());
    auto const bundle = merkle::bundles_of(mirrored.open()->size()).front().path();
    ASSERT_TRUE(registry.dir.files().write_file_atomic(registry.dir / ("mirror/" + bundle), as_bytes("torn"),
                                                       Sync::none).has_value());

    auto const mirror = mirrored.open();

    EXPECT_EQ(mirror->size(), 0U);
    auto const report = mirrored.update(*mirror);
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(mirrored.open()->size(), report->size);
}

TEST(LogMirrorTest, LogOverTheLimitIsRefusedBeforeItsEntriesAreFetched) {
    TestRegistry registry;
    registry.fill(20);
    Mirrored mirrored{registry};
    auto const size = registry.open().value()->checkpoint().checkpoint.size;

    auto const small = mirrored.open(size - 1);
    auto const refused = mirrored.update(*small);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().id, ErrorId::p2p_follow_refused);
    EXPECT_FALSE(registry.dir.files().info(registry.dir / "mirror/tile").has_value());

    EXPECT_TRUE(mirrored.update(*mirrored.open(size)).has_value());
}

TEST(LogMirrorTest, SourceThatIsBehindChangesNothing) {
    TestRegistry registry;
    registry.fill(6);
    ASSERT_TRUE(registry.dir.files().info(registry.dir / "registry/checkpoint").has_value());
    auto const old_checkpoint = registry.dir.files().read_file(registry.dir / "registry/checkpoint", 16'384).value();
    auto const old_head = registry.dir.files().read_file(registry.dir / "registry/state/head", 80'000).value();
    auto const writer = registry.open().value();
    ASSERT_TRUE(writer->append({registry.next_release(*writer, "acme/late", "1.0.0")}).has_value());
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();
    ASSERT_TRUE(mirrored.update(*mirror).has_value());
    auto const size = mirror->size();
    auto& files = registry.dir.files();
    ASSERT_TRUE(files.write_file_atomic(registry.dir / "registry/checkpoint", old_checkpoint, Sync::none).has_value());
    ASSERT_TRUE(files.write_file_atomic(registry.dir / "registry/state/head", old_head, Sync::none).has_value());

    auto const behind = mirrored.update(*mirror);

    ASSERT_FALSE(behind.has_value());
    EXPECT_EQ(behind.error().id, ErrorId::checkpoint_rollback);
    EXPECT_EQ(mirror->size(), size);
    EXPECT_EQ(mirrored.open()->size(), size);
}

TEST(LogMirrorTest, CheckpointOfAnotherHistoryIsKeptAsEvidenceAndTheLogRefused) {
    TestRegistry registry;
    registry.fill(10);
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();
    ASSERT_TRUE(mirrored.update(*mirror).has_value());
    auto const signs = [&](std::uint64_t size, Digest const& root) {
        merkle::Note note{merkle::Checkpoint{registry.records.origin, size, root}.text(), {}};
        note.sign(registry.options.log_key);
        return note.print();
    };
    EXPECT_EQ(mirror->compare(mirror->checkpoint()->note).value(), std::nullopt);
    EXPECT_EQ(mirror->compare(signs(mirror->size() + 1, Digest{})).value(), std::nullopt);
    merkle::Note forged{merkle::Checkpoint{registry.records.origin, 5, Digest{}}.text(), {}};
    forged.sign(testing::make_key(registry.records.origin, 99));
    EXPECT_FALSE(mirror->compare(forged.print()).has_value());
    EXPECT_EQ(mirror->evidence(), std::nullopt);

    auto const evidence = mirror->compare(signs(5, sha256(as_bytes("another history")))).value();

    ASSERT_TRUE(evidence.has_value());
    EXPECT_EQ(mirror->evidence(), evidence);
    auto const refused = mirrored.update(*mirror);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().id, ErrorId::log_fork);
    EXPECT_EQ(mirrored.open()->size(), mirror->size());
}

TEST(LogMirrorTest, ACopyThatIsBehindIsNoRollbackForWhoReadsItWithTheSameMemory) {
    TestRegistry registry;
    registry.fill(5);
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();
    ASSERT_TRUE(mirrored.update(*mirror).has_value());
    auto const old_size = mirror->size();
    {
        auto const writer = registry.open().value();
        ASSERT_TRUE(writer->append({registry.next_release(*writer, "acme/pack", "9.0.0")}).has_value());
    }
    // The peer shows its new checkpoint and is gone before its entries are there.
    testing::MemorySource source{testing::MemorySource::load(registry.dir.files(), registry.dir / "registry")};
    source.set_mutate([](std::string const& path, std::optional<Bytes> honest) {
        return path.starts_with("tile/entries/") ? std::nullopt : std::move(honest);
    });
    ASSERT_FALSE(mirror->update(source, mirrored.cancel).has_value());

    FolderSource copy{registry.dir.files(), registry.dir / "mirror"};
    ReaderOptions options;
    options.memory_directory = registry.dir / "memory";
    auto const reader =
        RegistryReader::open(registry.dir.files(), registry.clock, copy, mirrored.root, std::move(options)).value();
    auto const refreshed = reader->refresh();

    ASSERT_TRUE(refreshed.has_value()) << refreshed.error().context;
    EXPECT_EQ(refreshed->size, old_size);
    ASSERT_TRUE(mirrored.update(*mirrored.open()).has_value());
    EXPECT_GT(reader->refresh().value().size, old_size);
}

TEST(LogMirrorTest, ASourceThatIsBehindOnAnotherHistoryIsAFork) {
    TestRegistry registry;
    registry.fill(10);
    Mirrored mirrored{registry};
    auto const mirror = mirrored.open();
    ASSERT_TRUE(mirrored.update(*mirror).has_value());
    TestRegistry other{1, registry.records.origin};
    other.fill(4, 1);
    ASSERT_LT(other.open().value()->checkpoint().checkpoint.size, mirror->size());
    FolderSource source{other.dir.files(), other.dir / "registry"};

    auto const refused = mirror->update(source, mirrored.cancel);

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().id, ErrorId::log_fork) << refused.error().context;
    auto const document = mirror->evidence_document().value();
    ASSERT_TRUE(document.has_value());
    EXPECT_TRUE(check_fork_evidence(*document, mirrored.root.log_key).has_value());
}

TEST(LogMirrorTest, EvidenceOfOthersIsKeptWhenItHoldsAndOnlyThen) {
    TestRegistry registry;
    registry.fill(10);
    Mirrored finder{registry};
    auto const mirror = finder.open();
    ASSERT_TRUE(finder.update(*mirror).has_value());
    merkle::Note note{merkle::Checkpoint{registry.records.origin, 5, sha256(as_bytes("another"))}.text(), {}};
    note.sign(registry.options.log_key);
    ASSERT_TRUE(mirror->compare(note.print()).value().has_value());
    auto const document = mirror->evidence_document().value().value();
    auto const other = LogMirror::open(registry.dir.files(), registry.clock, finder.root,
                                       {registry.dir / "second", registry.dir / "second-memory"})
                           .value();
    FolderSource source{registry.dir.files(), registry.dir / "registry"};
    ASSERT_TRUE(other->update(source, finder.cancel).has_value());
    auto const size = other->size();

    EXPECT_FALSE(other->keep_evidence(document.substr(1)).has_value());
    EXPECT_EQ(other->evidence(), std::nullopt);
    EXPECT_TRUE(other->update(source, finder.cancel).has_value());
    EXPECT_TRUE(other->keep_evidence(document).has_value());

    EXPECT_EQ(other->evidence_document().value(), document);
    EXPECT_EQ(other->update(source, finder.cancel).error().id, ErrorId::log_fork);
    EXPECT_EQ(other->size(), size);
}

TEST(LogMirrorTest, AFlippedByteOfTheSourceNeverReachesTheCopy) {
    TestRegistry registry;
    registry.fill(20);
    Mirrored mirrored{registry};
    auto const size = registry.open().value()->checkpoint().checkpoint.size;
    auto const bundle = registry.dir / ("registry/" + merkle::bundles_of(size).front().path());
    auto const good = registry.dir.files().read_file(bundle, merkle::k_bundle_bytes_max).value();
    for (std::size_t at = 0; at < good.size(); at += 97) {
        auto bad = good;
        bad[at] ^= 1U;
        ASSERT_TRUE(registry.dir.files().write_file_atomic(bundle, bad, Sync::none).has_value());
        auto const mirror = mirrored.open();
        EXPECT_FALSE(mirrored.update(*mirror).has_value()) << at;
        EXPECT_FALSE(registry.dir.files().info(registry.dir / "mirror/checkpoint").has_value());
    }
    ASSERT_TRUE(registry.dir.files().write_file_atomic(bundle, good, Sync::none).has_value());
    EXPECT_TRUE(mirrored.update(*mirrored.open()).has_value());
}

}  // namespace
}  // namespace ggen
