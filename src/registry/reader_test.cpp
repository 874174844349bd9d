#include "registry/reader.hpp"

#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "codec/json.hpp"
#include "registry/testing/client_run.hpp"
#include "registry/testing/reader_client.hpp"

namespace ggen {
namespace {

using testing::ForkedRegistry;
using testing::MemorySource;
using testing::name_of;
using testing::publish;
using testing::ReaderClient;
using testing::TestRegistry;

constexpr std::int64_t k_day = 86'400;
constexpr std::int64_t k_year = 365 * k_day;

TEST(RegistryReaderTest, ReadsWhatWasPublished) {
    TestRegistry registry;
    registry.fill(7);
    ReaderClient client{registry};
    auto const reader = client.open();

    auto const report = reader->refresh();

    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(report->old_size, 0U);
    EXPECT_EQ(report->size, registry.open().value()->checkpoint().checkpoint.size);
    EXPECT_EQ(report->warning, std::nullopt);
    auto const state = reader->lookup(name_of("acme/pack-1"));
    ASSERT_TRUE(state && *state);
    EXPECT_EQ((*state)->versions.size(), 2U);
    auto const release = reader->release((*state)->versions[1]);
    ASSERT_TRUE(release) << release.error().context;
    EXPECT_EQ(release->version.text(), "1.1.0");
    EXPECT_EQ(as_text(reader->blob(release->archive).value()), "archive acme/pack-1@1.1.0");
    auto const absent = reader->lookup(name_of("acme/none"));
    ASSERT_TRUE(absent);
    EXPECT_FALSE(*absent);
}

TEST(RegistryReaderTest, OneLookupReadsFewSmallFiles) {
    TestRegistry registry;
    registry.fill(30);
    ReaderClient client{registry};
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    client.source.asked().clear();

    ASSERT_TRUE(reader->lookup(name_of("acme/pack-1")));
    ASSERT_TRUE(reader->lookup(name_of("acme/pack-1")));

    EXPECT_EQ(client.source.asked().size(), 2U);
}

TEST(RegistryReaderTest, EntriesReplayToTheSameState) {
    TestRegistry registry;
    registry.fill(7);
    ReaderClient client{registry};
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    RegistryState replica{"example/main"};

    ASSERT_TRUE(reader->each_entry(0, reader->checkpoint().checkpoint.size,
                                   [&](std::uint64_t index, BytesView entry) {
                                       EXPECT_EQ(index, replica.size());
                                       EXPECT_NE(replica.apply(entry).effect, EntryEffect::no_effect);
                                       return ok();
                                   }));

    EXPECT_EQ(*reader->lookup(name_of("acme/pack-3")).value(), *replica.find(name_of("acme/pack-3")));
}

TEST(RegistryReaderTest, ProofFromTheReaderVerifiesOfflineWithTheRootFileAlone) {
    TestRegistry registry;
    registry.fill(7);
    ReaderClient client{registry};
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    auto const version = (*reader->lookup(name_of("acme/pack-1")).value()).versions[0];
    auto const proof = reader->prove(version.index).value();
    Bytes entry;
    ASSERT_TRUE(reader->each_entry(version.index, version.index + 1, [&](std::uint64_t, BytesView bytes) {
        entry.assign(bytes.begin(), bytes.end());
        return ok();
    }));

    auto const release =
        verify_proof_offline(registry.root(), merkle::LogProof::parse(proof.print()).value(), entry);

    ASSERT_TRUE(release) << release.error().context;
    EXPECT_EQ(release->name.text(), "acme/pack-1");
    auto changed = entry;
    changed[60] ^= 1U;
    EXPECT_FALSE(verify_proof_offline(registry.root(), proof, changed));
    auto moved = proof;
    moved.index += 1;
    EXPECT_FALSE(verify_proof_offline(registry.root(), moved, entry));
    TestRegistry other{2, "example/other"};
    other.fill(1);
    EXPECT_FALSE(verify_proof_offline(other.root(), proof, entry));
}

TEST(RegistryReaderTest, OfflineReaderUsesWhatWasVerifiedBefore) {
    TestRegistry registry;
    registry.fill(7);
    ReaderClient client{registry};
    auto const package = std::string{"acme/pack-1"};
    {
        auto const reader = client.open();
        ASSERT_TRUE(reader->refresh());
        auto const version = (*reader->lookup(name_of(package)).value()).versions[0];
        ASSERT_TRUE(reader->release(version));
        ASSERT_TRUE(reader->prove(version.index));
    }
    client.source.set_objects({});
    client.source.asked().clear();
    client.options.offline = true;
    client.clock.advance(std::chrono::hours{24 * 400});
    auto const reader = client.open();

    auto const report = reader->refresh();

    ASSERT_TRUE(report) << report.error().context;
    EXPECT_TRUE(report->warning);
    auto const version = (*reader->lookup(name_of(package)).value()).versions[0];
    EXPECT_TRUE(reader->release(version));
    EXPECT_TRUE(reader->prove(version.index));
    auto const missing = reader->lookup(name_of("acme/some-other-bucket"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::offline);
    EXPECT_TRUE(client.source.asked().empty());
}

TEST(RegistryReaderTest, OfflineWithoutAnythingVerifiedSaysSo) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    client.options.offline = true;

    EXPECT_EQ(client.refused().id, ErrorId::offline_missing);
}

// R4
TEST(RegistryReaderTest, RollbackIsRefusedWithBothSizesAlsoByANewProcess) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto const old_objects = client.source.objects();
    auto const old_size = registry.open().value()->checkpoint().checkpoint.size;
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    ASSERT_TRUE(client.open()->refresh());
    auto const cached = registry.dir.files().read_file(registry.dir / "memory/head", 100'000).value();

    client.source.set_objects(old_objects);
    auto const error = client.refused();

    EXPECT_EQ(error.code, Errc::refused);
    EXPECT_EQ(error.id, ErrorId::checkpoint_rollback);
    EXPECT_NE(error.context.find(" " + std::to_string(old_size) + " entries"), std::string::npos)
        << error.context;
    EXPECT_NE(error.context.find(" " + std::to_string(old_size + 2) + " before"), std::string::npos)
        << error.context;
    EXPECT_EQ(registry.dir.files().read_file(registry.dir / "memory/head", 100'000).value(), cached);
}

TEST(RegistryReaderTest, OlderStateLeafUnderANewCheckpointIsRefused) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto const old_head = client.source.objects().at("state/head");
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    client.source.objects()["state/head"] = old_head;

    auto const error = client.refused();

    EXPECT_EQ(error.id, ErrorId::state_mismatch);
    EXPECT_EQ(error.code, Errc::refused);
}

TEST(RegistryReaderTest, HeadOfAPublicationInProgressIsTaken) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto const old_note = client.source.objects().at("checkpoint");
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    client.source.objects()["checkpoint"] = old_note;
    auto const reader = client.open();

    auto const report = reader->refresh();

    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(report->size, registry.open().value()->checkpoint().checkpoint.size);
}

// R7 in small: both forms of a fork leave evidence that stands by itself.
TEST(RegistryReaderTest, ForkIsRefusedAndItsEvidenceVerifies) {
    for (unsigned const right_more : {1U, 3U}) {
        ForkedRegistry fork{1, right_more};
        ReaderClient client{fork.left};
        ASSERT_TRUE(client.open()->refresh());
        client.source.set_objects(MemorySource::load(fork.right.dir.files(), fork.right.options.directory));
        client.clock.advance(std::chrono::hours{1});

        auto const error = client.refused();

        EXPECT_EQ(error.id, ErrorId::log_fork) << error.context;
        auto const listed = fork.left.dir.files().list(fork.left.dir / "memory/evidence").value();
        ASSERT_EQ(listed.size(), 1U);
        auto const text = fork.left.dir.files()
                              .read_file(fork.left.dir / ("memory/evidence/" + listed[0].name), 100'000)
                              .value();
        auto const evidence = Json::parse(as_text(text)).value();
        auto const log_key = fork.left.options.log_key.verifier();
        auto const first = merkle::open_checkpoint(*evidence.find("first")->if_string(), log_key);
        auto const second = merkle::open_checkpoint(*evidence.find("second")->if_string(), log_key);
        ASSERT_TRUE(first && second);
        EXPECT_LE(first->checkpoint.size, second->checkpoint.size);
        EXPECT_NE(first->checkpoint.root, second->checkpoint.root);
        // From then on the registry is quarantined, even when it behaves.
        client.update();
        EXPECT_EQ(client.refused().id, ErrorId::log_fork);
    }
}

// R5
TEST(RegistryReaderTest, FreezeIsWarnedOfAndThenRefused) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    auto const signed_at = registry.clock.wall_now().seconds;
    auto const at = [&](std::int64_t seconds) {
        client.clock.set_wall(signed_at + seconds);
        return client.open()->refresh();
    };

    EXPECT_FALSE(at(7 * k_day)->warning);
    EXPECT_TRUE(at(7 * k_day + 1)->warning);
    EXPECT_TRUE(at(30 * k_day));
    auto const frozen = at(30 * k_day + 1);
    ASSERT_FALSE(frozen);
    EXPECT_EQ(frozen.error().id, ErrorId::registry_frozen_in_time);
    client.options.freshness.enforce = false;
    EXPECT_TRUE(at(300 * k_day)->warning);
}

TEST(RegistryReaderTest, SignOfLifeUnfreezes) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    registry.clock.advance(std::chrono::hours{24 * 40});
    ASSERT_TRUE(registry.open().value()->append({}));
    client.update();

