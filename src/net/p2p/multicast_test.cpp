#include "net/p2p/multicast.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <asio/io_context.hpp>

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;

/// A port of the test's own, so that responders of the machine hear nothing of it.
MulticastOptions on_loopback(std::uint16_t port) { return {.interfaces = {"127.0.0.1"}, .port = port}; }

TEST(MulticastTest, CarriesDatagramsToAllWhoShareThePort) {
    asio::io_context io;
    std::vector<std::string> heard;
    auto const listen = [&](std::string const& name) {
        auto received = [&heard, name](BytesView datagram, bool is_own, TimePoint) {
            heard.push_back(name + (is_own ? " own " : " far ") + std::string{as_text(datagram)});
        };
        return MulticastSocket::create(io, on_loopback(45353), received);
    };
    auto const a = listen("a").value();
    auto const b = listen("b").value();
    EXPECT_EQ(a->interface_count(), 1U);
    a->send(as_bytes("hello"));
    for (int i = 0; i < 100 && heard.size() < 2; ++i) io.run_for(milliseconds{20});
    std::sort(heard.begin(), heard.end());
    EXPECT_EQ(heard, (std::vector<std::string>{"a own hello", "b own hello"}));
}

TEST(MulticastTest, RefusesWhatIsNoGroupAndNoInterface) {
    asio::io_context io;
    auto const ignore = [](BytesView, bool, TimePoint) {};
    EXPECT_EQ(MulticastSocket::create(io, {.group = "10.0.0.1"}, ignore).error().code, Errc::invalid);
    EXPECT_EQ(MulticastSocket::create(io, {.interfaces = {"eth0"}}, ignore).error().code, Errc::invalid);
    EXPECT_EQ(MulticastSocket::create(io, {.interfaces = {"203.0.113.9"}, .port = 45354}, ignore).error().code,
              Errc::unavailable);
}

}  // namespace
}  // namespace ggen::p2p
