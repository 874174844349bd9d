#include "p2p/bitswap/bitswap.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "codec/testing/peer_ids.hpp"
#include "p2p/bitswap/archive_dag.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;
using testing::numbered_peer;

class Shelf final : public BlockProvider {
public:
    Cid add(Bytes bytes) {
        auto const cid = raw_cid(sha256(bytes));
        blocks_.emplace(cid.encode(), std::move(bytes));
        return cid;
    }
    bool has(Cid const& cid) override { return blocks_.contains(cid.encode()); }
    Result<Bytes> read(Cid const& cid) override {
        ++reads;
        auto const at = blocks_.find(cid.encode());
        if (at == blocks_.end()) return Error{Errc::not_found, "not here"};
        return at->second;
    }
    int reads = 0;

private:
    std::map<Bytes, Bytes> blocks_;
};

/// The host of a Bitswap: peers that ask, and what they are told.
struct Net {
    void take() {
        while (auto output = core.poll_output()) {
            if (auto const* const open = std::get_if<OpenStream>(&*output)) {
                EXPECT_FALSE(open->may_dial);
                peer_of.emplace(open->stream, open->peer);
            } else if (auto const* const write = std::get_if<WriteStream>(&*output)) {
                last_piece = {write->stream, write->bytes->size()};
                ++pieces[peer_of.at(write->stream)];
                auto& unsent_bytes = unsent[write->stream];
                unsent_bytes += write->bytes->size();
                EXPECT_LE(unsent_bytes, k_stream_unsent_bytes_max);
                auto& reader = readers.try_emplace(write->stream, k_bitswap_message_bytes_max).first->second;
                reader.feed(*write->bytes);
                while (auto const message = reader.next().value()) {
                    said[peer_of.at(write->stream)].push_back(decode_bitswap_answer(*message).value());
                }
            } else if (auto const* const finish = std::get_if<FinishStream>(&*output)) {
                finished.insert(finish->stream);
            } else if (auto const* const reset = std::get_if<ResetStream>(&*output)) {
                resets.insert(reset->stream);
            } else if (auto const* const pause = std::get_if<PauseStream>(&*output)) {
                paused[pause->stream] = pause->is_paused;
            } else if (auto const* const report = std::get_if<ReportPeer>(&*output)) {
                reports.emplace_back(report->peer, report->conduct);
            }
        }
    }
    /// All that was written leaves, and what follows from that, until nothing more does.
    void send_all() {
        take();
        for (bool is_any = true; is_any;) {
            is_any = false;
            for (auto& [stream, bytes] : std::map{unsent}) {
                if (bytes == 0) continue;
                is_any = true;
                unsent[stream] = 0;
                core.on_stream_sent(stream, bytes, now);
                take();
            }
        }
    }
    StreamKey open(std::uint8_t who) {
        next_key += 2;
        core.on_inbound_stream(next_key, numbered_peer(who), std::string{k_bitswap_protocol}, now);
        take();
        return next_key;
    }
    void say(StreamKey stream, Bytes const& message, bool is_end = true) {
        core.on_stream_bytes(stream, frame_message(message), now);
        if (is_end) core.on_stream_finished(stream, now);
        take();
    }
    void want(std::uint8_t who, std::vector<BitswapWant> wants) {
        say(open(who), encode_bitswap_wants({std::move(wants), false}));
    }
    [[nodiscard]] std::size_t blocks(std::uint8_t who) {
        std::size_t count = 0;
        for (auto const& answer : said[numbered_peer(who)]) count += answer.blocks.size();
        return count;
    }

    Ledger ledger;
    Shelf shelf;
    Bitswap core{ledger, shelf};
    TimePoint now{seconds{1000}};
    StreamKey next_key = 0;
    std::map<StreamKey, PeerId> peer_of;
    std::map<StreamKey, std::size_t> unsent;
    std::pair<StreamKey, std::size_t> last_piece;
    std::map<PeerId, int> pieces;
    std::map<StreamKey, MessageReader> readers;
    std::map<PeerId, std::vector<BitswapAnswer>> said;
    std::set<StreamKey> finished;
    std::set<StreamKey> resets;
    std::map<StreamKey, bool> paused;
    std::vector<std::pair<PeerId, Conduct>> reports;
};