    auto const report = client.open()->refresh();

    ASSERT_TRUE(report) << report.error().context;
    EXPECT_FALSE(report->warning);
}

// R6
TEST(RegistryReaderTest, ClockWrongByYearsIsRefusedWithAHintInBothDirections) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    auto const signed_at = registry.clock.wall_now().seconds;

    client.clock.set_wall(signed_at - 3'600);
    EXPECT_TRUE(client.open()->refresh());
    ASSERT_TRUE(registry.dir.files().remove_tree(client.options.memory_directory));
    client.clock.set_wall(signed_at - 3'601);
    auto const future = client.refused();
    EXPECT_EQ(future.id, ErrorId::clock_implausible);
    EXPECT_NE(future.help.find("clock"), std::string::npos);
    EXPECT_FALSE(registry.dir.files().info(registry.dir / "memory/head"));
    client.clock.set_wall(signed_at - 5 * k_year);
    EXPECT_EQ(client.refused().id, ErrorId::clock_implausible);
    client.clock.set_wall(signed_at + 5 * k_year);
    auto const past = client.refused();
    EXPECT_EQ(past.id, ErrorId::registry_frozen_in_time);
    EXPECT_NE(past.context.find("this machine's clock shows"), std::string::npos);
    client.clock.set_wall(signed_at + 20 * k_year);
    EXPECT_EQ(client.refused().id, ErrorId::root_file_invalid);
}

TEST(RegistryReaderTest, EveryDamagedCacheFileIsFetchedAgain) {
    TestRegistry registry;
    registry.fill(20, 1);
    ReaderClient client{registry};
    FileSystem& files = registry.disk;
    auto const run = [&] {
        return testing::run_client(files, client.clock, client.source, registry.root(), "acme/pack-1",
                                   client.options.cache_directory);
    };
    auto const clean = run();
    ASSERT_TRUE(clean.is_clean) << clean.error.context;
    auto const cached = MemorySource::load(files, client.options.cache_directory);
    ASSERT_GE(cached.size(), 6U);
    for (auto const& [name, bytes] : cached) {
        if (name == "memory/lock") continue;  // Holds nothing.
        auto const path = join_path(client.options.cache_directory, name);
        auto flipped = bytes;
        flipped[flipped.size() / 2] ^= 1U;
        auto const truncated =
            Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2));
        for (auto const& damage : {flipped, truncated, Bytes{}, Bytes(bytes.size(), 0)}) {
            ASSERT_TRUE(files.write_file_atomic(path, damage, Sync::none));
            auto const result = run();
            ASSERT_TRUE(result.is_clean) << name << ": " << result.error.context;
            EXPECT_EQ(result.seen, clean.seen) << name;
            EXPECT_EQ(files.read_file(path, 1'000'000).value(), bytes) << name << " was not repaired";
        }
        ASSERT_TRUE(files.remove_tree(path));
        ASSERT_TRUE(files.make_directories(path));
        auto const with_directory = run();
        ASSERT_TRUE(with_directory.is_clean) << name << ": " << with_directory.error.context;
        EXPECT_EQ(with_directory.seen, clean.seen) << name;
        ASSERT_TRUE(files.remove_tree(path));
        ASSERT_TRUE(files.make_symlink("/etc/hostname", path));
        auto const with_link = run();
        ASSERT_TRUE(with_link.is_clean) << name << ": " << with_link.error.context;
        EXPECT_EQ(with_link.seen, clean.seen) << name;
    }
}

