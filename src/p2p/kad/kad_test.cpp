#include "p2p/kad/kad.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "p2p/kad/testing/bench.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Bench;
using testing::make_address;
using testing::make_id;
using testing::make_options;
using testing::provide_request;
using testing::put_request;
using testing::request;

TEST(KadServerTest, AnswersSeveralRequestsOnOneStreamInOrder) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.open(1);
    auto bytes = frame_message(encode_kad_message(request(KadMessageType::ping, {})));
    auto const second = frame_message(encode_kad_message(request(KadMessageType::find_node, make_id(5).bytes())));
    bytes.insert(bytes.end(), second.begin(), second.end());
    for (auto const byte : bytes) bench.kad.on_stream_bytes(stream, {&byte, 1}, bench.now);
    bench.take();
    auto const answers = bench.answers(stream);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].type, KadMessageType::ping);
    EXPECT_EQ(answers[1].type, KadMessageType::find_node);
    bench.kad.on_stream_finished(stream, bench.now);
    bench.take();
    EXPECT_EQ(bench.count<FinishStream>(), 1U);
    EXPECT_EQ(bench.kad.status().inbound_streams, 0U);
}

TEST(KadServerTest, AddProviderHasNoAnswerAndTakesTheSenderAlone) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.open(1);
    auto message = provide_request(as_bytes("content"), 1);
    message.providers.push_back(testing::kad_peer(make_id(2), make_address(2)));  // nobody speaks for others
    bench.send(stream, message);
    EXPECT_TRUE(bench.answers(stream).empty());
    bench.send(stream, request(KadMessageType::get_providers, as_bytes("content")));
    auto const answers = bench.answers(stream);
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_EQ(answers[0].providers.size(), 1U);
    EXPECT_EQ(answers[0].providers[0].id, make_id(1));
    bench.wait(k_kad_provider_lifetime);
    EXPECT_TRUE(bench.kad.held_providers(as_bytes("content"), bench.now).empty());
}

TEST(KadServerTest, TheEchoOfPutHasNoPeersAndABetterValueStays) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.open(1);
    auto put = put_request("/v/a", "3:three");
    put.closer.push_back(testing::kad_peer(make_id(9), make_address(9)));
    put.providers.push_back(testing::kad_peer(make_id(9), make_address(9)));
    bench.send(stream, put);
    auto answers = bench.answers(stream);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].closer.empty());
    EXPECT_TRUE(answers[0].providers.empty());
    ASSERT_TRUE(answers[0].record);
    EXPECT_EQ(answers[0].record->value, to_bytes("3:three"));
    EXPECT_EQ(answers[0].record->time_received, "2023-11-14T22:13:20Z");
    // Rollback: the older value is answered with the one that is held (P13).
    bench.send(stream, put_request("/v/a", "2:two"));
    answers = bench.answers(stream);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].record->value, to_bytes("3:three"));
    bench.send(stream, put_request("/v/a", "4:four"));
    EXPECT_EQ(bench.answers(stream)[0].record->value, to_bytes("4:four"));
    bench.wait(k_kad_record_lifetime);
    EXPECT_EQ(bench.kad.held_value(as_bytes("/v/a"), bench.now), nullptr);
}

TEST(KadServerTest, RefusesValuesThatNoValidatorTakesAndOfAnotherKey) {
    for (auto const& message : {put_request("/unknown/a", "1:x"), put_request("/v/a", "no version"),
                                put_request("v/a", "1:x"), put_request("/v", "1:x")}) {
        Bench bench;
        bench.connect(1);
        auto const stream = bench.open(1);
        bench.send(stream, message);
        EXPECT_TRUE(bench.answers(stream).empty());
        EXPECT_EQ(bench.count<ResetStream>(), 1U);
        EXPECT_EQ(bench.reported(Conduct::invalid_data), 1U);
        EXPECT_EQ(bench.kad.status().records, 0U);
    }
    Bench bench;
    bench.connect(1);
    auto foreign = put_request("/v/a", "1:x");
    foreign.key = to_bytes("/v/b");
    bench.send(bench.open(1), foreign);
    EXPECT_EQ(bench.reported(Conduct::protocol_error), 1U);
    EXPECT_EQ(bench.kad.status().records, 0U);
}

