#include "p2p/basic/identify.hpp"

#include <gtest/gtest.h>

#include "codec/varint.hpp"
#include "p2p/basic/testing/test_network.hpp"
#include "p2p/identity/envelope.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::TestNetwork;

std::vector<std::string> const k_names{std::string(k_identify_protocol), std::string(k_identify_push_protocol)};

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }
Ed25519PrivateKey key_of(std::uint8_t number) { return Ed25519PrivateKey::from_seed(Bytes(32, number)).value(); }

Bytes framed(IdentifyMessage const& message) {
    Bytes out;
    for (auto const& part : encode_identify(message)) {
        auto const one = frame_message(part);
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

/// A node with identify and the id of its key, and raw peers around it.
struct Fixture {
    explicit Fixture(std::size_t piece = 1 << 20U) : network(piece) {
        network.add(1, &ours);
        network.node(0).id = peer_id_of(key_of(1).public_key());
        tell({k_names[0], k_names[1]}, {address("/ip4/127.0.0.1/tcp/4001")});
    }
    void tell(std::vector<std::string> protocols, std::vector<Multiaddr> addresses) {
        ours.on_host_changed(HostInfo{network.node(0).id, std::move(protocols), std::move(addresses)}, network.now());
        network.settle();
    }
    std::size_t add_raw(std::uint8_t number, std::string const& from = "/ip4/127.0.0.1/tcp/9") {
        auto const index = network.add(number, nullptr, k_names);
        network.node(index).id = peer_id_of(key_of(number).public_key());
        network.connect(index, 0, from);
        return index;
    }
    /// Answers the question that the node asked of raw peer `index`.
    void answer(std::size_t index, BytesView bytes) {
        auto const wire = network.node(index).is_finished.begin()->first;
        network.raw_write(index, wire, bytes);
        network.raw_finish(index, wire);
    }
    IdentifyMessage message_of(std::uint8_t number) {
        IdentifyMessage message;
        message.public_key = encode_public_key(PublicKey::from_ed25519(key_of(number).public_key()));
        message.listen_addresses = {address("/ip4/127.0.0.1/tcp/77")};
        message.protocols = k_names;
        message.agent_version = "raw";
        return message;
    }
    Conduct conduct() { return network.outputs<ReportPeer>(0).back().conduct; }

    Identify ours{key_of(1), IdentifyOptions{.record_seq = 10, .keeps_events = true}};
    TestNetwork network;
};

TEST(IdentifyTest, TwoHostsTellEachOtherWhoTheyAre) {
    for (std::size_t const piece : {1U, 7U, 100'000U}) {
        Fixture fixture{piece};
        Identify theirs{key_of(2), IdentifyOptions{.agent = "other", .keeps_events = true}};
        auto const index = fixture.network.add(2, &theirs);
        auto const id = peer_id_of(key_of(2).public_key());
        fixture.network.node(index).id = id;
        theirs.on_host_changed(HostInfo{id, {"/x", "/y"}, {address("/ip4/127.0.0.1/tcp/5")}}, fixture.network.now());
        fixture.network.connect(0, index);

        auto const identified = fixture.network.outputs<PeerIdentified>(0);
        ASSERT_EQ(identified.size(), 1U);
        EXPECT_EQ(identified[0].protocols, (std::vector<std::string>{"/x", "/y"}));
        EXPECT_EQ(identified[0].agent, "other");
        EXPECT_TRUE(open_peer_record(identified[0].signed_record));
        auto const learned = fixture.network.outputs<LearnAddresses>(0);
        ASSERT_EQ(learned.size(), 1U);
        EXPECT_TRUE(learned[0].is_certified);
        EXPECT_EQ(learned[0].addresses, std::vector{address("/ip4/127.0.0.1/tcp/5")});
        auto const event = theirs.poll_event();
        ASSERT_TRUE(event);
        EXPECT_EQ(event->observed, address("/ip4/127.0.0.1/tcp/2"));
        EXPECT_EQ(fixture.ours.stream_count() + theirs.stream_count(), 0U);
    }
}

TEST(IdentifyTest, MergesSeveralMessagesAndTakesTenOfThem) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    Bytes bytes;
    for (std::size_t i = 0; i < k_identify_messages_max; ++i) {
        IdentifyMessage part;
        part.protocols = {"/p" + std::to_string(i)};
        auto const one = framed(part);
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    fixture.answer(index, bytes);
    EXPECT_EQ(fixture.network.outputs<PeerIdentified>(0).at(0).protocols.size(), k_identify_messages_max);

    auto const other = fixture.add_raw(3);
    auto const one_more = framed(IdentifyMessage{});
    bytes.insert(bytes.end(), one_more.begin(), one_more.end());
    fixture.answer(other, bytes);
    EXPECT_EQ(fixture.network.outputs<PeerIdentified>(0).size(), 1U);
    EXPECT_EQ(fixture.conduct(), Conduct::protocol_error);
}

TEST(IdentifyTest, RefusesHostileFrames) {
    Bytes const too_long = [] { Bytes out; append_uvarint(out, k_identify_accept_bytes_max + 1); return out; }();
    Bytes const cut_short{10, 1, 2};
    Bytes const endless(10, 0xff);
    Bytes const group{2, 0x0b, 0x0c};
    for (auto const& bytes : {too_long, cut_short, endless, group, Bytes{}}) {
        Fixture fixture;
        auto const index = fixture.add_raw(2);
        fixture.answer(index, bytes);
        EXPECT_TRUE(fixture.network.outputs<PeerIdentified>(0).empty());
        EXPECT_EQ(fixture.conduct(), Conduct::protocol_error);
        EXPECT_EQ(fixture.ours.stream_count(), 0U);
    }
}

TEST(IdentifyTest, BelievesOnlyThePeersOwnKeyAndRecord) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    fixture.answer(index, framed(fixture.message_of(3)));
    EXPECT_TRUE(fixture.network.outputs<PeerIdentified>(0).empty());
    EXPECT_EQ(fixture.conduct(), Conduct::invalid_data);

    auto const other = fixture.add_raw(4);
    auto message = fixture.message_of(4);
    message.signed_peer_record =
        seal_peer_record(key_of(3), PeerRecord{peer_id_of(key_of(3).public_key()), 1, {address("/ip4/1.2.3.4/tcp/5")}});
    fixture.answer(other, framed(message));
    EXPECT_EQ(fixture.conduct(), Conduct::invalid_data);
    auto const learned = fixture.network.outputs<LearnAddresses>(0);
    ASSERT_EQ(learned.size(), 1U);
    EXPECT_FALSE(learned[0].is_certified);
    EXPECT_EQ(learned[0].addresses, message.listen_addresses);
}

TEST(IdentifyTest, DropsARecordThatIsNotNewer) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    auto message = fixture.message_of(2);
    auto const self = peer_id_of(key_of(2).public_key());
    message.signed_peer_record = seal_peer_record(key_of(2), PeerRecord{self, 5, {address("/ip4/1.2.3.4/tcp/5")}});
    fixture.answer(index, framed(message));
    for (std::uint64_t const seq : {5U, 4U, 6U}) {
        message.signed_peer_record =
            seal_peer_record(key_of(2), PeerRecord{self, seq, {address("/ip4/1.2.3.4/tcp/6")}});
        auto const wire = fixture.network.raw_open(index, 0, k_names[1]);
        fixture.network.raw_write(index, wire, framed(message));
        fixture.network.raw_finish(index, wire);
        EXPECT_EQ(fixture.network.outputs<LearnAddresses>(0).size(), seq == 6 ? 2U : 1U);
    }
}

TEST(IdentifyTest, LeavesOutAddressesThatMakeNoSense) {
    Fixture fixture;
    auto const index = fixture.add_raw(2, "/ip4/192.0.2.9/tcp/9");
    auto message = fixture.message_of(2);
    auto const self = peer_id_of(key_of(2).public_key()).text();
    auto const other = peer_id_of(key_of(3).public_key()).text();
    message.listen_addresses = {address("/ip4/127.0.0.1/tcp/1"), address("/ip6/::1/tcp/1"),
                                address("/ip4/192.0.2.9/tcp/1/p2p/" + other),
                                address("/ip4/192.0.2.9/tcp/1/p2p/" + self)};
    fixture.answer(index, framed(message));
    EXPECT_EQ(fixture.network.outputs<LearnAddresses>(0).at(0).addresses,
              std::vector{address("/ip4/192.0.2.9/tcp/1")});
}

TEST(IdentifyTest, PushesChangesOnceToThoseWhoTakePushes) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    auto const silent = fixture.add_raw(3);
    fixture.answer(index, framed(fixture.message_of(2)));
    auto message = fixture.message_of(3);
    message.protocols = {"/other"};
    fixture.answer(silent, framed(message));
    auto const before = fixture.network.node(silent).is_finished.size();

    fixture.tell({"/new"}, {address("/ip4/127.0.0.1/tcp/4001")});
    fixture.tell({"/new", "/newer"}, {address("/ip4/127.0.0.1/tcp/4001")});
    fixture.network.advance(k_identify_push_delay);

    auto& raw = fixture.network.node(index);
    ASSERT_EQ(raw.received.size(), 1U);
    MessageReader reader{k_identify_accept_bytes_max};
    reader.feed(raw.received.begin()->second);
    IdentifyMessage pushed;
    ASSERT_TRUE(merge_identify(**reader.next(), pushed));
    EXPECT_EQ(pushed.protocols, (std::vector<std::string>{"/new", "/newer"}));
    EXPECT_EQ(open_peer_record(*pushed.signed_peer_record)->seq, 12U);
    EXPECT_EQ(fixture.network.node(silent).is_finished.size(), before);

    fixture.tell({"/new", "/newer"}, {address("/ip4/127.0.0.1/tcp/4001")});
    fixture.network.advance(seconds{1});
    EXPECT_EQ(raw.received.size(), 1U);
}

