// One blob from many peers, honest and not (trust.md 4.6 P15, P16; docs/protocols/p2p-exchange.md).
#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/exchange/testing/exchange_fixture.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ExchangeNet;
using testing::Malice;
using testing::random_bytes;
using testing::VirtualPeers;

constexpr std::size_t k_small = 20'000;
constexpr std::size_t k_large = 6 * k_mib + 12'345;

std::shared_ptr<Bytes const> blob_of(std::size_t bytes, std::uint64_t seed = 7) {
    return std::make_shared<Bytes const>(random_bytes(bytes, seed));
}

TEST(BlobFetchTest, ASmallBlobIsOneRequestToOnePeer) {
    ExchangeNet net;
    auto const blob = blob_of(k_small);
    std::vector<VirtualPeers::Node> nodes;
    for (int i = 0; i < 5; ++i) {
        nodes.push_back(net.add_honest());
        net.shelf_of[nodes.back()]->add_blob(blob);
    }
    auto const report = net.finish(net.fetch_blob(blob, nodes));
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    EXPECT_EQ(report->providers, 1U);
    EXPECT_EQ(report->wasted_bytes, 0U);
    std::uint64_t served = 0;
    for (auto const& [node, server] : net.servers) served += server->status().served_bytes;
    EXPECT_EQ(served, k_small);
}

TEST(BlobFetchTest, ALargeBlobComesFromSeveralWithNothingTwice) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    std::vector<VirtualPeers::Node> nodes;
    for (int i = 0; i < 6; ++i) {
        nodes.push_back(net.add_honest(4 * k_mib));
        net.shelf_of[nodes.back()]->add_blob(blob);
    }
    auto const report = net.finish(net.fetch_blob(blob, nodes));
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    EXPECT_GE(report->shares.size(), 4U);
    EXPECT_EQ(report->liars, 0U);
    EXPECT_LE(report->wasted_bytes, k_large / 5);
    EXPECT_EQ(report->chunk_list, merkle::chunk_list(*blob));
    ASSERT_TRUE(net.last_progress);
    EXPECT_EQ(net.last_progress->bytes, k_large);
    EXPECT_EQ(net.last_progress->total, k_large);
}

TEST(BlobFetchTest, SizesAtTheEdgesOfChunks) {
    for (std::size_t const bytes : {std::size_t{1}, std::size_t{merkle::k_chunk_bytes - 1},
                                    std::size_t{merkle::k_chunk_bytes}, std::size_t{merkle::k_chunk_bytes + 1},
                                    std::size_t{3 * merkle::k_chunk_bytes}}) {
        ExchangeNet net;
        auto const blob = blob_of(bytes);
        auto const node = net.add_honest();
        net.shelf_of[node]->add_blob(blob);
        auto const report = net.finish(net.fetch_blob(blob, {node}));
        ASSERT_TRUE(report) << bytes << ": " << report.error().context;
        EXPECT_EQ(net.store->bytes(), *blob);
    }
}

/// Each malice alone among honest peers, and the only honest peer among nine of each malice.
class MaliceTest : public ::testing::TestWithParam<int> {};

TEST_P(MaliceTest, OneHonestProviderAmongTenIsEnough) {
    auto const malice = static_cast<Malice>(GetParam());
    for (std::size_t const bytes : {k_small, k_large}) {
        ExchangeNet net{static_cast<std::uint64_t>(GetParam()) + 11};
        auto const blob = blob_of(bytes);
        std::vector<VirtualPeers::Node> nodes;
        nodes.reserve(10);
        for (int i = 0; i < 9; ++i) nodes.push_back(net.add_hostile(malice, blob, 10 * k_mib));
        nodes.push_back(net.add_honest(10 * k_mib));
        net.shelf_of[nodes.back()]->add_blob(blob);
        auto const start = net.net.now();
        auto const report = net.finish(net.fetch_blob(blob, nodes));
        ASSERT_TRUE(report) << bytes << ": " << report.error().context;
        EXPECT_EQ(net.store->bytes(), *blob);
        EXPECT_LE(net.net.now() - start, seconds{20}) << bytes;
        EXPECT_LE(report->wasted_bytes, 9 * merkle::k_chunk_bytes + 2 * k_mib);
        bool const is_liar = malice == Malice::lies || malice == Malice::lies_in_chunks;
        // Of a small blob it lies too; of a large one it babbles behind the list already.
        bool const may_lie = is_liar || malice == Malice::goes_on;
        for (int i = 0; i < 9; ++i) {
            auto const peer = VirtualPeers::peer(nodes[static_cast<std::size_t>(i)]);
            EXPECT_TRUE(may_lie || !net.ledger.is_banned(peer, net.net.now()));
        }
        EXPECT_FALSE(net.ledger.is_banned(VirtualPeers::peer(nodes.back()), net.net.now()));
        if (!is_liar) continue;
        EXPECT_GE(report->liars, 1U);
        for (auto const* const one : net.hostile) EXPECT_LE(one->chunk_requests(), 1U);
    }
}