TEST(KadServerTest, ResetsAStreamOfNonsenseWithoutAnAnswer) {
    for (auto const& bytes : {Bytes{0x02, 0x08, 0x06}, Bytes{0xff, 0xff, 0xff, 0xff, 0x7f}, Bytes{0x02, 0x08, 0x04}}) {
        Bench bench;
        bench.connect(1);
        auto const stream = bench.open(1);
        bench.kad.on_stream_bytes(stream, bytes, bench.now);
        bench.take();
        EXPECT_EQ(bench.count<ResetStream>(), 1U);
        EXPECT_EQ(bench.reported(Conduct::protocol_error), 1U);
        EXPECT_EQ(bench.kad.status().inbound_streams, 0U);
        EXPECT_EQ(bench.kad.status().inbound_buffered_bytes, 0U);
    }
}

TEST(KadServerTest, TakesAsManyStreamsAsItMayAndRefusesTheNext) {
    Bench bench;
    bench.connect(1);
    for (std::size_t i = 0; i < k_kad_inbound_streams_per_peer_max; ++i) bench.open(1);
    EXPECT_EQ(bench.count<ResetStream>(), 0U);
    bench.open(1);
    EXPECT_EQ(bench.count<ResetStream>(), 1U);
    EXPECT_EQ(bench.reported(Conduct::overload), 1U);
    EXPECT_EQ(bench.kad.status().inbound_streams, k_kad_inbound_streams_per_peer_max);
    bench.wait(k_kad_idle_stream_timeout + seconds{21});
    EXPECT_EQ(bench.kad.status().inbound_streams, 0U);
}

TEST(KadServerTest, HoldsAPeerBackThatAsksTooMuchAndAnswersAllInTheEnd) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.open(1);
    constexpr std::size_t k_asked = k_kad_requests_burst + 50;
    auto const one = frame_message(encode_kad_message(request(KadMessageType::ping, {})));
    Bytes bytes;
    for (std::size_t i = 0; i < k_asked; ++i) bytes.insert(bytes.end(), one.begin(), one.end());
    bench.kad.on_stream_bytes(stream, bytes, bench.now);
    bench.take();
    EXPECT_EQ(bench.answers(stream).size(), k_kad_requests_burst);
    EXPECT_EQ(bench.count<PauseStream>(), 1U);
    EXPECT_EQ(bench.reported(Conduct::overload), 1U);
    bench.wait(seconds{2});
    EXPECT_EQ(bench.answers(stream).size(), k_asked - k_kad_requests_burst);
    EXPECT_EQ(bench.count<PauseStream>(), 2U);
}

TEST(KadServerTest, HoldsAPeerBackThatDoesNotTakeItsAnswers) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.open(1);
    std::string const large = "1:" + std::string(7000, 'x');
    bench.send(stream, put_request("/v/a", large));
    std::size_t written = 0;
    for (int i = 0; i < 60; ++i) {
        bench.send(stream, request(KadMessageType::get_value, as_bytes("/v/a")));
        for (auto const& output : bench.outputs) {
            if (auto const* write = std::get_if<WriteStream>(&output)) written += write->bytes->size();
        }
        std::erase_if(bench.outputs, [](auto const& output) { return std::holds_alternative<WriteStream>(output); });
    }
    EXPECT_LE(written, k_kad_stream_unsent_bytes_max + k_kad_message_emit_bytes_max);
    EXPECT_EQ(bench.count<PauseStream>(), 1U);
    bench.kad.on_stream_sent(stream, written, bench.now);
    bench.take();
    EXPECT_FALSE(bench.answers(stream).empty());
}

