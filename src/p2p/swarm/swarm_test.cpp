#include "p2p/swarm/swarm.hpp"

#include <gtest/gtest.h>

#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::address_of;
using testing::ScriptProtocol;
using testing::VirtualNet;

constexpr milliseconds k_latency{50};

class SwarmTest : public ::testing::Test {
protected:
    SwarmTest() {
        a_.swarm->add_protocol(ask_, net_.now);
        b_.swarm->add_protocol(echo_, net_.now);
        net_.listen(b_);
    }
    StreamKey ask(std::string_view text, std::vector<std::string> protocols = {"/echo/1"}) {
        auto const key = ask_.ask(b_.id, {b_.address}, text, std::move(protocols));
        net_.settle(a_);
        return key;
    }
    void connect() {
        ask_.say(ConnectPeer{b_.id, {b_.address}});
        net_.settle(a_);
        net_.run_for(4 * 2 * k_latency);
    }
    void tell_protocols(std::vector<std::string> protocols) {
        ask_.say(PeerIdentified{b_.id, std::move(protocols), "", {}});
        net_.settle(a_);
    }

    VirtualNet net_{k_latency};
    VirtualNet::Node& a_ = net_.add("/ip4/192.0.2.1/tcp/4001");
    VirtualNet::Node& b_ = net_.add("/ip4/198.51.100.2/tcp/4001");
    ScriptProtocol ask_{{"/ask/1"}};
    ScriptProtocol echo_{{"/echo/1", "/old/1"}, true};
};

TEST_F(SwarmTest, HasTheFirstAnsweredByteThreeRoundTripsAfterTheDial) {
    auto const start = net_.now;
    auto const key = ask("question");

    net_.run_for(seconds{5});

    EXPECT_EQ(ask_.texts[key], "question");
    EXPECT_EQ(ask_.last_time - start, 3 * 2 * k_latency);
}

TEST_F(SwarmTest, HasItsAnswerAfterOneRoundTripOnceConnected) {
    connect();
    auto const start = net_.now;
    auto const key = ask("question");
    net_.run_for(seconds{5});
    EXPECT_EQ(ask_.texts[key], "question");
    EXPECT_EQ(ask_.last_time - start, 2 * k_latency);
}

TEST_F(SwarmTest, WaitsForTheAnswerWhenThePeerMayDeclineTheFirstOfSeveral) {
    connect();
    auto const start = net_.now;
    auto const key = ask("question", {"/new/2", "/old/1"});
    net_.run_for(seconds{5});
    EXPECT_EQ(ask_.texts[key], "question");
    EXPECT_EQ(ask_.last_time - start, 3 * 2 * k_latency);
}

TEST_F(SwarmTest, ProposesLazilyWhatIdentifyTold) {
    connect();
    tell_protocols({"/echo/1", "/old/1"});
    auto const start = net_.now;
    auto const key = ask("question", {"/new/2", "/old/1"});
    net_.run_for(seconds{5});
    EXPECT_EQ(ask_.texts[key], "question");
    EXPECT_EQ(ask_.count("opened 1 /old/1"), 1U);
    EXPECT_EQ(ask_.last_time - start, 2 * k_latency);
}

TEST_F(SwarmTest, WritesAgainWhenThePeerNoLongerSpeaksWhatItTold) {
    connect();
    tell_protocols({"/new/2"});
    auto const key = ask("question", {"/new/2", "/old/1"});
    net_.run_for(seconds{5});
    EXPECT_EQ(ask_.texts[key], "question");
    EXPECT_EQ(ask_.count("opened"), 1U);
    EXPECT_EQ(ask_.sent[key], 8U);
    EXPECT_EQ(echo_.received_bytes, 8U);
}

TEST_F(SwarmTest, TellsOfAPeerBeforeItsStreamsAndOfTheirEndBeforeItsOwn) {
    ask("hello");
    net_.run_for(seconds{1});
    a_.swarm->disconnect(b_.id, net_.now);
    net_.settle(a_);
    net_.run_for(seconds{1});

    auto const id_a = a_.id.text();
    EXPECT_EQ(ask_.log, (std::vector<std::string>{"connected " + b_.id.text() + " out", "opened 1 /echo/1", "reset 1",
                                                  "disconnected " + b_.id.text()}));
    EXPECT_EQ(echo_.log, (std::vector<std::string>{"connected " + id_a + " in", "inbound 2 /echo/1", "reset 2",
                                                   "disconnected " + id_a}));
}

TEST_F(SwarmTest, RefusesAStreamOfAProtocolThatThePeerHasNot) {
    ask("x", {"/none/1"});
    ask("x", {"/none/1", "/none/2"});
    net_.run_for(seconds{2});
    EXPECT_EQ(ask_.count("refused 1 refused") + ask_.count("refused 3 refused"), 2U);
    EXPECT_EQ(a_.swarm->usage().streams, 0U);
}

