#include "net/p2p/probe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "p2p/basic/perf.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint now() { return std::chrono::steady_clock::now(); }

/// A host on its own thread that answers identify, ping and perf.
class Server {
public:
    Server() {
        for (auto* const protocol : std::initializer_list<Protocol*>{&identify_, &ping_, &perf_}) {
            swarm_.add_protocol(*protocol, now());
        }
        swarm_.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value(), now());
        driver_->set_turn_hook([&](TimePoint) {
            if (!swarm_.listen_addresses().empty()) driver_->stop();
            return false;
        });
        driver_->run_until(now() + seconds{10});
        driver_->set_turn_hook({});
        address_ = swarm_.listen_addresses().at(0);
        thread_ = std::thread{[this] { driver_->run_until(now() + seconds{60}); }};
    }
    ~Server() {
        driver_->stop();
        thread_.join();
    }
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    [[nodiscard]] Multiaddr address(std::string_view peer = {}) const {
        auto const id = peer.empty() ? peer_id_of(key_.public_key()).text() : std::string(peer);
        return Multiaddr::parse(address_->text() + "/p2p/" + id).value();
    }

private:
    SystemRandom random_;
    Ed25519PrivateKey key_ = Ed25519PrivateKey::generate(random_);
    Swarm swarm_{SwarmOptions{.identity = key_}, random_};
    Identify identify_{key_, IdentifyOptions{.agent = "server of the test"}};
    Ping ping_{1};
    Perf perf_{true};
    std::unique_ptr<AsioDriver> driver_ = AsioDriver::create(swarm_).value();
    std::optional<Multiaddr> address_;
    std::thread thread_;
};

struct ProbeTest : ::testing::Test {
    SystemRandom random;
    ProbeOptions options{.timeout = seconds{10}};
};

TEST_F(ProbeTest, PingsAPeer) {
    Server const server;
    std::uint64_t answered = 0;
    auto const report = ping_peer(
        server.address(),
        {.count = 3, .interval = milliseconds{1}, .on_answer = [&](std::uint64_t number, auto) { answered = number; }},
        options, random);
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(report->size(), 3U);
    EXPECT_EQ(answered, 3U);
}

TEST_F(ProbeTest, LearnsWhoAPeerIs) {
    Server const server;
    auto const report = identify_peer(server.address(), options, random);
    ASSERT_TRUE(report) << report.error().context;
    auto const& identity = report->identity;
    EXPECT_EQ(identity.peer, server.address().peer_id());
    EXPECT_EQ(identity.agent, "server of the test");
    EXPECT_TRUE(identity.is_certified);
    EXPECT_EQ(identity.addresses.size(), 1U);
    EXPECT_EQ(identity.protocols.size(), 4U);
    ASSERT_TRUE(identity.observed);
    EXPECT_TRUE(identity.observed->text().starts_with("/ip4/127.0.0.1/tcp/"));
}

TEST_F(ProbeTest, MeasuresTransfersOnSeveralStreams) {
    Server const server;
    auto const report = measure_peer(
        server.address(), {.upload_bytes = 3 * k_mib + 1, .download_bytes = 2 * k_mib, .streams = 4}, options, random);
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_GT(report->upload.count(), 0);
    EXPECT_GT(report->download.count(), 0);
}

TEST_F(ProbeTest, RefusesAnotherPeerThanItWasToldToFind) {
    Server const server;
    auto const other = server.address("12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
    auto const report = ping_peer(other, {.count = 1}, options, random);
    ASSERT_FALSE(report);
    EXPECT_NE(report.error().code, Errc::timed_out) << report.error().context;
}

TEST_F(ProbeTest, SaysWhyThereIsNoAnswer) {
    auto const code = [&](std::string_view address) {
        auto const report = ping_peer(Multiaddr::parse(address).value(), {.count = 1}, options, random);
        EXPECT_FALSE(report);
        return report ? Errc::internal : report.error().code;
    };
    EXPECT_EQ(code("/ip4/127.0.0.1/tcp/1"), Errc::invalid);
    EXPECT_EQ(code("/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"), Errc::invalid);
    EXPECT_EQ(code("/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"),
              Errc::unavailable);
}

TEST_F(ProbeTest, GivesUpInTimeAndWhenTheUserHasHadEnough) {
    // A listener that never says a word.
    Server const server;
    options.timeout = milliseconds{300};
    auto const before = now();
    auto const silent = ping_peer(
        Multiaddr::parse("/ip4/192.0.2.1/tcp/9/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN").value(),
        {.count = 1}, options, random);
    ASSERT_FALSE(silent);
    EXPECT_LT(now() - before, seconds{5});

    CancelToken cancel;
    cancel.cancel();
    options.cancel = &cancel;
    auto const cancelled = ping_peer(server.address(), {.count = 1}, options, random);
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace ggen::p2p