TEST(IdentifyTest, APushThatNamesNoProtocolsLeavesThem) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    fixture.answer(index, framed(fixture.message_of(2)));
    auto const wire = fixture.network.raw_open(index, 0, k_names[1]);
    IdentifyMessage push;
    push.listen_addresses = {address("/ip4/127.0.0.1/tcp/78")};
    fixture.network.raw_write(index, wire, framed(push));
    fixture.network.raw_finish(index, wire);
    EXPECT_EQ(fixture.network.outputs<PeerIdentified>(0).back().protocols, k_names);
    EXPECT_EQ(fixture.network.outputs<LearnAddresses>(0).back().addresses, push.listen_addresses);
}

TEST(IdentifyTest, AnswersABurstOfTenThenOneInFiveSeconds) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    auto& raw = fixture.network.node(index);
    auto const ask = [&] {
        auto const wire = fixture.network.raw_open(index, 0, k_names[0]);
        fixture.network.raw_finish(index, wire);
        return !raw.is_reset[wire] && !raw.received[wire].empty();
    };
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(ask());
    EXPECT_FALSE(ask());
    EXPECT_EQ(fixture.conduct(), Conduct::overload);
    fixture.network.advance(seconds{5});
    EXPECT_TRUE(ask());
    EXPECT_FALSE(ask());
}