TEST_F(SwarmTest, RefusesAStreamToAPeerThatIsNotConnectedAndMayNotBeDialed) {
    ask_.say(OpenStream{101, b_.id, {"/echo/1"}, {b_.address}, false});
    net_.settle(a_);
    EXPECT_EQ(ask_.count("refused 101 not_found"), 1U);
    EXPECT_EQ(a_.connects, 0U);
}

TEST_F(SwarmTest, RefusesToDialItself) {
    ask_.say(ConnectPeer{a_.id, {b_.address}});
    net_.settle(a_);
    EXPECT_EQ(ask_.count("dial failed refused"), 1U);
}

TEST_F(SwarmTest, SaysWhenNoAddressIsKnownAndWhenNoneAnswers) {
    ask_.say(ConnectPeer{b_.id, {}});
    net_.settle(a_);
    EXPECT_EQ(ask_.count("dial failed not_found"), 1U);
    ask_.say(ConnectPeer{b_.id, {address_of("/ip4/198.51.100.77/tcp/1")}});
    net_.settle(a_);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("dial failed unavailable"), 1U);
    EXPECT_EQ(a_.swarm->usage().dials, 0U);
}

TEST_F(SwarmTest, GivesUpAnAddressAfterTenSeconds) {
    net_.make_dead("/ip4/198.51.100.77/tcp/1");
    auto const start = net_.now;
    ask_.say(ConnectPeer{b_.id, {address_of("/ip4/198.51.100.77/tcp/1")}});
    net_.settle(a_);
    net_.run_for(seconds{20});
    EXPECT_EQ(ask_.count("dial failed timed_out"), 1U);
    EXPECT_EQ(ask_.last_time - start, k_dial_timeout);
}

TEST_F(SwarmTest, RefusesAnotherPeerThanTheDialedOne) {
    auto const other = peer_id_of(testing::node_key(77).public_key());
    ask_.say(ConnectPeer{other, {b_.address}});
    net_.settle(a_);
    net_.run_for(seconds{2});
    EXPECT_EQ(ask_.count("dial failed refused"), 1U);
    EXPECT_EQ(echo_.count("connected"), 0U);
    EXPECT_EQ(b_.swarm->usage().handshakes + b_.swarm->usage().connections, 0U);
}

TEST_F(SwarmTest, MovesMuchDataWithBoundedQueues) {
    echo_.keeps_text = false;
    ask_.keeps_text = false;
    auto const key = ask(std::string(k_stream_unsent_bytes_max, 'x'));
    std::size_t written = k_stream_unsent_bytes_max;
    for (int i = 0; i < 80; ++i) {
        net_.run_for(milliseconds{50});
        auto const room = k_stream_unsent_bytes_max - (written - ask_.sent[key]);
        if (room == 0) continue;
        ask_.send(key, std::string(room, 'y'));
        net_.settle(a_);
        written += room;
    }
    net_.run_for(seconds{30});
    EXPECT_GT(written, 4 * k_mib);
    EXPECT_EQ(ask_.received_bytes, written);
    EXPECT_EQ(ask_.sent[key], written);
    EXPECT_EQ(a_.swarm->usage().window_bytes, b_.swarm->usage().window_bytes);
}

TEST_F(SwarmTest, ResetsAStreamThatItsProtocolOverfills) {
    auto const key = ask(std::string(k_stream_unsent_bytes_max, 'x'));
    EXPECT_EQ(ask_.count("reset"), 0U);
    ask_.send(key, "y");
    net_.settle(a_);
    EXPECT_EQ(ask_.count("reset"), 1U);
    net_.run_for(seconds{2});
    EXPECT_EQ(a_.swarm->usage().streams + b_.swarm->usage().streams, 0U);
}

TEST_F(SwarmTest, HoldsAPeerBackWhileAStreamIsPaused) {
    echo_.is_echo = false;
    echo_.pauses = true;
    ask_.keeps_text = false;
    auto const key = ask("first");
    net_.run_for(seconds{1});
    for (int i = 0; i < 20; ++i) {
        if (ask_.sent[key] == 5 + 100'000 * static_cast<std::size_t>(i)) ask_.send(key, std::string(100'000, 'x'));
        net_.settle(a_);
        net_.run_for(milliseconds{200});
    }
    EXPECT_EQ(echo_.received_bytes, 5U);
    EXPECT_LE(ask_.sent[key], k_yamux_window_bytes_min);

    for (int i = 0; i < 200; ++i) {
        echo_.say(PauseStream{echo_.last_stream, false});
        net_.settle(b_);
        net_.run_for(milliseconds{200});
    }
    EXPECT_EQ(echo_.received_bytes, ask_.sent[key]);
    EXPECT_GT(echo_.received_bytes, k_yamux_window_bytes_min);
}

