#include "p2p/protocol/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace ggen::p2p {
namespace {

TEST(SeededRandomTest, EqualSeedsGiveEqualSequencesAndOthersDoNot) {
    SeededRandom first(7);
    SeededRandom second(7);
    SeededRandom third(8);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        auto const value = first.next_u64();
        EXPECT_EQ(value, second.next_u64());
        differs = differs || value != third.next_u64();
    }
    EXPECT_TRUE(differs);
}

// A change of the sequence would silently change every recorded trace digest.
TEST(SeededRandomTest, TheSequenceOfSeedZeroIsTheReferenceOne) {
    SeededRandom random(0);
    EXPECT_EQ(random.next_u64(), 0x99ec5f36cb75f2b4U);
    EXPECT_EQ(random.next_u64(), 0xbf6e1f784956452aU);
}

TEST(SeededRandomTest, BelowStaysBelowAndIsEven) {
    SeededRandom random(1);
    std::array<int, 10> counts{};
    for (int i = 0; i < 100'000; ++i) ++counts.at(random.below(10));
    for (auto const count : counts) EXPECT_NEAR(count, 10'000, 500);
    EXPECT_EQ(random.below(1), 0U);
    for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(0xc000'0000'0000'0000U), 0xc000'0000'0000'0000U);
}

TEST(SeededRandomTest, UnitIsInItsRangeAndShuffleKeepsAll) {
    SeededRandom random(2);
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const value = random.unit();
        EXPECT_GE(value, 0);
        EXPECT_LT(value, 1);
        sum += value;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
    std::vector<int> items(100);
    std::iota(items.begin(), items.end(), 0);
    auto shuffled = items;
    random.shuffle(shuffled);
    EXPECT_NE(shuffled, items);
    std::sort(shuffled.begin(), shuffled.end());
    EXPECT_EQ(shuffled, items);
}

TEST(SeededRandomTest, FillsAnyLength) {
    for (std::size_t size = 0; size < 20; ++size) {
        SeededRandom random(3);
        Bytes bytes(size, 0);
        random.fill(bytes);
        SeededRandom again(3);
        Bytes longer(20, 0);
        again.fill(longer);
        EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), longer.begin()));
    }
}

}  // namespace
}  // namespace ggen::p2p