TEST_P(MaliceTest, OnlyHostileProvidersGiveACleanErrorByTheDeadlineAndNoByte) {
    auto const malice = static_cast<Malice>(GetParam());
    if (malice == Malice::trickles) GTEST_SKIP() << "its bytes are right, only slow";
    for (std::size_t const bytes : {k_small, k_large}) {
        ExchangeNet net;
        auto const blob = blob_of(bytes);
        std::vector<VirtualPeers::Node> nodes;
        nodes.reserve(10);
        for (int i = 0; i < 10; ++i) nodes.push_back(net.add_hostile(malice, blob, 10 * k_mib));
        auto const start = net.net.now();
        auto const report = net.finish(net.fetch_blob(blob, nodes, true, seconds{40}));
        ASSERT_FALSE(report);
        EXPECT_NE(report.error().code, Errc::internal) << report.error().context;
        EXPECT_LE(net.net.now() - start, seconds{41});
        EXPECT_NE(report.error().context.find("peers were asked"), std::string::npos) << report.error().context;
        EXPECT_EQ(net.asker.status().outbound_requests, 0U);
        net.net.run_for(seconds{31});  // unused streams are closed
        EXPECT_EQ(net.asker.status().outbound_streams, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(All, MaliceTest, ::testing::Range(0, static_cast<int>(testing::k_malices)));

TEST(BlobFetchTest, AMixedCrowdOf45In50DoesNotStopIt) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        ExchangeNet net{seed};
        auto const blob = blob_of(k_large, seed);
        std::vector<VirtualPeers::Node> nodes;
        nodes.reserve(50);
        for (int i = 0; i < 45; ++i) {
            nodes.push_back(net.add_hostile(static_cast<Malice>(i % testing::k_malices), blob, 10 * k_mib));
        }
        for (int i = 0; i < 5; ++i) {
            nodes.push_back(net.add_honest(10 * k_mib));
            net.shelf_of[nodes.back()]->add_blob(blob);
        }
        auto const start = net.net.now();
        auto const report = net.finish(net.fetch_blob(blob, nodes));
        ASSERT_TRUE(report) << report.error().context;
        EXPECT_EQ(net.store->bytes(), *blob);
        EXPECT_LE(net.net.now() - start, seconds{20});
    }
}

TEST(BlobFetchTest, WhatCameIsKeptWhenAProviderDies) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    auto const dying = net.add_honest(k_mib);
    net.shelf_of[dying]->add_blob(blob);
    auto const id = net.fetch_blob(blob, {dying});
    net.net.run_for(seconds{3});
    net.drain();
    auto const before = net.last_progress->bytes;
    EXPECT_GT(before, k_mib);
    net.net.silence(dying);
    net.net.run_for(seconds{6});
    auto const second = net.add_honest(4 * k_mib);
    net.shelf_of[second]->add_blob(blob);
    net.asker.add_providers(id, {VirtualPeers::provider(second)}, net.net.now());
    net.net.pump(0);
    auto const report = net.finish(id);
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    EXPECT_LE(net.servers.at(second)->status().served_bytes, k_large - before + merkle::k_chunk_bytes);
}

TEST(BlobFetchTest, AnEarlierAttemptIsResumedAndItsDamageFound) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    auto const node = net.add_honest();
    net.shelf_of[node]->add_blob(blob);
    auto const chunk = [&](std::uint64_t index) {
        return BytesView{*blob}.subspan(index * merkle::k_chunk_bytes, merkle::chunk_size(blob->size(), index));
    };
    for (std::uint64_t const index : {0U, 1U, 5U, 9U}) ASSERT_TRUE(net.store->put(index, chunk(index)));
    Bytes damaged{chunk(9).begin(), chunk(9).end()};
    damaged[100] ^= 1U;
    ASSERT_TRUE(net.store->put(9, damaged));
    auto const report = net.finish(net.fetch_blob(blob, {node}));
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    EXPECT_EQ(net.servers.at(node)->status().served_bytes,
              k_large - 3 * merkle::k_chunk_bytes + merkle::chunk_count(k_large) * 32 + 4);
}