TEST(KadServerTest, AClientServesNobodyAndSaysSo) {
    auto options = make_options(0);
    options.mode = KadMode::client;
    Bench bench(std::move(options));
    EXPECT_TRUE(bench.kad.protocols().empty());
    bench.connect(1);
    bench.open(1);
    EXPECT_EQ(bench.count<ResetStream>(), 1U);
    bench.kad.set_mode(KadMode::server, bench.now);
    bench.take();
    EXPECT_EQ(bench.count<ProtocolsChanged>(), 1U);
    EXPECT_EQ(bench.kad.protocols(), std::vector<std::string>{std::string(k_kad_protocol)});
    bench.open(1);
    EXPECT_EQ(bench.kad.status().inbound_streams, 1U);
    bench.kad.set_mode(KadMode::client, bench.now);
    bench.take();
    EXPECT_EQ(bench.kad.status().inbound_streams, 0U);
    EXPECT_EQ(bench.count<ResetStream>(), 2U);
}

TEST(KadServerTest, TellsOfAConnectedClientOnlyWhenAskedForItByName) {
    Bench bench;
    bench.connect(1);
    bench.connect(2, Direction::inbound, false);
    auto const stream = bench.open(1);
    bench.send(stream, request(KadMessageType::find_node, make_id(2).bytes()));
    auto const named = bench.answers(stream);
    ASSERT_EQ(named[0].closer.size(), 1U);
    EXPECT_EQ(named[0].closer[0].id, make_id(2));
    bench.send(stream, request(KadMessageType::find_node, make_id(3).bytes()));
    EXPECT_TRUE(bench.answers(stream)[0].closer.empty());
    bench.send(stream, request(KadMessageType::find_node, make_id(1).bytes()));  // itself: nobody asks for that
    EXPECT_TRUE(bench.answers(stream)[0].closer.empty());
}

TEST(KadServerTest, GivesAStrangerNoAddressesOfThePrivateNetwork) {
    Bench bench;
    auto const local = *Multiaddr::parse("/ip4/10.0.0.5/tcp/4001");
    bench.kad.on_peer_connected({make_id(2), local, Direction::inbound}, bench.now);
    bench.kad.on_peer_addresses(make_id(2), {&local, 1}, true, bench.now);
    bench.kad.on_peer_protocols(make_id(2), {}, bench.now);
    bench.connect(1);  // from a global address
    auto const stream = bench.open(1);
    bench.send(stream, request(KadMessageType::find_node, make_id(2).bytes()));
    EXPECT_TRUE(bench.answers(stream)[0].closer.empty());
    // Nor does it take such addresses from a provider outside: they would be dialed by others (P14).
    auto message = request(KadMessageType::add_provider, as_bytes("content"));
    message.providers.push_back(testing::kad_peer(make_id(1), local));
    bench.send(stream, message);
    auto const held = bench.kad.held_providers(as_bytes("content"), bench.now);
    ASSERT_EQ(held.size(), 1U);
    EXPECT_EQ(held[0]->addresses.decode(), std::vector{make_address(1)});  // the one that identify told instead
}

TEST(KadTableTest, ProbesBeforeItAdds) {
    Bench bench;
    bench.connect(1);
    ASSERT_EQ(bench.count<OpenStream>(), 1U);
    EXPECT_EQ(bench.kad.table().size(), 0U);
    auto const stream = bench.last_opened();
    bench.kad.on_stream_opened(stream, std::string(k_kad_protocol), bench.now);
    auto answer = request(KadMessageType::find_node, make_id(0).bytes());
    bench.kad.on_stream_bytes(stream, frame_message(encode_kad_message(answer)), bench.now + milliseconds{30});
    EXPECT_EQ(bench.kad.table().size(), 1U);
    EXPECT_EQ(bench.kad.table().entries()[0].round_trip, milliseconds{30});
    bench.connect(2);
    bench.kad.on_stream_refused(bench.last_opened(), Error{Errc::refused, "x"},
                                bench.now);
    EXPECT_EQ(bench.kad.table().size(), 1U);
    bench.kad.on_peer_protocols(make_id(1), {}, bench.now);  // it turned client
    EXPECT_EQ(bench.kad.table().size(), 0U);
}

