#include "node/peer_exchange.hpp"

#include <gtest/gtest.h>

#include "base/testing/temp_dir.hpp"
#include "merkle/chunk_tree.hpp"
#include "node/served_folders.hpp"
#include "p2p/exchange/testing/virtual_peers.hpp"
#include "p2p/protocol/seeded_random.hpp"
#include "p2p/reputation/ledger.hpp"
#include "registry/source.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;
using testing::VirtualPeers;

Bytes random_bytes(std::size_t count, std::uint64_t seed) {
    Bytes out(count);
    SeededRandom random{seed};
    random.fill(out);
    return out;
}

/// A node with a folder that it serves.
struct Peer {
    explicit Peer(std::uint64_t seed) : exchange(ledger, served, seed) {}
    void put(std::string const& path, Bytes const& bytes) {
        GGEN_ASSERT(dir.files().make_directories(parent_path(dir / path)).has_value());
        GGEN_ASSERT(dir.files().write_file_atomic(dir / path, bytes, Sync::none).has_value());
    }
    ggen::testing::TempDir dir;
    Ledger ledger;
    ServedFolders served{dir.files()};
    PeerExchange exchange;
};

/// Node 0 asks the others.
struct Net {
    explicit Net(std::size_t servers) {
        for (std::size_t i = 0; i <= servers; ++i) {
            peers.push_back(std::make_unique<Peer>(i + 1));
            peers.back()->served.add(log, peers.back()->dir.path());
            net.add(peers.back()->exchange.protocol());
        }
    }
    [[nodiscard]] static Holder holder(VirtualPeers::Node node) {
        return {VirtualPeers::peer(node), {VirtualPeers::address(node)}};
    }
    [[nodiscard]] BlobWish wish(Bytes const& blob) {
        BlobWish out;
        out.digest = sha256(blob);
        out.bytes = blob.size();
        out.chunk_root = merkle::chunk_root(blob);
        out.path = target();
        out.deadline = net.now() + seconds{60};
        for (VirtualPeers::Node node = 1; node < peers.size(); ++node) out.holders.push_back(holder(node));
        return out;
    }
    std::uint64_t fetch(BlobWish wish) {
        auto const id = asker().fetch_blob(
            std::move(wish), net.now(), [this](BlobCourse const& course) { last_course = course; },
            [this](Result<BlobCourse> result) {
                ++done_count;
                done = std::move(result);
            });
        net.pump(0);
        return id;
    }
    /// Until the blob is there or refused.
    void finish() {
        net.run_while_not([&] { asker().turn(net.now()); return done.has_value(); }, seconds{120});
    }
    [[nodiscard]] PeerExchange& asker() { return peers[0]->exchange; }
    [[nodiscard]] std::string target() const { return peers[0]->dir / "blob.part"; }
    [[nodiscard]] Bytes came(std::size_t bytes) const {
        auto read = peers[0]->dir.files().read_file(target(), bytes);
        return read ? *std::move(read) : Bytes{};
    }

    LogId log = sha256(as_bytes("log"));
    VirtualPeers net;
    std::vector<std::unique_ptr<Peer>> peers;
    std::optional<BlobCourse> last_course;
    std::optional<Result<BlobCourse>> done;
    int done_count = 0;
};

TEST(PeerExchangeTest, ABlobGrowsFromAllWhoHoldIt) {
    Net it{2};
    auto const blob = random_bytes(3 * merkle::k_chunk_bytes + 7, 1);
    for (std::size_t i = 1; i < it.peers.size(); ++i) it.peers[i]->put(blob_path(sha256(blob)), blob);
    it.fetch(it.wish(blob));
    EXPECT_FALSE(it.done) << "told before its turn";
    it.finish();
    ASSERT_TRUE(it.done && *it.done) << (it.done ? it.done->error().context : "no answer");
    EXPECT_EQ(it.came(blob.size()), blob);
    auto const& course = **it.done;
    EXPECT_EQ(course.done, blob.size());
    EXPECT_EQ(course.total, blob.size());
    std::uint64_t shared = 0;
    for (auto const& [who, bytes] : course.shares) shared += bytes;
    EXPECT_EQ(shared, blob.size());
    ASSERT_TRUE(it.last_course);
    EXPECT_EQ(it.last_course->total, blob.size());
    EXPECT_GE(it.asker().figures().received_bytes, blob.size());
    EXPECT_GE(it.peers[1]->exchange.figures().served_bytes + it.peers[2]->exchange.figures().served_bytes, blob.size());
    EXPECT_EQ(it.done_count, 1);
}