BitswapWant block(Cid const& cid, bool wants_dont_have = false) {
    return {cid.encode(), false, false, wants_dont_have};
}
BitswapWant have(Cid const& cid) { return {cid.encode(), false, true, true}; }

TEST(BitswapTest, BlocksAndPresencesAreTold) {
    Net net;
    auto const here = net.shelf.add(to_bytes("here"));
    auto const absent = raw_cid(sha256(as_bytes("absent")));
    net.want(1, {have(here), have(absent), block(here), block(absent, true), block(absent, false)});
    net.send_all();
    std::vector<BitswapPresence> presences;
    std::vector<Bytes> blocks;
    for (auto const& answer : net.said[numbered_peer(1)]) {
        presences.insert(presences.end(), answer.presences.begin(), answer.presences.end());
        for (auto const& one : answer.blocks) blocks.push_back(one.data);
    }
    EXPECT_EQ(presences, (std::vector<BitswapPresence>{
                             {here.encode(), true}, {absent.encode(), false}, {absent.encode(), false}}));
    EXPECT_EQ(blocks, (std::vector<Bytes>{to_bytes("here")}));
    auto const status = net.core.status();
    EXPECT_EQ(status.served_blocks, 1U);
    EXPECT_EQ(status.served_bytes, 4U);
    // Nothing is left, and both streams are done.
    EXPECT_EQ(status.peers + status.inbound_streams + status.unsent_bytes + status.pending_bytes, 0U);
    EXPECT_EQ(net.finished.size(), 2U);
}

TEST(BitswapTest, ACancelAndAFullListTakeWantsBack) {
    Net net;
    std::vector<BitswapWant> wants;
    std::vector<Cid> cids;
    for (int i = 0; i < 8; ++i) {
        cids.push_back(net.shelf.add(Bytes(k_dag_leaf_bytes, static_cast<std::uint8_t>(i))));
        wants.push_back(block(cids.back()));
    }
    auto const stream = net.open(1);
    net.say(stream, encode_bitswap_wants({wants, false}), false);
    net.say(stream, encode_bitswap_wants({{{cids[7].encode(), true, false, false}}, false}), false);
    net.say(stream, encode_bitswap_wants({{block(cids[5])}, true}));
    net.send_all();
    EXPECT_EQ(net.blocks(1), 2U);  // The one that was on its way, and the one of the full list.
}

TEST(BitswapTest, ALargeAnswerLeavesInPiecesAndReadsWhenThereIsRoom) {
    Net net;
    std::vector<BitswapWant> wants;
    wants.reserve(100);
    for (int i = 0; i < 100; ++i) {
        wants.push_back(block(net.shelf.add(Bytes(k_dag_leaf_bytes, static_cast<std::uint8_t>(i)))));
    }
    net.want(1, wants);
    EXPECT_LE(net.core.status().unsent_bytes, k_bitswap_stream_unsent_bytes_max);
    EXPECT_EQ(net.shelf.reads, 1);
    net.send_all();
    EXPECT_EQ(net.blocks(1), 100U);
    EXPECT_EQ(net.core.status().unsent_bytes, 0U);
}

TEST(BitswapTest, AllTogetherHoldNoMoreThanTheirLimit) {
    Net net;
    auto const cid = net.shelf.add(Bytes(k_dag_leaf_bytes, 1));
    for (std::uint8_t who = 1; who <= 100; ++who) net.want(who, {block(cid), block(cid)});
    EXPECT_LE(net.core.status().unsent_bytes, k_bitswap_unsent_bytes_max + k_bitswap_piece_bytes);
    net.send_all();
    for (std::uint8_t who = 1; who <= 100; ++who) EXPECT_EQ(net.blocks(who), 2U) << int{who};
}