TEST(RegistryReaderTest, ReleasesOfFormerKeysAreFoundByReplay) {
    TestRegistry registry;
    registry.fill(2);
    auto const next_key = testing::make_key("acme/new-laptop", 500);
    {
        auto const writer = registry.open().value();
        KeysRecord const change{
            "example/main", {ClaimSubject::Kind::name_space, "acme"}, {next_key.verifier()}, 1};
        ASSERT_TRUE(writer->append({sign_record(change, {registry.publisher}).value()}));
    }
    ReaderClient client{registry};
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    auto const state = *reader->lookup(name_of("acme/pack-0")).value();
    ASSERT_EQ(state.owner.keys, std::vector{next_key.verifier()});

    auto const release = reader->release(state.versions[0]);

    ASSERT_TRUE(release) << release.error().context;
    EXPECT_EQ(release->version.text(), "1.0.0");
}

TEST(RegistryReaderTest, FirstContactFollowsTheRootChain) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    auto next = registry.root();
    next.version = 2;
    next.keys = {testing::make_key("bob.example/root", 77).verifier()};
    merkle::Note note{next.text(), {}};
    note.sign(registry.root_key);
    note.sign(testing::make_key("bob.example/root", 77));
    client.source.objects()["root/2"] = to_bytes(note.print());

    auto const root = fetch_root_on_first_use(client.source);

    ASSERT_TRUE(root) << root.error().context;
    EXPECT_EQ(root->version, 2U);
    EXPECT_EQ(root->fingerprint(), sha256(as_bytes(note.print())));
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    EXPECT_EQ(reader->root().version, 2U);
    client.source.objects().erase("root/2");
    EXPECT_EQ(client.open()->root().version, 2U) << "the verified root is remembered";
}

