#include "resolve/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "resolve/id_map.hpp"
#include "resolve/testing/universe.hpp"

namespace ggen::solver {
namespace {

TEST(ArenaTest, WhatWasAllocatedStaysAndIsItsOwn) {
    Arena arena;
    ggen::testing::Dice dice{1};
    std::vector<std::pair<std::uint32_t*, std::size_t>> blocks;
    for (std::uint32_t i = 0; i < 2'000; ++i) {
        auto const count = dice.one_in(100) ? 200'000 : dice.below(300);
        auto* const block = arena.allocate<std::uint32_t>(count);
        ASSERT_NE(block, nullptr);
        std::fill(block, block + count, i);
        blocks.emplace_back(block, count);
    }
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
        auto const [block, count] = blocks[i];
        ASSERT_TRUE(std::all_of(block, block + count, [&](auto value) { return value == i; })) << i;
    }
}

TEST(ArenaTest, UsesTheMemoryAgainThatItIsCutBackTo) {
    Arena arena;
    auto* const kept = arena.allocate<std::uint64_t>(10);
    std::fill(kept, kept + 10, 7);
    auto const mark = arena.mark();
    auto* const first = arena.allocate<std::uint64_t>(5'000);
    auto const bytes = arena.bytes();
    for (int round = 0; round < 100; ++round) {
        arena.cut(mark);
        auto* const again = arena.allocate<std::uint64_t>(5'000);
        EXPECT_EQ(again, first);
        std::fill(again, again + 5'000, 9);
    }
    EXPECT_EQ(arena.bytes(), bytes);
    EXPECT_TRUE(std::all_of(kept, kept + 10, [](auto value) { return value == 7; }));
}

TEST(ArenaTest, CutBackToItsVeryBeginningItStartsOver) {
    Arena arena;
    auto const beginning = arena.mark();
    arena.cut(beginning);
    auto* const first = arena.allocate<std::uint64_t>(1);
    for (int i = 0; i < 1'000; ++i) (void)arena.allocate<std::uint64_t>(100);
    arena.cut(beginning);
    EXPECT_EQ(arena.allocate<std::uint64_t>(1), first);
}

TEST(IdMapTest, AgreesWithAnOrdinaryMap) {
    IdMap map;
    std::map<std::uint64_t, std::uint32_t> plain;
    ggen::testing::Dice dice{2};
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        auto const key = (std::uint64_t{dice.below(100)} << 32) | (dice.below(100) << 1);
        auto& value = map.at(key, 77);
        auto const [found, is_new] = plain.try_emplace(key, 77);
        ASSERT_EQ(value, found->second);
        value = i;
        found->second = i;
    }
    EXPECT_EQ(map.size(), plain.size());
}

}  // namespace
}  // namespace ggen::solver