TEST(BitswapTest, KnownPeersGetNinePiecesInTenWhileStrangersWait) {
    Net net;
    std::vector<BitswapWant> const wants(16, block(net.shelf.add(Bytes(k_dag_leaf_bytes, 1))));
    net.ledger.on_useful_bytes(numbered_peer(1), 64 * k_mib, seconds{1}, net.now);
    // Strangers fill what may be under way, so that everybody waits for each piece that leaves.
    for (std::uint8_t who = 10; who < 60; ++who) net.want(who, wants);
    net.want(1, wants);
    net.pieces.clear();
    constexpr int k_rounds = 100;
    for (int round = 0; round < k_rounds; ++round) {
        // The last piece that was written leaves. The short one at the end of a message brings another with it.
        auto const [stream, size] = net.last_piece;
        net.last_piece.second = 0;
        net.unsent[stream] -= size;
        net.core.on_stream_sent(stream, size, net.now);
        net.take();
    }
    auto const known = net.pieces[numbered_peer(1)];
    int strangers = 0;
    for (auto const& [peer, count] : net.pieces) strangers += peer == numbered_peer(1) ? 0 : count;
    EXPECT_GE(known + strangers, k_rounds);
    EXPECT_NEAR(10 * strangers, known + strangers, 10);
}

TEST(BitswapTest, WhoWantsTooMuchIsHeldBackAndServedInTheEnd) {
    Net net;
    auto const cid = net.shelf.add(Bytes(1000, 1));
    auto const stream = net.open(1);
    std::vector<BitswapWant> wants(400, block(cid));
    for (int i = 0; i < 4; ++i) net.say(stream, encode_bitswap_wants({wants, false}), false);
    EXPECT_TRUE(net.paused[stream]);
    net.core.on_stream_finished(stream, net.now);
    net.send_all();
    EXPECT_FALSE(net.paused[stream]);
    EXPECT_EQ(net.blocks(1), 1600U);
    EXPECT_EQ(net.core.status().peers, 0U);
}

TEST(BitswapTest, AHundredThousandWantsForWhatIsNotHereAreAnsweredAndForgotten) {
    Net net;
    constexpr std::size_t k_messages = 50;
    constexpr std::size_t k_wants = 2000;
    BitswapWants wants;
    wants.entries.reserve(k_wants);
    for (std::size_t i = 0; i < k_wants; ++i) {
        wants.entries.push_back(block(raw_cid(sha256(as_bytes(std::to_string(i)))), true));
    }
    auto const message = encode_bitswap_wants(wants);
    auto const stream = net.open(1);
    for (std::size_t i = 0; i < k_messages; ++i) {
        // What a held stream's window still lets through, then nothing: flow control.
        if (net.paused[stream]) net.send_all();
        net.say(stream, message, false);
        EXPECT_LE(net.core.status().unsent_bytes, k_bitswap_stream_unsent_bytes_max + k_bitswap_piece_bytes);
        EXPECT_LE(net.core.status().pending_bytes, message.size() + 8);
    }
    net.core.on_stream_finished(stream, net.now);
    net.send_all();
    std::size_t told = 0;
    for (auto const& answer : net.said[numbered_peer(1)]) {
        EXPECT_LE(answer.presences.size(), k_bitswap_presences_max);
        told += answer.presences.size();
    }
    EXPECT_EQ(told, k_messages * k_wants);
    EXPECT_TRUE(net.reports.empty());
    EXPECT_EQ(net.core.status().peers, 0U);
}

TEST(BitswapTest, AListThatIsTooLongIsRefusedWithoutCallingItsPeerALiar) {
    Net net;
    auto const cid = net.shelf.add(Bytes(10, 1));
    auto const stream = net.open(1);
    net.say(stream, encode_bitswap_wants({std::vector<BitswapWant>(5000, block(cid)), false}), false);
    EXPECT_TRUE(net.resets.contains(stream));
    ASSERT_EQ(net.reports.size(), 1U);
    EXPECT_EQ(net.reports[0].second, Conduct::overload);
    EXPECT_EQ(net.shelf.reads, 0);
    EXPECT_EQ(net.core.status().peers, 0U);
}