TEST(RegistryReaderTest, CheckpointWithoutTheQuorumThatTheRootDemandsIsRefused) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    auto root = registry.root();
    root.witnesses.push_back(testing::make_key("w", 77, merkle::KeyType::cosignature_ed25519).verifier());
    root.policy_tail = "group q 1 w2\nquorum q\n";

    auto const reader =
        RegistryReader::open(registry.disk, client.clock, client.source, root, client.options).value();
    auto const refreshed = reader->refresh();

    ASSERT_FALSE(refreshed);
    EXPECT_EQ(refreshed.error().id, ErrorId::witness_quorum);
}

TEST(RegistryReaderTest, MissingBlobAndMissingTileAreToldApart) {
    TestRegistry registry;
    registry.fill(1);
    ReaderClient client{registry};
    auto const reader = client.open();
    ASSERT_TRUE(reader->refresh());
    auto const version = (*reader->lookup(name_of("acme/pack-0")).value()).versions[0];
    auto const release = reader->release(version).value();
    client.source.objects().erase(blob_path(release.archive.digest));

    EXPECT_EQ(reader->blob(release.archive).error().code, Errc::not_found);
    client.options.cache_directory.clear();
    auto const other = client.open();
    client.source.set_mutate([](std::string const& path, std::optional<Bytes> honest) {
        return path.starts_with("tile/entries") ? std::nullopt : std::move(honest);
    });
    ASSERT_TRUE(other->refresh());
    EXPECT_EQ(other->release(version).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace ggen
