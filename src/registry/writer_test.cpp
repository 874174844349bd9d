#include "registry/writer.hpp"

#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::TestRegistry;

Digest leaf_of(Bytes const& entry) { return merkle::leaf_hash(entry); }

void expect_proven(TestRegistry& registry, Receipt const& receipt, Bytes const& entry) {
    auto const checkpoint =
        merkle::open_checkpoint(receipt.proof.checkpoint_note, registry.options.log_key.verifier());
    ASSERT_TRUE(checkpoint);
    EXPECT_TRUE(merkle::check_inclusion(leaf_of(entry), receipt.index, checkpoint->checkpoint.size,
                                        receipt.proof.hashes, checkpoint->checkpoint.root));
}

TEST(RegistryWriterTest, CreateMakesAnEmptyRegistryWithASignedStateLeaf) {
    TestRegistry registry;

    ASSERT_TRUE(registry.create());

    auto const writer = registry.open();
    ASSERT_TRUE(writer) << writer.error().context;
    EXPECT_EQ((*writer)->checkpoint().checkpoint.size, 1U);
    EXPECT_EQ((*writer)->origin(), "example/main");
    EXPECT_EQ((*writer)->checkpoint().cosigned_at, registry.clock.wall_now());
}

TEST(RegistryWriterTest, CreateRefusesAnExistingRegistry) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create());

    auto const again = registry.create();

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().id, ErrorId::registry_exists);
}

TEST(RegistryWriterTest, ReceiptsAreProvenInThePublicCheckpoint) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create());
    auto const writer = registry.open().value();
    ASSERT_TRUE(writer->append({registry.records.claim_namespace("acme", registry.publisher)}));
    auto const one = registry.next_release(*writer, "acme/a", "1.0.0");
    auto const two = registry.next_release(*writer, "acme/b", "1.0.0");

    auto const receipts = writer->append({one, two});

    ASSERT_TRUE(receipts) << receipts.error().context;
    ASSERT_EQ(receipts->size(), 2U);
    EXPECT_EQ((*receipts)[0].index, 3U);
    EXPECT_EQ((*receipts)[1].index, 4U);
    expect_proven(registry, (*receipts)[0], one);
    expect_proven(registry, (*receipts)[1], two);
    auto const stored = registry.dir.files().read_file(registry.dir / "registry/checkpoint", 16'384).value();
    EXPECT_EQ(as_text(stored), (*receipts)[0].proof.checkpoint_note);
}

TEST(RegistryWriterTest, EqualEntryGivesTheFirstIndexAndNoNewCheckpoint) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create());
    auto const writer = registry.open().value();
    auto const claim = registry.records.claim_namespace("acme", registry.publisher);
    ASSERT_TRUE(writer->append({claim}));
    auto const release = registry.next_release(*writer, "acme/a", "1.0.0");
    auto const first = writer->append({release}).value();

    auto const second = writer->append({release, claim});

    ASSERT_TRUE(second) << second.error().context;
    EXPECT_EQ((*second)[0].index, first[0].index);
    EXPECT_EQ((*second)[0].proof.checkpoint_note, first[0].proof.checkpoint_note);
    EXPECT_EQ((*second)[1].index, 1U);
}

TEST(RegistryWriterTest, NothingIsWrittenWhenOneEntryHasNoEffect) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create());
    auto const writer = registry.open().value();
    ASSERT_TRUE(writer->append({registry.records.claim_namespace("acme", registry.publisher)}));
    auto const good = registry.next_release(*writer, "acme/a", "1.0.0");
    auto const stranger = testing::make_key("mallory/laptop", 99);
    auto const bad = registry.records.release("acme/b", "1.0.0", {}, {stranger});
    auto const before = writer->checkpoint().note;

    auto const refused = writer->append({good, bad});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::not_owner);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_EQ(writer->checkpoint().note, before);
    EXPECT_EQ(writer->state().find(testing::name_of("acme/a")), nullptr);
    EXPECT_TRUE(writer->append({good}));
}

TEST(RegistryWriterTest, SecondReleaseOfAVersionIsAConflict) {
    TestRegistry registry;
    registry.fill(1);
    auto const writer = registry.open().value();

    auto const again = writer->append({registry.next_release(*writer, "acme/pack-0", "1.0.0+other")});

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_EQ(again.error().id, ErrorId::version_exists);
}

TEST(RegistryWriterTest, RecordsForAnotherRegistryAndStateLeavesAreRefused) {
    TestRegistry registry;
    registry.fill(1);
    auto const writer = registry.open().value();
    testing::RecordMaker const other{"example/other"};

    auto const foreign = writer->append({other.claim_namespace("zeta", registry.publisher)});
    auto const leaf =
        writer->append({sign_record(Record{writer->state().make_leaf({2'000'000'000})}, {}).value()});
    auto const log_key = writer->append({registry.records.claim_namespace("zeta", registry.options.log_key)});

    for (auto const* const result : {&foreign, &leaf, &log_key}) {
        ASSERT_FALSE(*result);
        EXPECT_EQ(result->error().id, ErrorId::record_invalid);
    }
}

TEST(RegistryWriterTest, AThousandReleasesInOneBatchReopenToTheSameState) {
    TestRegistry registry;
    ASSERT_TRUE(registry.create());
    std::vector<Bytes> batch{registry.records.claim_namespace("acme", registry.publisher)};
    for (int i = 0; i < 1'000; ++i) {
        auto const name = "acme/pack-" + std::to_string(i);
        batch.push_back(registry.records.release(name, "1.0.0", {}, {registry.publisher}));
    }
    Digest root;
    {
        auto const writer = registry.open().value();
        auto const receipts = writer->append(batch);
        ASSERT_TRUE(receipts) << receipts.error().context;
        expect_proven(registry, receipts->back(), batch.back());
        root = writer->state().root();
    }

    auto const writer = registry.open();

    ASSERT_TRUE(writer) << writer.error().context;
    EXPECT_EQ((*writer)->checkpoint().checkpoint.size, 1'003U);
    EXPECT_EQ((*writer)->state().root(), root);
    auto const next = (*writer)->append({registry.next_release(**writer, "acme/pack-7", "1.1.0")});
    EXPECT_TRUE(next) << next.error().context;
}

TEST(RegistryWriterTest, PartialTilesGoWhenTheFullTileIsPublished) {
    TestRegistry registry;
    registry.fill(20, 1);
    auto const partials = registry.dir / "registry/tile/entries/000.p";
    EXPECT_TRUE(registry.dir.files().info(partials));
    auto const writer = registry.open().value();
    std::vector<Bytes> batch;
    batch.reserve(300);
    for (int i = 0; i < 300; ++i) {
        batch.push_back(
            registry.records.release("acme/x-" + std::to_string(i), "1.0.0", {}, {registry.publisher}));
    }

    ASSERT_TRUE(writer->append(batch));

    EXPECT_FALSE(registry.dir.files().info(partials));
    EXPECT_TRUE(registry.dir.files().info(registry.dir / "registry/tile/entries/000"));
}

TEST(RegistryWriterTest, TimeNeverGoesBack) {
    TestRegistry registry;
    registry.fill(1);
    auto const before = registry.open().value()->state().time();
    registry.clock.set_wall(1'000);

    auto const writer = registry.open().value();
    ASSERT_TRUE(writer->append({}));

    EXPECT_EQ(writer->state().time(), before);
}

}  // namespace
}  // namespace ggen
