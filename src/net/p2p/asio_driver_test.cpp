#include "net/p2p/asio_driver.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }
TimePoint in(std::chrono::nanoseconds duration) { return std::chrono::steady_clock::now() + duration; }

/// Plays the swarm: keeps what it is told, does what a test says.
class Script final : public TransportEvents {
public:
    std::deque<SwarmCommand> commands;
    std::vector<Multiaddr> listening;
    std::vector<Error> errors;
    std::map<SocketKey, Bytes> received;
    std::vector<SocketKey> connected, accepted, closed, written;
    std::vector<Multiaddr> remotes;
    std::optional<Result<std::vector<Multiaddr>>> resolved;
    std::optional<TimePoint> deadline;
    bool accepts = true;
    bool echoes = false;
    int deadlines = 0;
    SocketKey next_key = 100;

    void on_listening(ListenerKey, Multiaddr const& at, TimePoint) override { listening.push_back(at); }
    void on_listen_failed(ListenerKey, Error const& error, TimePoint) override { errors.push_back(error); }
    void on_resolved(ResolveKey, Result<std::vector<Multiaddr>> const& found, TimePoint) override { resolved = found; }
    void on_socket_connected(SocketKey key, Multiaddr const&, TimePoint) override { connected.push_back(key); }
    void on_socket_failed(SocketKey, Error const& error, TimePoint) override { errors.push_back(error); }
    std::optional<SocketKey> on_socket_accepted(ListenerKey, Multiaddr const&, Multiaddr const& remote,
                                                TimePoint) override {
        if (!accepts) return std::nullopt;
        remotes.push_back(remote);
        accepted.push_back(next_key++);
        return accepted.back();
    }
    void on_socket_bytes(SocketKey key, BytesView bytes, TimePoint) override {
        auto& all = received[key];
        all.insert(all.end(), bytes.begin(), bytes.end());
        if (echoes) send(key, Bytes(bytes.begin(), bytes.end()));
    }
    void on_socket_written(SocketKey key, TimePoint) override {
        written.push_back(key);
        auto& queue = waiting_[key];
        queue.pop_front();
        if (!queue.empty()) commands.emplace_back(WriteSocket{key, queue.front()});
    }
    void on_socket_closed(SocketKey key, TimePoint) override { closed.push_back(key); }
    std::optional<SwarmCommand> poll_command() override {
        if (commands.empty()) return std::nullopt;
        auto command = std::move(commands.front());
        commands.pop_front();
        return command;
    }
    std::optional<TimePoint> next_deadline() const override { return deadline; }
    void on_deadline(TimePoint) override {
        ++deadlines;
        deadline.reset();
    }

    void send(SocketKey key, Bytes bytes) {
        auto& queue = waiting_[key];
        queue.push_back(std::move(bytes));
        if (queue.size() == 1) commands.emplace_back(WriteSocket{key, queue.front()});
    }

private:
    std::map<SocketKey, std::deque<Bytes>> waiting_;
};

struct AsioDriverTest : ::testing::Test {
    Script script;
    std::unique_ptr<AsioDriver> driver = AsioDriver::create(script).value();

    /// Runs until `is_done` holds; false when it did not within ten seconds.
    template <class Predicate>
    bool run_until(Predicate is_done) {
        driver->set_turn_hook([&](TimePoint) {
            if (is_done()) driver->stop();
            return false;
        });
        driver->run_until(in(seconds{10}));
        driver->set_turn_hook({});
        return is_done();
    }
    Multiaddr listen(std::string_view at = "/ip4/127.0.0.1/tcp/0") {
        script.commands.emplace_back(ListenOn{1, address(at)});
        EXPECT_TRUE(run_until([&] { return !script.listening.empty() || !script.errors.empty(); }));
        return script.listening.at(0);
    }
    /// A connection of the driver to itself: key 1 is the dialer's end, 100 the listener's.
    void connect() {
        script.commands.emplace_back(ConnectSocket{1, listen()});
        ASSERT_TRUE(run_until([&] { return !script.connected.empty() && !script.accepted.empty(); }));
    }
};

TEST_F(AsioDriverTest, CarriesBytesBothWays) {
    script.echoes = true;
    connect();
    Bytes bytes(3 * k_socket_turn_bytes_max + 17);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13U);
    script.echoes = false;
    for (std::size_t at = 0; at < bytes.size(); at += 256 * k_kib) {
        auto const piece = BytesView(bytes).subspan(at, std::min<std::size_t>(256 * k_kib, bytes.size() - at));
        script.send(1, Bytes(piece.begin(), piece.end()));
        script.send(100, Bytes(piece.begin(), piece.end()));
    }
    ASSERT_TRUE(run_until([&] {
        return script.received[100].size() == bytes.size() && script.received[1].size() == bytes.size();
    }));
    EXPECT_EQ(script.received[100], bytes);
    EXPECT_EQ(script.received[1], bytes);
    EXPECT_EQ(driver->socket_count(), 2U);
}

TEST_F(AsioDriverTest, SpeaksIp6AndNamesBothEnds) {
    script.commands.emplace_back(ListenOn{1, address("/ip6/::1/tcp/0")});
    ASSERT_TRUE(run_until([&] { return !script.listening.empty() || !script.errors.empty(); }));
    if (script.listening.empty()) GTEST_SKIP() << "this machine has no IPv6";
    script.commands.emplace_back(ConnectSocket{1, script.listening[0]});
    ASSERT_TRUE(run_until([&] { return !script.accepted.empty() && !script.connected.empty(); }));
    EXPECT_TRUE(script.remotes[0].text().starts_with("/ip6/::1/tcp/"));
}

