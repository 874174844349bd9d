#include "base/wake_event.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace ggen {
namespace {

using std::chrono::steady_clock;

bool is_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

TEST(WakeEventTest, ACallBeforeTheWaitIsNotLostAndCountsOnce) {
    auto const event = WakeEvent::create().value();
    EXPECT_FALSE(event.take());
    event.call();
    event.call();
    EXPECT_TRUE(is_readable(event.descriptor()));
    EXPECT_FALSE(event.wait()) << "nothing else could be read";
    EXPECT_FALSE(event.take()) << "the wait took it";
}

TEST(WakeEventTest, SleepsUntilItIsCalledFromAnotherThread) {
    auto const event = WakeEvent::create().value();
    std::thread other{[&] { event.call(); }};
    event.wait();
    other.join();
    EXPECT_FALSE(is_readable(event.descriptor()));
}

TEST(WakeEventTest, SleepsUntilSomethingElseCanBeReadOrTheTimeHasCome) {
    auto const event = WakeEvent::create().value();
    auto const other = WakeEvent::create().value();
    other.call();
    EXPECT_TRUE(event.wait(other.descriptor()));
    EXPECT_TRUE(other.take()) << "what is waited for beside it is the caller's";
    auto const end = steady_clock::now() + std::chrono::milliseconds{3};
    EXPECT_FALSE(event.wait(other.descriptor(), end));
    EXPECT_GE(steady_clock::now(), end);
    EXPECT_FALSE(event.wait(-1, end)) << "a time that is over";
}

}  // namespace
}  // namespace ggen
