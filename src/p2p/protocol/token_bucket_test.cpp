#include "p2p/protocol/token_bucket.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucketTest, TheBurstIsThereAtOnceAndThenTheRate) {
    TimePoint now{};
    TokenBucket bucket{3, 10, now};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now + milliseconds{99}));
    EXPECT_TRUE(bucket.take(now + milliseconds{101}));
    EXPECT_FALSE(bucket.take(now + milliseconds{101}));
}

TEST(TokenBucketTest, ItNeverHoldsMoreThanTheBurstAndTakesBackWhatWasNotNeeded) {
    TimePoint now{};
    TokenBucket bucket{2, 10, now};
    now += std::chrono::hours{1};
    EXPECT_TRUE(bucket.take(now));
    EXPECT_TRUE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now));
    bucket.give_back();
    EXPECT_TRUE(bucket.take(now));
    EXPECT_FALSE(bucket.take(now));
}

}  // namespace
}  // namespace ggen::p2p