TEST(KadClientTest, APeerThatNeverAnswersFailsTheQueryInTime) {
    Bench bench;
    auto const query = bench.kad.bootstrap({testing::kad_peer(make_id(1), make_address(1))}, bench.now);
    bench.wait(k_kad_request_timeout + seconds{2});
    testing::Seen seen;
    seen.drain(bench.kad);
    ASSERT_NE(seen.end_of(query), nullptr);
    ASSERT_TRUE(seen.end_of(query)->error);
    EXPECT_EQ(seen.end_of(query)->error->code, Errc::unavailable);
    EXPECT_EQ(bench.reported(Conduct::timeout), 1U);
    EXPECT_EQ(bench.kad.status().outbound_streams, 0U);
}

TEST(KadClientTest, AnAnswerOfAnotherKindEndsTheStream) {
    Bench bench;
    bench.kad.bootstrap({testing::kad_peer(make_id(1), make_address(1))}, bench.now);
    bench.take();
    auto const opened = std::find_if(bench.outputs.begin(), bench.outputs.end(),
                                     [](auto const& output) { return std::holds_alternative<OpenStream>(output); });
    ASSERT_NE(opened, bench.outputs.end());
    auto const stream = std::get<OpenStream>(*opened).stream;
    auto const echo = frame_message(encode_kad_message(request(KadMessageType::add_provider, as_bytes("x"))));
    bench.kad.on_stream_bytes(stream, echo, bench.now);  // ipfs/specs has ADD_PROVIDER echoed: it goes by
    bench.take();
    EXPECT_EQ(bench.count<ResetStream>(), 0U);
    auto const wrong = frame_message(encode_kad_message(request(KadMessageType::get_value, as_bytes("x"))));
    bench.kad.on_stream_bytes(stream, wrong, bench.now);
    bench.take();
    EXPECT_EQ(bench.count<ResetStream>(), 1U);
    EXPECT_EQ(bench.reported(Conduct::protocol_error), 1U);
}

TEST(KadServerTest, SaysOfWhomItNamesWhetherItIsConnected) {
    Bench bench;
    bench.connect(1);
    auto const probe = bench.last_opened();
    bench.kad.on_stream_opened(probe, std::string(k_kad_protocol), bench.now);
    bench.send(probe, request(KadMessageType::find_node, make_id(0).bytes()));
    auto const stream = bench.open(3);
    auto const connection = [&] {
        bench.send(stream, request(KadMessageType::find_node, make_id(9).bytes()));
        return bench.answers(stream).at(0).closer.at(0).connection;
    };
    EXPECT_EQ(connection(), KadConnection::connected);
    bench.kad.on_peer_disconnected(make_id(1), bench.now);
    EXPECT_EQ(connection(), KadConnection::can_connect);
    bench.connect(1);
    EXPECT_EQ(connection(), KadConnection::connected);
}

