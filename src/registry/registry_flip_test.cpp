// R1: every bit of every response, flipped one at a time. A client run then ends as the clean run did, or
// in a clean refusal; never with other bytes.
//
// GGEN_FLIP_FULL=1 runs all flips over a registry of 300 entries: a matter of minutes in the preset `soak`,
// of hours with sanitizers. By default: all flips of the small objects of 20 entries that fit into
// GGEN_FLIP_COUNT runs, drawn by GGEN_FLIP_SEED, spread evenly over the objects.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "base/error_id.hpp"
#include "registry/testing/client_run.hpp"
#include "registry/testing/memory_source.hpp"

namespace ggen {
namespace {

using testing::MemorySource;
using testing::run_client;
using testing::TestRegistry;

std::uint64_t number_from(char const* name, std::uint64_t fallback) {
    char const* const text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

struct Flips {
    TestRegistry registry;
    MemorySource source{{}};
    testing::FakeClock clock;
    RootFile root;
    testing::ClientResult clean;
    std::vector<std::string> asked;

    explicit Flips(unsigned releases) {
        registry.fill(releases, 5);
        source.set_objects(MemorySource::load(registry.dir.files(), registry.options.directory));
        clock.set_wall(registry.clock.wall_now().seconds);
        root = registry.root();
        clean = run();
        asked = source.asked();
        std::sort(asked.begin(), asked.end());
        asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    }
    testing::ClientResult run() { return run_client(registry.disk, clock, source, root, "acme/pack-1"); }
    /// Flips one bit of what is served as `path`. Whether it was refused.
    bool flip(std::string const& path, std::size_t bit) {
        auto& bytes = source.objects().at(path);
        auto const mask = static_cast<std::uint8_t>(1U << (bit % 8));
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
        auto const result = run();
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
        if (result.is_clean) {
            EXPECT_EQ(result.seen, clean.seen) << path << " bit " << bit;
            return false;
        }
        EXPECT_NE(result.error.code, Errc::internal)
            << path << " bit " << bit << ": " << result.error.context;
        return true;
    }
};

TEST(RegistryFlipTest, NoFlippedBitChangesWhatAClientGets) {
    bool const is_full = number_from("GGEN_FLIP_FULL", 0) != 0;
    auto const count = number_from("GGEN_FLIP_COUNT", 3'000);
    auto const seed = number_from("GGEN_FLIP_SEED", 1);
    Flips flips{is_full ? 250U : 20U};
    ASSERT_TRUE(flips.clean.is_clean) << flips.clean.error.context;
    std::mt19937_64 random{seed};
    std::uint64_t runs = 0;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> table;  // Path: runs, refused.

    for (auto const& path : flips.asked) {
        auto const found = flips.source.objects().find(path);
        if (found == flips.source.objects().end()) continue;  // root/2: asked for and absent.
        auto const bits = found->second.size() * 8;
        auto const share = count / flips.asked.size();
        auto& row = table[path];
        for (std::size_t i = 0; i < (is_full ? bits : std::min<std::uint64_t>(bits, share)); ++i) {
            auto const bit = is_full || bits <= share ? i : random() % bits;
            row.second += flips.flip(path, bit) ? 1U : 0U;
            ++row.first;
            ++runs;
        }
    }

    for (auto const& [path, row] : table) {
        std::printf("%-90s %8llu flips, %8llu refused\n", path.c_str(),
                    static_cast<unsigned long long>(row.first), static_cast<unsigned long long>(row.second));
        EXPECT_GT(row.second * 10, row.first * 5)
            << path << ": most flips of a needed object must be refused";
    }
    std::printf("%llu flips (seed %llu), 0 with other bytes\n", static_cast<unsigned long long>(runs),
                static_cast<unsigned long long>(seed));
}

/// The small objects of a small registry, whole: also in the daily run.
TEST(RegistryFlipTest, EveryBitOfCheckpointHeadAndBucketIsCovered) {
    if (number_from("GGEN_FLIP_FULL", 0) != 0) GTEST_SKIP() << "covered by the full run";
    Flips flips{4};
    ASSERT_TRUE(flips.clean.is_clean) << flips.clean.error.context;
    for (auto const& path : flips.asked) {
        auto const found = flips.source.objects().find(path);
        if (found == flips.source.objects().end() || found->second.size() > 1'500) continue;
        for (std::size_t bit = 0; bit < found->second.size() * 8; bit += 3) flips.flip(path, bit);
    }
}

}  // namespace
}  // namespace ggen