TEST(IdentifyTest, HoldsFourStreamsOfAPeerAndLetsThemGoInTime) {
    Fixture fixture;
    auto const index = fixture.add_raw(2);
    fixture.answer(index, framed(fixture.message_of(2)));
    auto& raw = fixture.network.node(index);
    for (std::size_t i = 0; i < k_identify_streams_per_peer_max; ++i) {
        EXPECT_FALSE(raw.is_reset[fixture.network.raw_open(index, 0, k_names[1])]);
    }
    EXPECT_TRUE(raw.is_reset[fixture.network.raw_open(index, 0, k_names[1])]);
    fixture.network.advance(k_identify_timeout - milliseconds{1});
    EXPECT_EQ(fixture.ours.stream_count(), k_identify_streams_per_peer_max);
    fixture.network.advance(milliseconds{1});
    EXPECT_EQ(fixture.ours.stream_count(), 0U);
    EXPECT_EQ(fixture.conduct(), Conduct::timeout);
}

TEST(IdentifyTest, ConfirmsAnAddressWhenFourNetworksAgree) {
    Fixture fixture;
    auto const seen = address("/ip4/203.0.113.5/tcp/4001");
    auto const tell = [&](std::uint8_t number, std::string const& from) {
        auto const index = fixture.add_raw(number, from);
        auto message = fixture.message_of(number);
        message.observed_address = seen;
        fixture.answer(index, framed(message));
        return fixture.network.outputs<ConfirmAddress>(0).size();
    };
    EXPECT_EQ(tell(2, "/ip4/192.0.2.1/tcp/1"), 0U);
    EXPECT_EQ(tell(3, "/ip4/192.0.9.2/tcp/1"), 0U);  // same /16
    EXPECT_EQ(tell(4, "/ip4/198.51.100.1/tcp/1"), 0U);
    EXPECT_EQ(tell(5, "/ip6/2001:db8::1/tcp/1"), 0U);
    EXPECT_EQ(tell(6, "/ip6/2001:db8:ffff::1/tcp/1"), 0U);  // same /32
    EXPECT_EQ(tell(7, "/ip4/8.8.8.8/tcp/1"), 1U);
    EXPECT_EQ(tell(8, "/ip4/9.9.9.9/tcp/1"), 1U);
    EXPECT_EQ(fixture.network.outputs<ConfirmAddress>(0)[0].address, seen);
}

