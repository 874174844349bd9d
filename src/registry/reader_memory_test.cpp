// What a reader remembers of a registry outlives its cache, wherever an earlier ggen kept it.
#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "registry/testing/reader_client.hpp"

namespace ggen {
namespace {

using testing::ForkedRegistry;
using testing::MemorySource;
using testing::publish;
using testing::ReaderClient;
using testing::TestRegistry;

// R4
TEST(RegistryReaderMemoryTest, RollbackIsRefusedAfterTheCacheIsGone) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto const old_objects = client.source.objects();
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    ASSERT_TRUE(client.open()->refresh());

    static_cast<void>(registry.dir.files().remove_tree(client.options.cache_directory));
    client.source.set_objects(old_objects);

    EXPECT_EQ(client.refused().id, ErrorId::checkpoint_rollback);
}

TEST(RegistryReaderMemoryTest, MemoryOfAnEarlierGgenIsMovedOutOfTheCache) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto& files = registry.dir.files();
    auto const old_objects = client.source.objects();
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    auto const memory = client.options.memory_directory;
    client.options.memory_directory = client.options.cache_directory;  // As it was then.
    ASSERT_TRUE(client.open()->refresh());
    auto const head = files.read_file(registry.dir / "cache/head", 100'000).value();
    client.options.memory_directory = memory;
    client.source.set_objects(old_objects);

    EXPECT_EQ(client.refused().id, ErrorId::checkpoint_rollback);
    EXPECT_EQ(files.read_file(registry.dir / "memory/head", 100'000).value(), head);
    EXPECT_FALSE(files.info(registry.dir / "cache/head"));
    // A file that turns up in the cache later counts for nothing.
    ASSERT_TRUE(files.write_file_atomic(registry.dir / "cache/head", as_bytes("nonsense"), Sync::none));
    EXPECT_EQ(client.refused().id, ErrorId::checkpoint_rollback);
}

TEST(RegistryReaderMemoryTest, EvidenceOfAForkIsMovedOutOfTheCacheToo) {
    ForkedRegistry fork{1, 3};
    ReaderClient client{fork.left};
    auto const memory = client.options.memory_directory;
    client.options.memory_directory = client.options.cache_directory;  // As it was then.
    ASSERT_TRUE(client.open()->refresh());
    client.source.set_objects(MemorySource::load(fork.right.dir.files(), fork.right.options.directory));
    client.clock.advance(std::chrono::hours{1});
    ASSERT_EQ(client.refused().id, ErrorId::log_fork);
    client.options.memory_directory = memory;

    client.update();
    ASSERT_EQ(client.refused().id, ErrorId::log_fork);
    static_cast<void>(fork.left.dir.files().remove_tree(client.options.cache_directory));
    EXPECT_EQ(client.refused().id, ErrorId::log_fork);
}

TEST(RegistryReaderMemoryTest, MemoryThatCannotBeMovedStillRefusesRollback) {
    TestRegistry registry;
    registry.fill(3);
    ReaderClient client{registry};
    auto const old_objects = client.source.objects();
    publish(registry, "acme/pack-0", "7.0.0");
    client.update();
    client.options.memory_directory = client.options.cache_directory;
    ASSERT_TRUE(client.open()->refresh());
    // A file where the directory belongs: nothing can be written there.
    ASSERT_TRUE(registry.dir.files().write_file_atomic(registry.dir / "blocked", as_bytes("x"), Sync::none));
    client.options.memory_directory = registry.dir / "blocked/memory";
    client.source.set_objects(old_objects);

    EXPECT_EQ(client.refused().id, ErrorId::checkpoint_rollback);
}

}  // namespace
}  // namespace ggen