TEST(BlobFetchTest, WithoutASignedRootTheDigestDecidesAndThoseWhoVouchedForAFalseListAreBanned) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    auto other = *blob;
    other[3 * k_mib] ^= 1U;
    auto const false_blob = std::make_shared<Bytes const>(std::move(other));
    std::vector<VirtualPeers::Node> nodes;
    // Three of one mind about another blob: they are right about its list and its chunks, and wrong about its name.
    for (int i = 0; i < 3; ++i) {
        nodes.push_back(net.add_honest(20 * k_mib));
        net.shelf_of[nodes.back()]->objects[{LogId{}, exchange_path(ObjectKind::blob, sha256(*blob))}] = false_blob;
    }
    nodes.push_back(net.add_honest(20 * k_mib));
    net.shelf_of[nodes.back()]->add_blob(blob);
    auto const report = net.finish(net.fetch_blob(blob, nodes, false));
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(net.ledger.is_banned(VirtualPeers::peer(nodes[i]), net.net.now()));
    EXPECT_FALSE(net.ledger.is_banned(VirtualPeers::peer(nodes[3]), net.net.now()));
}

TEST(BlobFetchTest, APublisherWhoSignsAWrongRootGetsNobodyBanned) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    std::vector<VirtualPeers::Node> nodes;
    for (int i = 0; i < 4; ++i) {
        nodes.push_back(net.add_honest());
        net.shelf_of[nodes.back()]->add_blob(blob);
    }
    BlobRequest request;
    request.digest = sha256(*blob);
    request.bytes = blob->size();
    request.chunk_root = sha256(as_bytes("another"));
    request.store = net.store;
    for (auto const node : nodes) request.providers.push_back(VirtualPeers::provider(node));
    request.deadline = net.net.now() + seconds{30};
    auto const report = net.finish(net.start(std::move(request)));
    ASSERT_FALSE(report);
    for (auto const node : nodes) {
        EXPECT_FALSE(net.ledger.is_banned(VirtualPeers::peer(node), net.net.now()));
        EXPECT_FALSE(net.ledger.is_refused(VirtualPeers::peer(node), net.net.now()));
    }
}

TEST(BlobFetchTest, OneWhoIsStillFetchingServesWhatItHas) {
    // Ten peers and one slow origin: they get most from one another.
    auto const blob = blob_of(k_large);
    ExchangeNet net;
    auto const origin = net.add_honest(2 * k_mib);
    auto const digest = net.shelf_of[origin]->add_blob(blob);
    std::vector<VirtualPeers::Node> nodes;
    std::vector<std::shared_ptr<MemoryChunkStore>> stores;
    nodes.reserve(10);
    for (int i = 0; i < 10; ++i) nodes.push_back(net.add_honest(20 * k_mib));
    std::vector<FetchId> ids;
    for (auto const node : nodes) {
        BlobRequest request;
        request.digest = digest;
        request.bytes = blob->size();
        request.chunk_root = merkle::chunk_root(*blob);
        stores.push_back(std::make_shared<MemoryChunkStore>());
        request.store = stores.back();
        request.providers.push_back(VirtualPeers::provider(origin));
        for (auto const other : nodes) {
            if (other != node) request.providers.push_back(VirtualPeers::provider(other));
        }
        request.deadline = net.net.now() + seconds{120};
        ids.push_back(net.servers.at(node)->fetch_blob(std::move(request), net.net.now()));
        net.net.pump(node);
    }
    auto const is_done = [&] {
        return std::all_of(stores.begin(), stores.end(), [&](auto const& store) {
            for (std::uint64_t i = 0; i < merkle::chunk_count(blob->size()); ++i) {
                if (!store->has(i)) return false;
            }
            return true;
        });
    };
    ASSERT_TRUE(net.net.run_while_not(is_done, seconds{120}));
    for (auto const& store : stores) EXPECT_EQ(store->bytes(), *blob);
    // Alone the origin would have sent ten times the blob.
    EXPECT_LE(net.servers.at(origin)->status().served_bytes, 5 * k_large);
}

TEST(BlobFetchTest, AFolderIsReadFirstAndAFarSourceOnlyWhenPeersFail) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    auto const node = net.add_honest(4 * k_mib);
    net.shelf_of[node]->add_blob(blob);
    BlobRequest request;
    request.digest = sha256(*blob);
    request.bytes = blob->size();
    request.chunk_root = merkle::chunk_root(*blob);
    request.store = net.store;
    request.providers = {VirtualPeers::provider(node)};
    request.sources = {{"https://origin.example", false}};
    request.deadline = net.net.now() + seconds{60};
    ASSERT_TRUE(net.finish(net.start(request)));
    EXPECT_TRUE(net.reads.empty());

    // Nobody but the far source: it gives all, and the digest decides.
    net.store = std::make_shared<MemoryChunkStore>();
    request.store = net.store;
    request.providers.clear();
    request.deadline = net.net.now() + seconds{60};
    auto const id = net.start(request);
    for (int turn = 0; turn < 200 && !net.fetched.contains(id); ++turn) {
        net.drain();
        for (auto const& read : std::exchange(net.reads, {})) {
            auto const from = blob->begin() + static_cast<std::ptrdiff_t>(read.offset);
            Bytes const bytes(from, from + static_cast<std::ptrdiff_t>(read.length));
            net.asker.on_source_read(read.id, read.read, bytes, net.net.now());
            net.net.pump(0);
        }
        net.net.run_for(milliseconds{100});
    }
    ASSERT_TRUE(net.fetched.contains(id));
    ASSERT_TRUE(net.fetched.at(id)) << net.fetched.at(id).error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
    EXPECT_EQ(net.fetched.at(id)->shares.front().source, "https://origin.example");
}

