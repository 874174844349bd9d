// Single objects, questions to many, and the serving side with askers that do not behave.
#include "p2p/exchange/exchange.hpp"

#include <gtest/gtest.h>

#include "p2p/exchange/content_server.hpp"
#include "p2p/exchange/chunk_spread.hpp"
#include "p2p/exchange/testing/exchange_fixture.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ExchangeNet;
using testing::Malice;
using testing::random_bytes;
using testing::Shelf;
using testing::VirtualPeers;

LogId log_of(char const* name) { return sha256(as_bytes(name)); }

ObjectRequest object(LogId const& log, std::string path, std::uint64_t bytes_max = 64 * k_kib) {
    return {log, std::move(path), 0, bytes_max};
}

TEST(ExchangeTest, FilesOfALogComeByTheirPathsFromWhoeverHasThem) {
    ExchangeNet net;
    auto const node = net.add_honest();
    auto const log = log_of("a");
    net.shelf_of[node]->add(log, "checkpoint", to_bytes("a checkpoint"));
    net.shelf_of[node]->add(log, "tile/entries/000", random_bytes(300'000, 1));
    auto const get = [&](ObjectRequest const& request) {
        return net.finish_object(net.asker.fetch(VirtualPeers::provider(node), request, net.net.now()));
    };
    EXPECT_EQ(get(object(log, "checkpoint")).value(), to_bytes("a checkpoint"));
    EXPECT_EQ(get(object(log, "tile/entries/000", k_mib)).value(), random_bytes(300'000, 1));
    EXPECT_EQ(get({log, "tile/entries/000", 299'990, 100}).value().size(), 10U);
    EXPECT_EQ(get(object(log_of("b"), "checkpoint")).error().code, Errc::not_found);
    EXPECT_EQ(get(object(log, "root/1")).error().code, Errc::not_found);
    EXPECT_EQ(get(object(log, "tile/entries/000")).error().code, Errc::too_large);
    EXPECT_EQ(get({log, "checkpoint", 12, 100}).error().code, Errc::not_found);
    EXPECT_EQ(net.net.streams(node), 1U);  // one stream for all
}

TEST(ExchangeTest, WhatIsNoPathIsNotEvenAsked) {
    ExchangeNet net;
    auto const node = net.add_honest();
    auto const get = [&](ObjectRequest const& request) {
        return net.finish_object(net.asker.fetch(VirtualPeers::provider(node), request, net.net.now())).error().code;
    };
    EXPECT_EQ(get(object(log_of("a"), "../etc/passwd")), Errc::invalid);
    EXPECT_EQ(get(object(log_of("a"), "checkpoint", k_exchange_object_bytes_max + 1)), Errc::too_large);
    EXPECT_EQ(get(object(log_of("a"), "checkpoint", 0)), Errc::invalid);
    EXPECT_EQ(get({std::nullopt, "checkpoint", 0, 100}), Errc::invalid);
    EXPECT_EQ(net.shelf_of[node]->opened, 0U);
}

TEST(ExchangeTest, ASilentAndAnAbsentPeerEndInTime) {
    ExchangeNet net;
    auto const silent = net.add_hostile(Malice::stalls, std::make_shared<Bytes const>(100, std::uint8_t{1}));
    auto const absent = net.add_honest();
    net.net.silence(absent);
    for (auto const node : {silent, absent}) {
        auto const start = net.net.now();
        auto const id = net.asker.fetch(VirtualPeers::provider(node), object(log_of("a"), "checkpoint"), start);
        EXPECT_FALSE(net.finish_object(id));
        EXPECT_LE(net.net.now() - start, seconds{11});
    }
    EXPECT_EQ(net.net.reports(silent).at(Conduct::timeout), 1U);
}

TEST(ExchangeTest, FetchesUnderWayAreLimited) {
    ExchangeNet net;
    std::vector<VirtualPeers::Node> nodes;
    for (std::size_t i = 0; i <= k_exchange_fetches_max / k_exchange_requests_per_peer_max; ++i) {
        nodes.push_back(net.add_honest());
    }
    for (std::size_t i = 0; i < k_exchange_fetches_max; ++i) {
        auto const node = nodes[i / k_exchange_requests_per_peer_max];
        (void)net.asker.fetch(VirtualPeers::provider(node), object(log_of("a"), "checkpoint"), net.net.now());
    }
    EXPECT_EQ(net.asker.status().fetches, k_exchange_fetches_max);
    auto const last = VirtualPeers::provider(nodes.back());
    auto const id = net.asker.fetch(last, object(log_of("a"), "checkpoint"), net.net.now());
    EXPECT_EQ(net.finish_object(id).error().code, Errc::too_large);
    net.net.run_for(seconds{30});
    EXPECT_EQ(net.asker.status().fetches, 0U);
}

TEST(ExchangeTest, RequestsToOnePeerAreLimited) {
    ExchangeNet net;
    auto const node = net.add_honest();
    FetchId last = 0;
    for (std::size_t i = 0; i <= k_exchange_requests_per_peer_max; ++i) {
        last = net.asker.fetch(VirtualPeers::provider(node), object(log_of("a"), "checkpoint"), net.net.now());
    }
    EXPECT_EQ(net.finish_object(last).error().code, Errc::too_large);
    EXPECT_EQ(net.asker.status().fetches, k_exchange_requests_per_peer_max);
}

TEST(QuestionTest, TheRightAnswerIsFoundAmongLies) {
    ExchangeNet net;
    auto const blob = std::make_shared<Bytes const>(random_bytes(1000, 1));
    ObjectQuestion question;
    question.object = object(log_of("a"), "checkpoint", 1000);
    for (std::size_t i = 0; i < 30; ++i) {
        auto const node = net.add_hostile(static_cast<Malice>(i % testing::k_malices), blob, 10 * k_mib);
        question.providers.push_back(VirtualPeers::provider(node));
    }
    auto const honest = net.add_honest();
    net.shelf_of[honest]->add(log_of("a"), "checkpoint", to_bytes("right"));
    question.providers.push_back(VirtualPeers::provider(honest));
    question.deadline = net.net.now() + seconds{60};
    auto const id = net.asker.ask(std::move(question), net.net.now());
    net.net.pump(0);
    std::size_t lies = 0;
    for (bool is_found = false; !is_found;) {
        ASSERT_TRUE(net.net.run_while_not([&] { net.drain(); return !net.offers.empty(); }, seconds{60}));
        ASSERT_EQ(net.offers.size(), 1U);  // one at a time
        auto const offer = net.offers.front();
        net.offers.clear();
        is_found = offer.bytes == to_bytes("right");
        if (is_found) {
            EXPECT_EQ(offer.peer, VirtualPeers::peer(honest));
            net.asker.accept(id, net.net.now());
        } else {
            ++lies;
            net.asker.reject(id, AnswerFault::lie, net.net.now());
            EXPECT_TRUE(net.ledger.is_banned(offer.peer, net.net.now()));
        }
        net.net.pump(0);
    }
    EXPECT_EQ(net.asker.status().questions, 0U);
    EXPECT_EQ(net.asker.status().outbound_requests, 0U);
    EXPECT_FALSE(net.ledger.is_banned(VirtualPeers::peer(honest), net.net.now()));
    EXPECT_LE(lies, 30U);
}

TEST(QuestionTest, ItFailsCleanlyWhenNobodyIsRight) {
    ExchangeNet net;
    ObjectQuestion question;
    question.object = object(log_of("a"), "checkpoint");
    question.providers = {VirtualPeers::provider(net.add_honest())};
    question.deadline = net.net.now() + seconds{60};
    auto const start = net.net.now();
    auto const id = net.asker.ask(question, net.net.now());
    net.net.pump(0);
    ASSERT_TRUE(net.net.run_while_not([&] { net.drain(); return net.failures.contains(id); }, seconds{70}));
    EXPECT_EQ(net.failures.at(id).code, Errc::not_found) << net.failures.at(id).context;
    EXPECT_LE(net.net.now() - start, seconds{15});

    question.providers = {VirtualPeers::provider(net.add_hostile(Malice::stalls, std::make_shared<Bytes const>()))};
    question.deadline = net.net.now() + seconds{20};
    auto const second = net.asker.ask(question, net.net.now());
    net.net.pump(0);
    ASSERT_TRUE(net.net.run_while_not([&] { net.drain(); return net.failures.contains(second); }, seconds{21}));
    EXPECT_EQ(net.failures.at(second).code, Errc::timed_out);
}

/// A server alone, and an asker that the test plays byte by byte.
class ServerTest : public ::testing::Test {
protected:
    struct Sink final : Outbox {
        void put_output(ProtocolOutput output) override { outputs.push_back(std::move(output)); }
        [[nodiscard]] StreamKey new_stream() override { return 1; }
        std::vector<ProtocolOutput> outputs;
    };
    template <class T>
    [[nodiscard]] std::size_t count() const {
        std::size_t found = 0;
        for (auto const& output : outbox.outputs) found += std::holds_alternative<T>(output) ? 1 : 0;
        return found;
    }
    [[nodiscard]] std::size_t written() const {
        std::size_t bytes = 0;
        for (auto const& output : outbox.outputs) {
            if (auto const* const write = std::get_if<WriteStream>(&output)) bytes += write->bytes->size();
        }
        return bytes;
    }
    void ask(StreamKey stream, ExchangeRequest const& request) {
        server.on_bytes(stream, frame_message(encode_exchange_request(request)), now);
    }
    [[nodiscard]] ExchangeRequest blob_request(std::uint64_t length = k_exchange_range_bytes_max) const {
        return {std::nullopt, exchange_path(ObjectKind::blob, digest), 0, length};
    }

    TimePoint now{std::chrono::hours{1000}};
    Shelf shelf;
    Digest digest = shelf.add_blob(std::make_shared<Bytes const>(random_bytes(3 * k_mib, 2)));
    Ledger ledger;
    Sink outbox;
    ContentServer server{outbox, ledger, &shelf, [](Digest const&) { return std::optional<PartialBlob>{}; },
                         [](Digest const&, PeerId const&) {}};
};

TEST_F(ServerTest, WhoDoesNotTakeItsAnswersGetsNoMoreThanTheLimit) {
    server.on_stream(2, VirtualPeers::peer(1), now);
    for (int i = 0; i < 4; ++i) ask(2, blob_request());
    EXPECT_LE(written(), k_exchange_stream_unsent_bytes_max + k_exchange_piece_bytes);
    auto const before = written();
    server.on_sent(2, k_exchange_piece_bytes, now);
    EXPECT_GT(written(), before);
    EXPECT_LE(server.unsent_bytes(), k_exchange_stream_unsent_bytes_max + k_exchange_piece_bytes);
}

TEST_F(ServerTest, AllStreamsTogetherHaveALimitAndKnownPeersComeFirst) {
    for (StreamKey stream = 2; stream <= 100; stream += 2) {
        auto const peer = VirtualPeers::peer(static_cast<VirtualPeers::Node>(stream));
        if (stream == 100) ledger.on_useful_bytes(peer, 20 * k_mib, seconds{1}, now);
        server.on_stream(stream, peer, now);
        ask(stream, blob_request());
    }
    EXPECT_LE(server.unsent_bytes(), k_exchange_unsent_bytes_max + k_exchange_piece_bytes);
    outbox.outputs.clear();
    for (int i = 0; i < 20; ++i) server.on_sent(2, k_exchange_piece_bytes, now);
    std::size_t of_known = 0;
    for (auto const& output : outbox.outputs) {
        auto const* const write = std::get_if<WriteStream>(&output);
        if (write != nullptr && write->stream == 100) of_known += write->bytes->size();
    }
    EXPECT_GT(of_known, 0U);
}

TEST_F(ServerTest, AMalformedRequestEndsTheStream) {
    auto const text = frame_message(as_bytes("GET / HTTP/1.1"));
    for (auto const& bytes : {text, Bytes(20, 0xff), frame_message(Bytes(k_exchange_request_bytes_max + 1, 0))}) {
        outbox.outputs.clear();
        server.on_stream(2, VirtualPeers::peer(1), now);
        server.on_bytes(2, bytes, now);
        EXPECT_EQ(count<ResetStream>(), 1U);
        EXPECT_EQ(count<ReportPeer>(), 1U);
        EXPECT_EQ(server.stream_count(), 0U);
    }
    // A path that leaves the folder, an unknown one, a range too long: none reaches the provider.
    shelf.opened = 0;
    for (auto const* const path : {"../checkpoint", "tile/0/../../x", "/etc/passwd", ".writer/wal"}) {
        server.on_stream(2, VirtualPeers::peer(1), now);
        ask(2, {LogId{}, path, 0, 100});
        EXPECT_EQ(server.stream_count(), 0U) << path;
    }
    server.on_stream(2, VirtualPeers::peer(1), now);
    ask(2, blob_request(k_exchange_range_bytes_max + 1));
    EXPECT_EQ(server.stream_count(), 0U);
    EXPECT_EQ(shelf.opened, 0U);
}

TEST_F(ServerTest, StreamsOfAPeerAndOfAllAreLimited) {
    for (StreamKey stream = 2; stream <= 2 * k_exchange_inbound_streams_per_peer_max; stream += 2) {
        server.on_stream(stream, VirtualPeers::peer(1), now);
    }
    EXPECT_EQ(count<ResetStream>(), 0U);
    server.on_stream(1000, VirtualPeers::peer(1), now);
    EXPECT_EQ(count<ResetStream>(), 1U);
    for (StreamKey stream = 2000; server.stream_count() < k_exchange_inbound_streams_max; stream += 2) {
        server.on_stream(stream, VirtualPeers::peer(static_cast<VirtualPeers::Node>(stream)), now);
    }
    EXPECT_EQ(count<ResetStream>(), 1U);
    server.on_stream(9000, VirtualPeers::peer(9000), now);
    EXPECT_EQ(count<ResetStream>(), 2U);
    EXPECT_EQ(server.stream_count(), k_exchange_inbound_streams_max);
}

TEST_F(ServerTest, ManyRequestsWaitByFlowControlAndAllAreAnswered) {
    server.on_stream(2, VirtualPeers::peer(1), now);
    std::size_t const asked = k_exchange_requests_burst + 100;
    Bytes all;
    auto const one = frame_message(encode_exchange_request({LogId{}, "checkpoint", 0, 100}));
    for (std::size_t i = 0; i < asked; ++i) all.insert(all.end(), one.begin(), one.end());
    server.on_bytes(2, all, now);
    EXPECT_LT(count<WriteStream>(), asked);
    EXPECT_GE(count<PauseStream>(), 1U);
    for (int i = 0; i < 100; ++i) {
        now += milliseconds{100};
        server.on_deadline(now);
    }
    EXPECT_EQ(count<WriteStream>(), asked);
}

TEST_F(ServerTest, AChunkListIsMadeOnceAndTheBlobIsWhole) {
    server.on_stream(2, VirtualPeers::peer(1), now);
    ExchangeRequest const request{std::nullopt, exchange_path(ObjectKind::chunks, digest), 0, 1000};
    ask(2, request);
    EXPECT_EQ(written(), 0U);
    for (int i = 0; i < 10; ++i) server.on_deadline(now += milliseconds{1});
    EXPECT_GT(written(), 12U * 32U);
    EXPECT_EQ(server.list_bytes(), 12U * 32U);
    shelf.opened = 0;
    ask(2, request);
    EXPECT_EQ(shelf.opened, 0U);
    outbox.outputs.clear();
    ask(2, {std::nullopt, exchange_path(ObjectKind::have, digest), 0, 1000});
    auto const& bits = *std::get<WriteStream>(outbox.outputs.back()).bytes;
    EXPECT_EQ(bits, (Bytes{0xff, 0xf0}));
}

TEST_F(ServerTest, AnIdleStreamIsClosed) {
    server.on_stream(2, VirtualPeers::peer(1), now);
    for (int i = 0; i < 5; ++i) server.on_deadline(now += seconds{20});
    EXPECT_EQ(server.stream_count(), 0U);
    EXPECT_FALSE(server.next_deadline());
}

TEST_F(ServerTest, WhatIsNotHeldIsNotFoundAndTheStreamGoesOn) {
    server.on_stream(2, VirtualPeers::peer(1), now);
    ask(2, {std::nullopt, exchange_path(ObjectKind::blob, sha256(as_bytes("other"))), 0, 10});
    auto const head = decode_exchange_answer(BytesView{*std::get<WriteStream>(outbox.outputs.back()).bytes}.subspan(1));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, ExchangeStatus::not_found);
    ask(2, blob_request(10));
    EXPECT_EQ(std::get<WriteStream>(outbox.outputs.back()).bytes->size(), 10U);
}

TEST(ChunkSpreadTest, AChunkIsGivenToOneOfThoseWhoFetchAtOnce) {
    ChunkSpread spread;
    auto const blob = sha256(as_bytes("blob"));
    auto const now = TimePoint{} + std::chrono::hours{1};
    auto const a = VirtualPeers::peer(1);
    auto const b = VirtualPeers::peer(2);
    EXPECT_FALSE(spread.is_withheld(blob, 0, a, now));
    spread.note_given(blob, 0, a, now);
    EXPECT_FALSE(spread.is_withheld(blob, 0, a, now));  // asked again, it is given again
    EXPECT_FALSE(spread.is_withheld(blob, 0, b, now));  // a first chunk
    spread.note_given(blob, 1, b, now);
    EXPECT_TRUE(spread.is_withheld(blob, 0, b, now));
    EXPECT_TRUE(spread.is_withheld(blob, 1, a, now));
    EXPECT_FALSE(spread.is_withheld(blob, 2, a, now));
    EXPECT_FALSE(spread.is_withheld(sha256(as_bytes("other")), 0, b, now));
    auto const end = now + k_exchange_spread;
    spread.note_given(blob, 2, b, end - milliseconds{1});
    EXPECT_TRUE(spread.is_withheld(blob, 0, b, end - milliseconds{1}));
    EXPECT_FALSE(spread.is_withheld(blob, 0, b, end));
    spread.on_peer_disconnected(a);
    EXPECT_FALSE(spread.is_withheld(blob, 0, b, now));
    EXPECT_FALSE(spread.is_withheld(blob, 1, a, now));  // it begins anew
}

TEST(ChunkSpreadTest, NothingIsWithheldFromOneWhoGetsNothing) {
    ChunkSpread spread;
    auto const blob = sha256(as_bytes("blob"));
    auto const now = TimePoint{} + std::chrono::hours{1};
    auto const hungry = VirtualPeers::peer(2);
    spread.note_given(blob, 0, hungry, now);
    auto const later = now + k_exchange_spread_patience;
    spread.note_given(blob, 1, VirtualPeers::peer(1), later - milliseconds{1});
    EXPECT_TRUE(spread.is_withheld(blob, 1, hungry, later - milliseconds{1}));
    EXPECT_FALSE(spread.is_withheld(blob, 1, hungry, later));
    spread.note_given(blob, 1, hungry, later);
    EXPECT_TRUE(spread.is_withheld(blob, 1, VirtualPeers::peer(1), later));
    spread.note_given(blob, 2, VirtualPeers::peer(1), later);
    EXPECT_TRUE(spread.is_withheld(blob, 2, hungry, later));
}

TEST(ChunkSpreadTest, RemembersNoMoreThanItsLimit) {
    ChunkSpread spread;
    auto const blob = sha256(as_bytes("blob"));
    auto const now = TimePoint{} + std::chrono::hours{1};
    for (std::uint64_t chunk = 0; chunk < k_exchange_spread_chunks_max + 10; ++chunk) {
        spread.note_given(blob, chunk, VirtualPeers::peer(1), now);
    }
    EXPECT_EQ(spread.size(), k_exchange_spread_chunks_max);
    spread.note_given(blob, 0, VirtualPeers::peer(1), now + k_exchange_spread);
    EXPECT_EQ(spread.size(), 1U);
}

}  // namespace
}  // namespace ggen::p2p