TEST_F(SwarmTest, TellsTheEndOfAPausedStreamAfterItsBytes) {
    echo_.is_echo = false;
    echo_.pauses = true;
    auto const key = ask("one");
    net_.run_for(seconds{1});
    ask_.send(key, "two");
    ask_.say(FinishStream{key});
    net_.settle(a_);
    net_.run_for(seconds{1});
    EXPECT_EQ(echo_.count("finished"), 0U);
    for (int i = 0; i < 3; ++i) {
        echo_.say(PauseStream{echo_.last_stream, false});
        net_.settle(b_);
    }
    EXPECT_EQ(echo_.texts[echo_.last_stream], "onetwo");
    EXPECT_EQ(echo_.count("finished"), 1U);
}

TEST_F(SwarmTest, ForgetsAStreamThatBothFinished) {
    auto const key = ask("all");
    ask_.say(FinishStream{key});
    net_.settle(a_);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.texts[key], "all");
    EXPECT_EQ(ask_.count("finished 1"), 1U);
    EXPECT_EQ(a_.swarm->usage().streams + b_.swarm->usage().streams, 0U);
}

TEST_F(SwarmTest, ListensForChangedProtocolsAndTellsSo) {
    connect();
    ASSERT_EQ(ask_.host.size(), 1U);
    EXPECT_EQ(ask_.host[0].protocols, (std::vector<std::string>{"/ask/1"}));
    echo_.rename({"/late/1"});
    net_.settle(b_);
    EXPECT_EQ(echo_.host[0].protocols, (std::vector<std::string>{"/late/1"}));
    EXPECT_EQ(echo_.host[0].addresses, (std::vector{b_.address}));
    ask("x", {"/late/1"});
    ask("x", {"/echo/1"});
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("opened 1"), 1U);
    EXPECT_EQ(ask_.count("refused 3 refused"), 1U);
}

TEST_F(SwarmTest, AnnouncesConfirmedAddressesUpToTheirLimit) {
    for (std::size_t i = 0; i <= k_confirmed_addresses_max; ++i) {
        echo_.say(ConfirmAddress{address_of("/ip4/203.0.113.1/tcp/" + std::to_string(1000 + i))});
    }
    net_.settle(b_);
    EXPECT_EQ(echo_.host[0].addresses.size(), 1 + k_confirmed_addresses_max);
}

TEST_F(SwarmTest, TellsProtocolsWhatIdentifyLearned) {
    connect();
    ask_.say(LearnAddresses{b_.id, {b_.address}, false});
    tell_protocols({"/echo/1", "/x/1"});
    EXPECT_EQ(ask_.count("addresses 1") + ask_.count("protocols 2"), 2U);
}

TEST_F(SwarmTest, ClosesAConnectionThatIsIdleUnlessItHasAValue) {
    connect();
    net_.run_for(k_idle_timeout - seconds{1});
    EXPECT_EQ(ask_.count("disconnected"), 0U);
    ask_.say(ValuePeer{b_.id, 1});
    echo_.say(ValuePeer{a_.id, 1});
    net_.settle(a_);
    net_.settle(b_);
    net_.run_for(3 * k_idle_timeout);
    EXPECT_EQ(ask_.count("disconnected"), 0U);
    ask_.say(ValuePeer{b_.id, 0});
    net_.settle(a_);
    net_.run_for(k_idle_timeout + seconds{1});
    EXPECT_EQ(ask_.count("disconnected") + echo_.count("disconnected"), 2U);
}

TEST_F(SwarmTest, EndsAConnectionWhosePeerIsSilent) {
    connect();
    auto const start = net_.now;
    // The other end is gone without a word: nothing of what it says arrives.
    b_.swarm = std::make_unique<Swarm>(SwarmOptions{testing::node_key(2)}, *b_.random);
    net_.run_for(seconds{60});
    EXPECT_EQ(ask_.count("disconnected"), 1U);
    EXPECT_GT(net_.now, start);
}

TEST_F(SwarmTest, SaysFarewellWhenItShutsDown) {
    ask("hello");
    net_.run_for(seconds{1});
    b_.swarm->shut_down(net_.now);
    net_.settle(b_);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("disconnected"), 1U);
    EXPECT_EQ(b_.swarm->usage().connections, 0U);
    ask_.say(ConnectPeer{b_.id, {b_.address}});
    net_.settle(a_);
    net_.run_for(seconds{1});
    EXPECT_EQ(ask_.count("dial failed unavailable"), 1U);
}

}  // namespace
}  // namespace ggen::p2p
