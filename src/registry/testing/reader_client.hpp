#pragma once

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "registry/reader.hpp"
#include "registry/testing/memory_source.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::testing {

/// A registry, a source over its files, and readers of it.
struct ReaderClient {
    TestRegistry& registry;
    MemorySource source;
    FakeClock clock;
    ReaderOptions options;

    explicit ReaderClient(TestRegistry& registry_in) : registry(registry_in), source({}) {
        options.cache_directory = registry.dir / "cache";
        options.memory_directory = registry.dir / "memory";
        options.freshness.enforce = true;
        update();
    }
    void update() {
        source.set_objects(MemorySource::load(registry.dir.files(), registry.options.directory));
        clock.set_wall(registry.clock.wall_now().seconds);
    }
    [[nodiscard]] std::unique_ptr<RegistryReader> open() {
        return RegistryReader::open(registry.disk, clock, source, registry.root(), options).value();
    }
    [[nodiscard]] Error refused() {
        auto const refreshed = open()->refresh();
        return refreshed ? Error{Errc::internal, "it was accepted"} : refreshed.error();
    }
};

/// One release more, a minute later.
inline void publish(TestRegistry& registry, std::string const& name, std::string const& version) {
    auto const writer = registry.open().value();
    registry.clock.advance(std::chrono::seconds{60});
    ASSERT_TRUE(writer->append({registry.next_release(*writer, name, version)}));
}

/// The same registry (keys, folder) with another history from the third checkpoint on.
struct ForkedRegistry {
    TestRegistry left{1};
    TestRegistry right{1};
    explicit ForkedRegistry(unsigned left_more, unsigned right_more) {
        left.fill(3);
        right.fill(3);
        for (unsigned i = 0; i < left_more; ++i) publish(left, "acme/left", "1." + std::to_string(i) + ".0");
        for (unsigned i = 0; i < right_more; ++i)
            publish(right, "acme/right", "1." + std::to_string(i) + ".0");
    }
};

}  // namespace ggen::testing
