// R2 and R3 of the attack catalogue: valid objects in the wrong place, and forged ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error_id.hpp"
#include "merkle/tile_store.hpp"
#include "registry/testing/client_run.hpp"
#include "registry/testing/memory_source.hpp"

namespace ggen {
namespace {

using testing::ClientResult;
using testing::MemorySource;
using testing::run_client;
using testing::TestRegistry;

constexpr char const* k_package = "acme/pack-1";

/// Either exactly what the clean run saw, or a clean refusal: a documented code, never other bytes.
void expect_same_or_refused(ClientResult const& result, ClientResult const& clean, std::string const& what) {
    if (result.is_clean) {
        EXPECT_EQ(result.seen, clean.seen) << what;
        return;
    }
    EXPECT_NE(result.error.code, Errc::internal) << what << ": " << result.error.context;
    EXPECT_FALSE(result.error.context.empty()) << what;
}

/// Three logs: the one under test, an older state of itself, and one of other keys and the same origin.
struct ThreeLogs {
    TestRegistry registry{1};
    TestRegistry other{2};
    MemorySource::Objects older;
    MemorySource::Objects present;
    MemorySource::Objects foreign;

    ThreeLogs() {
        registry.fill(12);
        older = MemorySource::load(registry.dir.files(), registry.options.directory);
        {
            auto const writer = registry.open().value();
            registry.clock.advance(std::chrono::seconds{60});
            GGEN_ASSERT(writer->append({registry.next_release(*writer, k_package, "5.0.0")}).has_value());
        }
        present = MemorySource::load(registry.dir.files(), registry.options.directory);
        other.fill(13);
        foreign = MemorySource::load(other.dir.files(), other.options.directory);
    }
    [[nodiscard]] ClientResult run(MemorySource& source) {
        testing::FakeClock clock{registry.clock.wall_now().seconds};
        return run_client(registry.disk, clock, source, registry.root(), k_package);
    }
};

TEST(RegistryAttackTest, EveryObjectSwappedForEveryOtherValidOneChangesNothingOrIsRefused) {
    ThreeLogs logs;
    MemorySource source{logs.present};
    auto const clean = logs.run(source);
    ASSERT_TRUE(clean.is_clean) << clean.error.context;
    auto asked = source.asked();
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    std::vector<Bytes const*> objects;
    for (auto const* const log : {&logs.present, &logs.older, &logs.foreign}) {
        for (auto const& [path, bytes] : *log) objects.push_back(&bytes);
    }
    std::size_t refused = 0;
    for (auto const& path : asked) {
        for (auto const* const bytes : objects) {
            auto const honest = logs.present.find(path);
            if (honest != logs.present.end() && honest->second == *bytes) continue;
            source.set_mutate([&](std::string const& at, std::optional<Bytes> answer) {
                return at == path ? std::optional{*bytes} : std::move(answer);
            });
            auto const result = logs.run(source);
            expect_same_or_refused(result, clean, path);
            refused += result.is_clean ? 0U : 1U;
        }
    }
    EXPECT_GT(refused, 100U);
}

TEST(RegistryAttackTest, WholeForeignLogOfTheSameOriginIsRefused) {
    ThreeLogs logs;
    MemorySource source{logs.foreign};

    auto const result = logs.run(source);

    ASSERT_FALSE(result.is_clean);
    EXPECT_EQ(result.error.id, ErrorId::signature_invalid) << result.error.context;
}

TEST(RegistryAttackTest, ShortLongEmptyAndMissingObjectsAreRefused) {
    ThreeLogs logs;
    MemorySource source{logs.present};
    auto const clean = logs.run(source);
    ASSERT_TRUE(clean.is_clean);
    auto const asked = source.asked();
    using Change = std::function<std::optional<Bytes>(Bytes)>;
    std::vector<std::pair<char const*, Change>> const changes{
        {"short",
         [](Bytes bytes) {
             bytes.pop_back();
             return std::optional{bytes};
         }},
        {"long",
         [](Bytes bytes) {
             bytes.push_back(0);
             return std::optional{bytes};
         }},
        {"long by a line",
         [](Bytes bytes) {
             bytes.push_back('\n');
             return std::optional{bytes};
         }},
        {"doubled",
         [](Bytes bytes) {
             auto copy = bytes;
             bytes.insert(bytes.end(), copy.begin(), copy.end());
             return std::optional{bytes};
         }},
        {"empty", [](Bytes const&) { return std::optional{Bytes{}}; }},
        {"endless", [](Bytes const&) { return std::optional{Bytes(3'000'000, 'x')}; }},
        {"missing", [](Bytes const&) { return std::optional<Bytes>{}; }}};
    for (auto const& path : asked) {
        if (logs.present.find(path) == logs.present.end()) continue;  // root/2 is asked for and absent.
        for (auto const& [what, change] : changes) {
            source.set_mutate([&, &apply = change](std::string const& at, std::optional<Bytes> answer) {
                return at == path && answer ? apply(std::move(*answer)) : std::move(answer);
            });
            auto const result = logs.run(source);
            EXPECT_FALSE(result.is_clean) << path << " " << what;
            expect_same_or_refused(result, clean, path + " " + what);
        }
    }
}

TEST(RegistryAttackTest, BundleAndTileForgedTogetherAreRefusedAtEveryTileBoundary) {
    // CVE-2026-56865: tiles that agree with each other, but not with the root.
    for (unsigned const releases : {1U, 251U, 252U, 253U, 254U, 300U, 509U, 510U, 511U, 512U}) {
        TestRegistry registry;
        ASSERT_TRUE(registry.create());
        auto const writer = registry.open().value();
        std::vector<Bytes> batch{registry.records.claim_namespace("acme", registry.publisher)};
        for (unsigned i = 0; i < releases; ++i) {
            batch.push_back(
                registry.records.release("acme/p-" + std::to_string(i), "1.0.0", {}, {registry.publisher}));
        }
        ASSERT_TRUE(writer->append(batch));
        auto const size = writer->checkpoint().checkpoint.size;
        auto const forged = registry.records.release("acme/p-0", "6.6.6", {}, {registry.publisher});
        MemorySource source{MemorySource::load(registry.dir.files(), registry.options.directory)};
        std::uint64_t const target = 2;  // The first release.
        for (auto const& id : merkle::bundles_of(size)) {
            if (id.index != target / 256) continue;
            auto entries = merkle::decode_bundle(source.objects().at(id.path()), id.width).value();
            entries[target % 256] = forged;
            source.objects()[id.path()] = merkle::encode_bundle(entries).value();
        }
        for (auto const& id : merkle::tiles_of(size)) {
            if (id.level != 0 || id.index != target / 256) continue;
            auto hashes = merkle::decode_tile(source.objects().at(id.path()), id.width).value();
            hashes[target % 256] = merkle::leaf_hash(forged);
            source.objects()[id.path()] = merkle::encode_tile(hashes);
        }
        testing::FakeClock clock{registry.clock.wall_now().seconds};
        auto const reader = RegistryReader::open(registry.disk, clock, source, registry.root(), {}).value();
        ASSERT_TRUE(reader->refresh()) << releases;
        bool was_seen = false;
        auto const read = reader->each_entry(0, size, [&](std::uint64_t, BytesView entry) {
            was_seen = was_seen || std::equal(entry.begin(), entry.end(), forged.begin(), forged.end());
            return ok();
        });
        ASSERT_FALSE(read) << releases;
        EXPECT_EQ(read.error().id, ErrorId::tile_invalid) << releases;
        EXPECT_FALSE(was_seen) << releases;
        EXPECT_FALSE(reader->prove(target)) << releases;
    }
}

TEST(RegistryAttackTest, CheckpointsThatAreSignedButWrongAreRefused) {
    ThreeLogs logs;
    auto const size = logs.registry.open().value()->checkpoint().checkpoint.size;
    auto const root = logs.registry.open().value()->checkpoint().checkpoint.root;
    auto const& log_key = logs.registry.options.log_key;
    auto const note = [&](std::string text, merkle::SignerKey const& key) {
        merkle::Note made{std::move(text), {}};
        made.sign(key);
        return to_bytes(made.print());
    };
    auto const good = merkle::Checkpoint{"example/main", size, root}.text();
    auto const replace = [&](std::string const& from, std::string const& to) {
        auto text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    std::vector<Bytes> const bad{
        note(merkle::Checkpoint{"example/main", size + 1, root}.text(), log_key),
        note(merkle::Checkpoint{"example/other", size, root}.text(), log_key),
        note(replace("\n" + std::to_string(size), "\n0" + std::to_string(size)), log_key),
        note(replace("\n" + std::to_string(size), "\n+" + std::to_string(size)), log_key),
        note(good + "extension\n", log_key),
        note(good, testing::make_key("example/main", 999)),
        note(good, logs.registry.publisher),
        note(good, *logs.registry.options.cosigner),
        to_bytes(good)};
    for (std::size_t i = 0; i < bad.size(); ++i) {
        MemorySource source{logs.present};
        source.objects()["checkpoint"] = bad[i];
        EXPECT_FALSE(logs.run(source).is_clean) << i;
    }
}

TEST(RegistryAttackTest, RecordThatTheLogForgedAndListedIsRefusedByTheReleaseCheck) {
    // A lying log puts a stranger's release into its log and its state tree.
    TestRegistry registry;
    registry.fill(1);
    MemorySource source{MemorySource::load(registry.dir.files(), registry.options.directory)};
    auto const stranger = testing::make_key("mallory/laptop", 66);
    auto const writer = registry.open().value();
    auto const honest = *writer->state().find(testing::name_of("acme/pack-0"));
    auto const forged = registry.records.release("acme/pack-0", "6.6.6", honest.last_record, {stranger});

    std::vector<Bytes> entries;
    {
        testing::FakeClock clock{registry.clock.wall_now().seconds};
        auto const reader = RegistryReader::open(registry.disk, clock, source, registry.root(), {}).value();
        ASSERT_TRUE(reader->refresh());
        ASSERT_TRUE(
            reader->each_entry(0, reader->checkpoint().checkpoint.size, [&](std::uint64_t, BytesView entry) {
                entries.emplace_back(entry.begin(), entry.end());
                return ok();
            }));
    }
    auto lie = honest;
    VersionState version;
    version.index = entries.size();
    version.leaf = merkle::leaf_hash(forged);
    version.version = testing::version_of("6.6.6");
    version.first_seen = registry.clock.wall_now();
    lie.versions.push_back(version);
    lie.last_record = version.leaf;
    entries.push_back(forged);

    // The state tree with the lie, built by hand from one bucket.
    std::vector<Digest> leaves(256, merkle::leaf_hash(encode_bucket({})));
    auto const bucket = encode_bucket({&lie});
    leaves[bucket_of(lie.name, 8)] = merkle::leaf_hash(bucket);
    auto const state_root = merkle::root_of(leaves);
    StateLeaf const leaf{entries.size(), registry.clock.wall_now(), 8, state_root};
    entries.push_back(sign_record(Record{leaf}, {}).value());
    auto const growth = merkle::grow_log({}, entries).value();
    for (auto const& file : growth.files) source.objects()[file.path] = file.bytes;
    source.objects()["state/" + state_root.hex()] = merkle::encode_tile(leaves);
    source.objects()["state/" + leaves[bucket_of(lie.name, 8)].hex()] = bucket;
    merkle::Note note{merkle::Checkpoint{"example/main", entries.size(), growth.root}.text(), {}};
    note.sign(registry.options.log_key);
    source.objects()["checkpoint"] = to_bytes(note.print());
    merkle::TileReader tiles{
        {"example/main", entries.size(), growth.root},
        [&](std::string const& path, std::uint64_t limit) { return source.read(path, limit); }};
    merkle::LogProof head{entries.back(), entries.size() - 1,
                          tiles.prove_inclusion(entries.size() - 1).value(), note.print()};
    source.objects()["state/head"] = to_bytes(head.print());
    testing::FakeClock clock{registry.clock.wall_now().seconds};
    auto const reader = RegistryReader::open(registry.disk, clock, source, registry.root(), {}).value();
    ASSERT_TRUE(reader->refresh());
    auto const state = reader->lookup(lie.name).value();
    ASSERT_TRUE(state);

    auto const release = reader->release(state->versions.back());

    ASSERT_FALSE(release);
    EXPECT_EQ(release.error().code, Errc::refused);
    EXPECT_EQ(release.error().id, ErrorId::state_mismatch) << release.error().context;
}

}  // namespace
}  // namespace ggen