TEST(BitswapTest, TheLastWordOfAListCounts) {
    Net net;
    auto const first = net.shelf.add(Bytes(k_dag_leaf_bytes, 1));
    auto const second = net.shelf.add(Bytes(k_dag_leaf_bytes, 2));
    BitswapWant const no_first{first.encode(), true, false, false};
    BitswapWant const no_second{second.encode(), true, false, false};
    net.want(1, {block(first), no_first, block(second), no_second, block(second)});
    net.send_all();
    EXPECT_EQ(net.blocks(1), 1U);
    ASSERT_FALSE(net.said[numbered_peer(1)].empty());
    EXPECT_EQ(net.said[numbered_peer(1)][0].blocks[0].cid, second);
}

TEST(BitswapTest, NonsenseResetsAndIsCharged) {
    Net net;
    auto const stream = net.open(1);
    net.say(stream, {0x08, 1}, false);
    EXPECT_TRUE(net.resets.contains(stream));
    ASSERT_EQ(net.reports.size(), 1U);
    EXPECT_EQ(net.reports[0].second, Conduct::protocol_error);
    auto const second = net.open(1);
    Bytes const length{0x81, 0x80, 0x80, 0x01};  // 2 MiB and one byte
    net.core.on_stream_bytes(second, length, net.now);
    net.take();
    EXPECT_TRUE(net.resets.contains(second));
    EXPECT_EQ(net.reports.back().second, Conduct::protocol_error);
    EXPECT_EQ(net.core.status().inbound_streams, 0U);
    EXPECT_EQ(net.core.status().peers, 0U);
}

TEST(BitswapTest, StreamsAndUnfinishedMessagesHaveLimits) {
    Net net;
    for (std::size_t i = 0; i <= k_bitswap_inbound_streams_per_peer_max; ++i) net.open(1);
    EXPECT_EQ(net.core.status().inbound_streams, k_bitswap_inbound_streams_per_peer_max);
    EXPECT_EQ(net.reports.size(), 1U);
    // Messages that never become whole: over 4 MiB of one peer, then over 16 MiB of all.
    Bytes const part = frame_message(Bytes(k_bitswap_message_bytes_max, 0));
    auto const pend = [&](std::uint8_t who) {
        auto const stream = net.open(who);
        net.core.on_stream_bytes(stream, BytesView{part}.first(part.size() - 1), net.now);
        net.take();
    };
    for (int i = 0; i < 3; ++i) pend(2);
    EXPECT_LE(net.core.status().pending_bytes, k_bitswap_pending_per_peer_bytes_max);
    for (std::uint8_t who = 3; who < 30; ++who) pend(who);
    EXPECT_LE(net.core.status().pending_bytes, k_bitswap_pending_bytes_max);
    for (std::uint8_t who = 1; who < 30; ++who) net.core.on_peer_disconnected(numbered_peer(who), net.now);
    auto const status = net.core.status();
    EXPECT_EQ(status.pending_bytes + status.inbound_streams + status.peers, 0U);
}

TEST(BitswapTest, WhoTakesNothingOrSaysNothingIsLetGo) {
    Net net;
    auto const cid = net.shelf.add(Bytes(k_dag_leaf_bytes, 1));
    net.want(1, {block(cid), block(cid)});
    auto const silent = net.open(2);
    for (int i = 0; i < 8; ++i) {
        net.now += k_bitswap_sweep_interval;
        net.core.on_deadline(net.now);
        net.take();
    }
    EXPECT_TRUE(net.resets.contains(silent));
    ASSERT_EQ(net.reports.size(), 1U);
    EXPECT_EQ(net.reports[0], (std::pair{numbered_peer(1), Conduct::timeout}));
    auto const status = net.core.status();
    EXPECT_EQ(status.peers + status.inbound_streams + status.unsent_bytes, 0U);
    EXPECT_EQ(net.core.next_deadline(), std::nullopt);
}

TEST(BitswapTest, AnAnswerThatNobodyTakesIsForgotten) {
    Net net;
    auto const cid = net.shelf.add(Bytes(k_dag_leaf_bytes, 1));
    net.want(1, {block(cid)});
    ASSERT_EQ(net.peer_of.size(), 1U);
    net.core.on_stream_refused(net.peer_of.begin()->first, Error{Errc::refused, "no"}, net.now);
    net.take();
    EXPECT_EQ(net.core.status().peers, 0U);
    EXPECT_EQ(net.core.status().unsent_bytes, 0U);
}

}  // namespace
}  // namespace ggen::p2p