TEST_F(AsioDriverTest, NamesAnAddressForEachInterfaceOfAWildcard) {
    auto const first = listen("/ip4/0.0.0.0/tcp/0");
    auto const port = first.parts()[1].port();
    EXPECT_NE(port, 0);
    auto const loopback = address("/ip4/127.0.0.1/tcp/" + std::to_string(port));
    EXPECT_NE(std::find(script.listening.begin(), script.listening.end(), loopback), script.listening.end());
}

TEST_F(AsioDriverTest, TellsWhyItCannotListenOrConnect) {
    auto const taken = listen();
    script.commands.emplace_back(ListenOn{2, taken});
    script.commands.emplace_back(ListenOn{3, address("/ip4/127.0.0.1/udp/1")});
    script.commands.emplace_back(ConnectSocket{4, address("/ip4/127.0.0.1/tcp/4001/ws")});
    script.commands.emplace_back(ConnectSocket{5, address("/ip4/127.0.0.1/tcp/1")});
    ASSERT_TRUE(run_until([&] { return script.errors.size() == 4; }));
    EXPECT_EQ(script.errors[0].code, Errc::conflict);
    EXPECT_EQ(script.errors[1].code, Errc::invalid);
    EXPECT_EQ(script.errors[2].code, Errc::invalid);
    EXPECT_EQ(script.errors[3].code, Errc::unavailable);
    EXPECT_EQ(driver->socket_count(), 0U);
}

TEST_F(AsioDriverTest, AnOrderlyCloseStillSendsWhatWasWritten) {
    connect();
    script.send(1, Bytes(256 * k_kib, 7));
    script.send(100, Bytes(1000, 9));  // unread at the closing end: it must not turn the end into a reset
    script.commands.emplace_back(CloseSocket{1, true});
    ASSERT_TRUE(run_until([&] { return !script.closed.empty(); }));
    EXPECT_EQ(script.received[100], Bytes(256 * k_kib, 7));
    EXPECT_EQ(script.closed, std::vector<SocketKey>{100});
    EXPECT_EQ(driver->socket_count(), 0U);
}

TEST_F(AsioDriverTest, AHardCloseIsToldToTheOtherEndAlone) {
    connect();
    script.commands.emplace_back(CloseSocket{100, false});
    ASSERT_TRUE(run_until([&] { return !script.closed.empty(); }));
    EXPECT_EQ(script.closed, std::vector<SocketKey>{1});
    script.send(1, Bytes(10));  // about a socket that is gone: nothing happens
    script.commands.emplace_back(CloseSocket{1, true});
    driver->run_until(in(milliseconds{20}));
    EXPECT_TRUE(script.written.empty());
}

TEST_F(AsioDriverTest, WritingToAPeerThatWentAwayEndsTheSocket) {
    connect();
    script.commands.emplace_back(CloseSocket{100, false});
    script.send(1, Bytes(256 * k_kib));
    script.send(1, Bytes(256 * k_kib));
    ASSERT_TRUE(run_until([&] { return !script.closed.empty(); }));
    EXPECT_EQ(script.closed, std::vector<SocketKey>{1});
}

TEST_F(AsioDriverTest, RefusesAConnectionWithoutAByte) {
    script.accepts = false;
    script.commands.emplace_back(ConnectSocket{1, listen()});
    ASSERT_TRUE(run_until([&] { return !script.closed.empty() || !script.errors.empty(); }));
    EXPECT_TRUE(script.received.empty());
    EXPECT_EQ(driver->socket_count(), 0U);
}

TEST_F(AsioDriverTest, StopsListening) {
    auto const at = listen();
    script.commands.emplace_back(StopListening{1});
    script.commands.emplace_back(ConnectSocket{1, at});
    ASSERT_TRUE(run_until([&] { return !script.errors.empty(); }));
    EXPECT_TRUE(script.accepted.empty());
}

TEST_F(AsioDriverTest, CallsDeadlinesWorkAndStopFromAnotherThread) {
    script.deadline = in(milliseconds{20});
    ASSERT_TRUE(run_until([&] { return script.deadlines == 1; }));
    bool is_run = false;
    std::thread other{[&] {
        driver->post([&](TimePoint) { is_run = true; });
        driver->stop();
    }};
    auto const before = std::chrono::steady_clock::now();
    driver->run_until(in(seconds{10}));
    other.join();
    EXPECT_TRUE(is_run);
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds{9});
}

TEST_F(AsioDriverTest, LooksNamesUp) {
    script.commands.emplace_back(ResolveAddress{1, address("/dns4/localhost/tcp/9")});
    ASSERT_TRUE(run_until([&] { return script.resolved.has_value(); }));
    ASSERT_TRUE(*script.resolved);
    EXPECT_EQ(script.resolved->value(), std::vector{address("/ip4/127.0.0.1/tcp/9")});
}

/// A system without descriptors costs connections that wait, not the process.
TEST_F(AsioDriverTest, SurvivesWhenTheSystemHasNoDescriptorLeft) {
    auto const at = listen();
    rlimit saved{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &saved), 0);
    auto const free_descriptor = ::dup(0);
    ::close(free_descriptor);
    rlimit few = saved;
    few.rlim_cur = static_cast<rlim_t>(free_descriptor) + 1;  // one: the dialer's
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    script.commands.emplace_back(ConnectSocket{1, at});
    script.commands.emplace_back(ConnectSocket{2, at});
    bool const has_failed = run_until([&] { return !script.errors.empty() && !script.connected.empty(); });
    driver->run_until(in(2 * k_accept_pause));
    EXPECT_TRUE(script.accepted.empty());
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &saved), 0);
    ASSERT_TRUE(has_failed);
    EXPECT_TRUE(run_until([&] { return script.accepted.size() == 1; }));
}

}  // namespace
}  // namespace ggen::p2p