TEST(BlobFetchTest, ASourceThatLiesIsReadNoMoreAndNothingOfItStays) {
    ExchangeNet net;
    auto const blob = blob_of(k_large);
    BlobRequest request;
    request.digest = sha256(*blob);
    request.bytes = blob->size();
    request.chunk_root = merkle::chunk_root(*blob);
    request.store = net.store;
    request.sources = {{"https://origin.example", false}};
    request.deadline = net.net.now() + seconds{60};
    auto const id = net.start(request);
    for (int turn = 0; turn < 300 && !net.fetched.contains(id); ++turn) {
        net.drain();
        for (auto const& read : std::exchange(net.reads, {})) {
            net.asker.on_source_read(read.id, read.read, Bytes(read.length, 0), net.net.now());
            net.net.pump(0);
        }
        net.net.run_for(milliseconds{100});
    }
    ASSERT_TRUE(net.fetched.contains(id));
    EXPECT_FALSE(net.fetched.at(id));
    EXPECT_TRUE(net.store->bytes().empty());
}

TEST(BlobFetchTest, NobodyHasIt) {
    ExchangeNet net;
    auto const blob = blob_of(k_small);
    auto const node = net.add_honest();
    auto const start = net.net.now();
    auto const report = net.finish(net.fetch_blob(blob, {node}));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Errc::not_found) << report.error().context;
    EXPECT_LE(net.net.now() - start, seconds{15});
}

TEST(BlobFetchTest, LimitsOfARequest) {
    ExchangeNet net;
    BlobRequest request;
    request.store = net.store;
    request.deadline = net.net.now() + seconds{5};
    request.bytes = k_exchange_blob_bytes_max + 1;
    EXPECT_EQ(net.finish(net.start(request)).error().code, Errc::too_large);
    request.bytes = 0;
    EXPECT_EQ(net.finish(net.start(request)).error().code, Errc::invalid);
    request.bytes = k_exchange_blob_bytes_max;
    request.sources.resize(k_exchange_sources_max + 1);
    EXPECT_EQ(net.finish(net.start(request)).error().code, Errc::too_large);
    request.sources.resize(0);
    std::vector<FetchId> ids;
    ids.reserve(k_exchange_blobs_max);
    for (std::size_t i = 0; i < k_exchange_blobs_max; ++i) ids.push_back(net.start(request));
    EXPECT_EQ(net.asker.status().blobs, k_exchange_blobs_max);
    EXPECT_EQ(net.finish(net.start(request)).error().code, Errc::too_large);
    for (auto const id : ids) net.asker.cancel(id, net.net.now());
    EXPECT_EQ(net.asker.status().blobs, 0U);
}

TEST(BlobFetchTest, EndsAtOnceWhenThereAreNoOtherProvidersAndTheOnlyOneLied) {
    ExchangeNet net;
    auto const blob = std::make_shared<Bytes const>(random_bytes(1000, 1));
    auto const liar = net.add_hostile(Malice::lies, blob);
    auto const start = net.net.now();
    auto const id = net.fetch_blob(blob, {liar});
    net.asker.close_providers(id, net.net.now());
    net.net.pump(0);
    auto const report = net.finish(id);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Errc::unavailable) << report.error().context;
    EXPECT_LT(net.net.now() - start, std::chrono::seconds{1});
    EXPECT_TRUE(net.ledger.is_banned(VirtualPeers::peer(liar), net.net.now()));
}

TEST(BlobFetchTest, WaitsForOtherProvidersUntilItIsToldThatThereAreNone) {
    ExchangeNet net;
    auto const blob = std::make_shared<Bytes const>(random_bytes(1000, 1));
    auto const empty = net.add_honest();
    auto const holder = net.add_honest();
    net.shelf_of[holder]->add_blob(blob);
    auto const id = net.fetch_blob(blob, {empty});
    net.net.run_while_not([] { return false; }, std::chrono::milliseconds{500});
    net.drain();
    EXPECT_FALSE(net.fetched.contains(id));
    net.asker.add_providers(id, {VirtualPeers::provider(holder)}, net.net.now());
    net.asker.close_providers(id, net.net.now());
    net.net.pump(0);
    EXPECT_TRUE(net.finish(id));
}

}  // namespace
}  // namespace ggen::p2p