TEST(KadClientTest, RefusesWhatItCannotPublish) {
    auto options = make_options(0);
    Kad kad(std::move(options));
    testing::Seen seen;
    auto const code_of = [&](QueryId query) {
        seen.drain(kad);
        return seen.end_of(query)->error->code;
    };
    EXPECT_EQ(code_of(kad.put_value(as_bytes("/unknown/a"), as_bytes("1:x"), {})), Errc::refused);
    EXPECT_EQ(code_of(kad.put_value(as_bytes("/v/a"), Bytes(k_kad_record_emit_bytes_max, '1'), {})), Errc::too_large);
    EXPECT_EQ(code_of(kad.put_value({}, as_bytes("1:x"), {})), Errc::too_large);
    EXPECT_EQ(code_of(kad.provide(as_bytes("content"), {})), Errc::unavailable);  // no address of ours
    EXPECT_EQ(code_of(kad.get_value(Bytes(k_kad_key_bytes_max + 1, 1), {})), Errc::too_large);
    EXPECT_EQ(code_of(kad.put_value(as_bytes("/v/a"), as_bytes("5:x"), {})), Errc::unavailable);  // nobody is known
    EXPECT_EQ(code_of(kad.put_value(as_bytes("/v/a"), as_bytes("4:x"), {})), Errc::conflict);
}

TEST(KadClientTest, RepublishesUntilItIsToldNotTo) {
    Bench bench;
    bench.kad.provide(as_bytes("content"), bench.now);
    bench.kad.put_value(as_bytes("/v/a"), as_bytes("1:x"), bench.now);
    EXPECT_EQ(bench.kad.status().published, 2U);
    bench.wait(k_kad_republish_interval + hours{1});
    EXPECT_NE(bench.kad.held_value(as_bytes("/v/a"), bench.now + hours{46}), nullptr);  // renewed at home, too
    bench.kad.unpublish(as_bytes("content"));
    bench.kad.unpublish(as_bytes("/v/a"));
    EXPECT_EQ(bench.kad.status().published, 0U);
    bench.wait(hours{100});
    EXPECT_EQ(bench.kad.held_value(as_bytes("/v/a"), bench.now), nullptr);
}

TEST(KadClientTest, RunsAsManyQueriesAsItMayAndRefusesTheNext) {
    Bench bench;
    bench.connect(1);
    auto const stream = bench.last_opened();
    bench.kad.on_stream_bytes(
        stream, frame_message(encode_kad_message(request(KadMessageType::find_node, as_bytes("x")))), bench.now);
    testing::Seen seen;
    for (std::size_t i = 0; i < k_kad_queries_max; ++i)
        bench.kad.get_value(as_bytes("/v/" + std::to_string(i)), bench.now);
    auto const over = bench.kad.get_value(as_bytes("/v/over"), bench.now);
    EXPECT_LE(bench.kad.status().queries, k_kad_queries_max);
    bench.wait(k_kad_query_timeout + seconds{1});
    seen.drain(bench.kad);
    ASSERT_NE(seen.end_of(over), nullptr);
    EXPECT_EQ(seen.finished.size(), k_kad_queries_max + 1);
    EXPECT_EQ(bench.kad.status().queries, 0U);
    EXPECT_EQ(bench.kad.status().requests_waiting, 0U);
}

TEST(KadClientTest, WaitsForThoseWhoAreSlowOfASuddenBeforeItSaysThatNobodyKnows) {
    Bench bench;
    auto const wanted = make_id(50);
    auto const target = kad_key_of(wanted.bytes());
    std::vector<std::pair<KadKey, StreamKey>> streams;  // by distance
    for (std::uint64_t number = 1; number <= k_kad_bucket_peers; ++number) {  // all quick so far
        bench.connect(number);
        auto const stream = bench.last_opened();
        streams.emplace_back(kad_distance(kad_key_of(make_id(number).bytes()), target), stream);
        bench.kad.on_stream_opened(stream, std::string(k_kad_protocol), bench.now);
        bench.now += milliseconds{1};
        bench.send(stream, request(KadMessageType::find_node, make_id(0).bytes()));
    }
    ASSERT_EQ(bench.kad.table().size(), k_kad_bucket_peers);
    std::sort(streams.begin(), streams.end());
    auto const query = bench.kad.find_peer(wanted, bench.now);
    auto answer = request(KadMessageType::find_node, wanted.bytes());
    // The nearest of each path is slow.
    for (std::size_t i = k_kad_paths; i < streams.size(); ++i) bench.send(streams[i].second, answer);
    bench.wait(milliseconds{300});
    answer.closer.push_back(testing::kad_peer(wanted, make_address(50)));
    bench.send(streams[0].second, answer);
    testing::Seen seen;
    seen.drain(bench.kad);
    ASSERT_NE(seen.end_of(query), nullptr);
    EXPECT_FALSE(seen.end_of(query)->error);
    EXPECT_EQ(seen.peers.size(), 1U);
}

