#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "measure.hpp"
#include "netlab/router.hpp"

namespace ggen::bench {
namespace {

constexpr std::uint32_t k_a = 11U << 24U | 1U;
constexpr std::uint32_t k_b = 88U << 24U | 7U;
constexpr std::uint32_t k_nobody = 99U << 24U | 9U;
constexpr std::int64_t k_there_ns = 30'000'000;
constexpr std::int64_t k_back_ns = 5'000'000;
constexpr int k_wait_ms = 20'000;

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address);
    return in;
}

class LabTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto lab = Lab::create({k_a, k_b});
        if (!lab && lab.error().code == Errc::unavailable) GTEST_SKIP() << lab.error().context;
        ASSERT_TRUE(lab) << lab.error().context;
        lab_ = std::move(*lab);
        auto router = Router::start(*lab_, {0, k_there_ns, k_back_ns, 0}, 0, 1);
        ASSERT_TRUE(router) << router.error().context;
        router_ = std::move(*router);
        a_ = socket_in(0, k_a);
        b_ = socket_in(1, k_b);
    }
    posix::Fd socket_in(std::size_t host, std::uint32_t address) {
        posix::Fd socket;
        EXPECT_TRUE(lab_->inside(host, [&]() -> Result<void> {
            socket = posix::Fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
            auto const own = socket_address(address, 4001);
            if (::bind(socket.get(), reinterpret_cast<sockaddr const*>(&own), sizeof own) != 0)
                return posix::errno_error("bind", ipv4_text(address));
            return ok();
        }));
        return socket;
    }
    static void send(posix::Fd const& from, std::uint32_t to, char what) {
        auto const address = socket_address(to, 4001);
        ASSERT_EQ(::sendto(from.get(), &what, 1, 0, reinterpret_cast<sockaddr const*>(&address), sizeof address), 1);
    }
    /// What came, or 0 after a long while.
    static char receive(posix::Fd const& at) {
        pollfd waits{at.get(), POLLIN, 0};
        if (::poll(&waits, 1, k_wait_ms) != 1) return 0;
        char what = 0;
        return ::recv(at.get(), &what, 1, 0) == 1 ? what : '\0';
    }

    std::unique_ptr<Lab> lab_;
    std::unique_ptr<Router> router_;
    posix::Fd a_;
    posix::Fd b_;
};

TEST_F(LabTest, PacketsTakeTheTimeOfTheirWayAndKeepTheirOrder) {
    auto const begin = now_ns();
    for (char const what : {'x', 'y', 'z'}) send(a_, k_b, what);
    for (char const what : {'x', 'y', 'z'}) EXPECT_EQ(receive(b_), what);
    auto const there = now_ns() - begin;
    EXPECT_GE(there, static_cast<std::uint64_t>(k_there_ns));
    send(b_, k_a, 'w');
    EXPECT_EQ(receive(a_), 'w');
    EXPECT_GE(now_ns() - begin - there, static_cast<std::uint64_t>(k_back_ns));
    auto const counters = router_->stop();
    EXPECT_GE(counters.packets, 4U);
    EXPECT_GT(counters.bytes, counters.packets * 20);
}

TEST_F(LabTest, WhatGoesToNobodyIsLostAndCounted) {
    send(a_, k_nobody, 'x');
    send(a_, k_b, 'y');
    EXPECT_EQ(receive(b_), 'y');
    EXPECT_GE(router_->stop().lost, 1U);
}

TEST_F(LabTest, HostsSeeNothingOfThisMachine) {
    EXPECT_FALSE(lab_->inside(0, []() -> Result<void> {
        posix::Fd const socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        auto const other = socket_address(k_b, 4002);
        if (::bind(socket.get(), reinterpret_cast<sockaddr const*>(&other), sizeof other) != 0)
            return posix::errno_error("bind", "the address of another host");
        return ok();
    }));
}

}  // namespace
}  // namespace ggen::bench