TEST(ObservedAddressesTest, ForgetsOldObservationsAndStaysBounded) {
    ObservedAddresses addresses;
    TimePoint now{};
    auto const seen = address("/ip4/203.0.113.5/tcp/4001");
    EXPECT_FALSE(addresses.add(seen, address("/ip4/1.1.0.0/tcp/1"), now));
    EXPECT_FALSE(addresses.add(seen, address("/ip4/1.2.0.0/tcp/1"), now));
    EXPECT_FALSE(addresses.add(seen, address("/ip4/1.3.0.0/tcp/1"), now));
    now += k_observation_lifetime + seconds{1};
    EXPECT_FALSE(addresses.add(seen, address("/ip4/1.4.0.0/tcp/1"), now));
    for (std::uint32_t port = 1; port <= 3 * k_observed_addresses_max; ++port) {
        auto const other = address("/ip4/203.0.113.5/tcp/" + std::to_string(port));
        EXPECT_FALSE(addresses.add(other, address("/ip4/1.1.0.0/tcp/1"), now));
        EXPECT_LE(addresses.size(), k_observed_addresses_max);
    }
    EXPECT_FALSE(is_routable(address("/ip4/127.0.0.1/tcp/1")));
    EXPECT_FALSE(is_routable(address("/ip4/0.0.0.0/tcp/1")));
    EXPECT_FALSE(is_routable(address("/ip4/169.254.1.1/tcp/1")));
    EXPECT_FALSE(is_routable(address("/ip6/fe80::1/tcp/1")));
    EXPECT_FALSE(is_routable(address("/dns4/example.org/tcp/1")));
    EXPECT_TRUE(is_routable(address("/ip6/2001:db8::1/tcp/1")));
}

}  // namespace
}  // namespace ggen::p2p
