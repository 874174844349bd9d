#include "base/parallel.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

namespace ggen {
namespace {

TEST(ParallelTest, DoesEachPieceOfWorkOnce) {
    for (unsigned const threads : {0U, 1U, 3U, 64U}) {
        for (std::size_t const count : {0U, 1U, 2U, 100U}) {
            std::mutex mutex;
            std::multiset<std::size_t> done;
            run_parallel(count, threads, [&](std::size_t i) {
                std::lock_guard const guard{mutex};
                done.insert(i);
            });
            std::multiset<std::size_t> expected;
            for (std::size_t i = 0; i < count; ++i) expected.insert(i);
            EXPECT_EQ(done, expected) << threads;
        }
    }
}

TEST(ParallelTest, UsesNoMoreThreadsThanItMay) {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    run_parallel(1'000, 3, [&](std::size_t) {
        std::lock_guard const guard{mutex};
        threads.insert(std::this_thread::get_id());
    });
    EXPECT_GE(threads.size(), 1U);
    EXPECT_LE(threads.size(), 3U);
}

}  // namespace
}  // namespace ggen