TEST(KadMemoryTest, EverythingReturnsAfterStrangersHaveLeft) {
    Bench bench;
    for (std::uint64_t i = 1; i <= 2000; ++i) {
        bench.connect(i, Direction::inbound, i % 2 == 0);
        auto const stream = bench.open(i);
        bench.send(stream, request(KadMessageType::find_node, make_id(i + 1).bytes()));
        bench.send(stream, provide_request(as_bytes("key " + std::to_string(i % 300)), i));
        bench.kad.on_stream_bytes(stream, Bytes{0x7f, 0x08}, bench.now);  // a message that never becomes whole
        for (auto const& output : bench.outputs) {
            if (auto const* opened = std::get_if<OpenStream>(&output)) {
                bench.kad.on_stream_refused(opened->stream, Error{Errc::unavailable, "gone"}, bench.now);
            }
        }
        bench.outputs.clear();
        bench.kad.on_stream_reset(stream, bench.now);
        bench.kad.on_peer_disconnected(make_id(i), bench.now);
        bench.take();
    }
    auto const status = bench.kad.status();
    EXPECT_EQ(status.connected_peers, 0U);
    EXPECT_EQ(status.inbound_streams, 0U);
    EXPECT_EQ(status.inbound_buffered_bytes, 0U);
    EXPECT_EQ(status.requests_waiting, 0U);
    EXPECT_EQ(status.outbound_streams, 0U);
    EXPECT_EQ(status.table_peers, 0U);
    EXPECT_GT(status.providers, 0U);
    bench.wait(k_kad_provider_lifetime + hours{1});
    EXPECT_EQ(bench.kad.status().providers, 0U);
    EXPECT_EQ(bench.kad.status().provider_keys, 0U);
}

TEST(KadTest, NeitherAsksNorKeepsNorNamesWhoIsNotWelcome) {
    std::set<PeerId> unwelcome{make_id(2)};
    auto options = make_options(0);
    options.is_welcome = [&](PeerId const& peer, TimePoint) { return !unwelcome.contains(peer); };
    Bench bench(std::move(options));
    // Both are asked who they are before they come into the table: the one that is not welcome is not.
    bench.connect(1);
    auto const probe = bench.last_opened();
    ASSERT_NE(probe, 0U);
    bench.kad.on_stream_opened(probe, std::string(k_kad_protocol), bench.now);
    bench.send(probe, request(KadMessageType::find_node, make_id(0).bytes()));
    ASSERT_EQ(bench.kad.table().size(), 1U);
    bench.connect(2);
    EXPECT_EQ(bench.last_opened(), probe);

    auto const stream = bench.open(3);
    bench.send(stream, request(KadMessageType::find_node, make_id(9).bytes()));
    auto named = bench.answers(stream);
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named[0].closer.size(), 1U);

    unwelcome.insert(make_id(1));
    bench.send(stream, request(KadMessageType::find_node, make_id(9).bytes()));
    named = bench.answers(stream);
    ASSERT_EQ(named.size(), 1U);
    EXPECT_TRUE(named[0].closer.empty());
    bench.kad.on_peer_disconnected(make_id(1), bench.now);
    EXPECT_EQ(bench.kad.table().size(), 0U);
    auto const query = bench.kad.closest_peers(to_bytes("key"), bench.now);
    bench.take();
    EXPECT_EQ(bench.last_opened(), probe);  // nobody is left to ask
    (void)query;
}

}  // namespace
}  // namespace ggen::p2p