TEST(PeerExchangeTest, AFileOfALogComesFromOnePeer) {
    Net it{1};
    it.peers[1]->put("checkpoint", to_bytes("newest"));
    std::vector<Result<Bytes>> answers;
    auto const fetch = [&](std::string const& path, std::uint64_t bytes_max) {
        it.asker().fetch(Net::holder(1), it.log, path, bytes_max, it.net.now(),
                         [&](Result<Bytes> bytes) { answers.push_back(std::move(bytes)); });
        it.net.pump(0);
        auto const count = answers.size();
        it.net.run_while_not([&] { it.asker().turn(it.net.now()); return answers.size() > count; }, seconds{60});
    };
    fetch("checkpoint", 100);
    fetch("state/head", 100);
    fetch("checkpoint", 3);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[0].value(), to_bytes("newest"));
    EXPECT_EQ(answers[1].error().code, Errc::not_found);
    EXPECT_EQ(answers[2].error().code, Errc::too_large);
}

TEST(PeerExchangeTest, WhoIsFoundLaterGivesIt) {
    Net it{1};
    auto const blob = random_bytes(merkle::k_chunk_bytes + 1, 2);
    it.peers[1]->put(blob_path(sha256(blob)), blob);
    auto wish = it.wish(blob);
    auto const holders = std::exchange(wish.holders, {});
    auto const id = it.fetch(std::move(wish));
    it.net.run_for(seconds{2});
    it.asker().turn(it.net.now());
    EXPECT_FALSE(it.done);
    it.asker().add_holders(id, holders, it.net.now());
    it.net.pump(0);
    it.finish();
    ASSERT_TRUE(it.done && *it.done);
    EXPECT_EQ(it.came(blob.size()), blob);
}

TEST(PeerExchangeTest, WhenThereAreNoOthersItSaysSo) {
    Net it{1};
    auto const id = it.fetch(it.wish(random_bytes(1000, 3)));
    it.asker().close_holders(id, it.net.now());
    it.net.pump(0);
    auto const began = it.net.now();
    it.finish();
    ASSERT_TRUE(it.done);
    EXPECT_EQ(it.done->error().code, Errc::not_found) << it.done->error().context;
    EXPECT_LT(it.net.now() - began, seconds{10});
}

TEST(PeerExchangeTest, APlaceBesideThePeersIsReadAndWhatItLiesIsNotTaken) {
    for (bool const is_true : {true, false}) {
        Net it{0};
        auto const blob = random_bytes(2 * merkle::k_chunk_bytes, 4);
        auto wish = it.wish(blob);
        wish.places = {{"folder", true}};
        std::vector<BlobRead> reads;
        wish.read = [&](BlobRead const& read) { reads.push_back(read); };
        auto const id = it.fetch(std::move(wish));
        it.asker().close_holders(id, it.net.now());
        it.net.pump(0);
        it.net.run_while_not(
            [&] {
                it.asker().turn(it.net.now());
                for (auto const& read : std::exchange(reads, {})) {
                    auto const from = blob.begin() + static_cast<std::ptrdiff_t>(read.offset);
                    Bytes piece{from, from + static_cast<std::ptrdiff_t>(read.length)};
                    if (!is_true) piece[0] ^= 1U;
                    it.asker().on_read(read, std::move(piece), it.net.now());
                    it.net.pump(0);
                }
                return it.done.has_value();
            },
            seconds{120});
        ASSERT_TRUE(it.done);
        EXPECT_EQ(it.done->has_value(), is_true);
        if (!is_true) continue;
        EXPECT_EQ(it.came(blob.size()), blob);
        EXPECT_EQ((**it.done).shares, (decltype(BlobCourse::shares){{"folder", blob.size()}}));
    }
}

TEST(PeerExchangeTest, WhatIsCancelledIsNotToldAndGoesOnFromThere) {
    Net it{1};
    auto const blob = random_bytes(8 * merkle::k_chunk_bytes, 5);
    it.peers[1]->put(blob_path(sha256(blob)), blob);
    auto const id = it.fetch(it.wish(blob));
    it.net.run_while_not([&] { it.asker().turn(it.net.now()); return it.last_course && it.last_course->done > 0; },
                         seconds{60});
    ASSERT_FALSE(it.done);
    it.asker().cancel(id, it.net.now());
    it.net.pump(0);
    it.net.run_for(seconds{10});
    it.asker().turn(it.net.now());
    EXPECT_EQ(it.done_count, 0);
    auto const before = it.asker().figures().received_bytes;
    EXPECT_LT(before, blob.size());
    it.fetch(it.wish(blob));
    it.finish();
    ASSERT_TRUE(it.done && *it.done);
    EXPECT_EQ(it.came(blob.size()), blob);
    EXPECT_LT(it.asker().figures().received_bytes - before, blob.size());
}

TEST(PeerExchangeTest, AFileThatCannotBeMadeIsAnErrorAtOnce) {
    Net it{1};
    auto wish = it.wish(random_bytes(1000, 6));
    wish.path = it.peers[0]->dir / "no/such/folder/blob";
    EXPECT_EQ(it.fetch(std::move(wish)), 0U);
    ASSERT_TRUE(it.done);
    EXPECT_FALSE(*it.done);
    it.asker().cancel(0, it.net.now());
    EXPECT_EQ(it.done_count, 1);
}

}  // namespace
}  // namespace ggen::p2p
