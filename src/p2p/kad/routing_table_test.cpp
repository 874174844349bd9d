#include "p2p/kad/routing_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "p2p/kad/size_estimate.hpp"
#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::microseconds;
using testing::make_address;
using testing::make_id;

KadContact contact(std::uint64_t number) {
    auto const address = make_address(number);
    return kad_contact(make_id(number), AddressList::from({&address, 1}, 1));
}

TEST(KadKeyTest, MapsPeersAndContentAsTheSpecificationDoes) {
    // ipfs/specs kad-dht: SHA-256 of the bytes; "abc" is FIPS 180's own example.
    EXPECT_EQ(kad_key_of(as_bytes("abc")).words[0], 0xba7816bf8f01cfeaU);
    EXPECT_EQ(kad_key_of(as_bytes("abc")).words[3], 0xb410ff61f20015adU);
}

TEST(KadKeyTest, DistanceIsAMetricAndPrefixesCount) {
    SeededRandom random(1);
    for (unsigned bits = 0; bits < k_kad_key_bits; ++bits) {
        auto const key = kad_key_of(make_id(bits).bytes());
        auto const other = kad_random_key(key, bits, random);
        EXPECT_EQ(kad_common_bits(key, other), bits);
        EXPECT_EQ(kad_distance(key, other), kad_distance(other, key));
        EXPECT_EQ(kad_distance(key, key), KadKey{});
        EXPECT_EQ(kad_common_bits(key, key), k_kad_key_bits);
    }
    EXPECT_DOUBLE_EQ(kad_share(kad_distance_of_share(0.25)), 0.25);
    EXPECT_DOUBLE_EQ(kad_share(kad_distance_of_share(1)), 1);
}

TEST(RoutingTableTest, GivesTheNearestOfAllItHas) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        RoutingTable table(kad_key_of(make_id(seed).bytes()));
        for (std::uint64_t i = 1000; i < 1600; ++i) table.add(contact(i), 0, microseconds{0}, {});
        auto const target = kad_key_of(as_bytes(std::to_string(seed)));
        std::vector<KadKey> all;
        for (auto const& entry : table.entries()) all.push_back(kad_distance(entry.contact.key, target));
        std::sort(all.begin(), all.end());
        auto const nearest = table.closest(target, 20, false);
        ASSERT_EQ(nearest.size(), 20U);
        for (std::size_t i = 0; i < nearest.size(); ++i)
            EXPECT_EQ(kad_distance(nearest[i]->contact.key, target), all[i]);
        EXPECT_EQ(table.closest(target, 10'000, false).size(), table.size());
    }
}

TEST(RoutingTableTest, NeverPutsALivePeerOutForANewOne) {
    RoutingTable table(kad_key_of(make_id(0).bytes()));
    std::vector<KadKey> first;
    for (std::uint64_t i = 1; first.size() < k_kad_bucket_peers; ++i) {
        auto const peer = contact(i);
        if (kad_common_bits(peer.key, table.self()) != 0) continue;
        EXPECT_TRUE(table.has_room(peer.key, 0));
        EXPECT_TRUE(table.add(peer, 0, microseconds{0}, {}));
        first.push_back(peer.key);
    }
    EXPECT_EQ(table.bucket_size(0), k_kad_bucket_peers);
    for (std::uint64_t i = 1000; i < 1400; ++i) {
        auto const peer = contact(i);
        if (kad_common_bits(peer.key, table.self()) != 0) continue;
        EXPECT_FALSE(table.has_room(peer.key, 0));
        table.add(peer, 0, microseconds{i}, {});
    }
    EXPECT_EQ(table.bucket_size(0), k_kad_bucket_peers);
    EXPECT_EQ(table.size(), k_kad_bucket_peers + k_kad_near_peers_per_bucket_max);
    for (auto const& key : first) EXPECT_NE(table.find(key), nullptr);
    // One that failed may be replaced; then the newcomer stands in its place.
    EXPECT_FALSE(table.on_failure(first[3]));
    auto newcomer = contact(5000);
    for (std::uint64_t i = 5001; kad_common_bits(newcomer.key, table.self()) != 0; ++i) newcomer = contact(i);
    EXPECT_TRUE(table.has_room(newcomer.key, 0));
    EXPECT_TRUE(table.add(newcomer, 0, microseconds{0}, {}));
    EXPECT_EQ(table.find(first[3]), nullptr);
    EXPECT_EQ(table.bucket_size(0), k_kad_bucket_peers);
}

TEST(RoutingTableTest, SuspectsAreNotToldAndLeaveAtTheThirdFailure) {
    RoutingTable table(kad_key_of(make_id(0).bytes()));
    auto const peer = contact(1);
    ASSERT_TRUE(table.add(peer, 0, microseconds{0}, {}));
    EXPECT_FALSE(table.on_failure(peer.key));
    EXPECT_TRUE(table.closest(peer.key, 20, false).empty());
    EXPECT_EQ(table.closest(peer.key, 20, true).size(), 1U);
    table.on_answer(peer.key, microseconds{100}, {});
    EXPECT_EQ(table.closest(peer.key, 20, false).size(), 1U);
    EXPECT_FALSE(table.on_failure(peer.key));
    EXPECT_FALSE(table.on_failure(peer.key));
    EXPECT_TRUE(table.on_failure(peer.key));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_FALSE(table.on_failure(peer.key));
}

TEST(RoutingTableTest, BesideAFullBucketStandTheQuickest) {
    RoutingTable table(kad_key_of(make_id(0).bytes()));
    std::uint64_t number = 1;
    auto const next = [&] {
        for (;;) {
            auto peer = contact(number++);
            if (kad_common_bits(peer.key, table.self()) == 0) return peer;
        }
    };
    for (std::size_t i = 0; i < k_kad_bucket_peers; ++i) table.add(next(), 0, microseconds{50'000}, {});
    for (std::size_t i = 0; i < k_kad_near_peers_per_bucket_max; ++i) table.add(next(), 0, microseconds{100'000}, {});
    auto const slow = next();
    EXPECT_FALSE(table.add(slow, 0, microseconds{200'000}, {}));
    auto const quick = next();
    EXPECT_TRUE(table.add(quick, 0, microseconds{5'000}, {}));
    EXPECT_TRUE(table.find(quick.key)->is_near);
    // A place in the bucket goes to one of them.
    auto const member =
        std::find_if(table.entries().begin(), table.entries().end(), [](auto const& entry) { return !entry.is_near; });
    auto const gone = member->contact.key;
    EXPECT_TRUE(table.remove(gone));
    EXPECT_EQ(table.bucket_size(0), k_kad_bucket_peers);
}

TEST(RoutingTableTest, TakesThreeOfANeighbourhoodAndTwoIntoABucket) {
    RoutingTable table(kad_key_of(make_id(0).bytes()));
    std::map<unsigned, std::size_t> per_bucket;
    std::size_t taken = 0;
    for (std::uint64_t i = 1; i < 500; ++i) {
        auto const peer = contact(i);
        if (!table.add(peer, 77, microseconds{0}, {})) continue;
        ++taken;
        ++per_bucket[kad_common_bits(peer.key, table.self())];
    }
    EXPECT_EQ(taken, k_kad_table_peers_per_group_max);
    for (auto const& [bucket, count] : per_bucket) EXPECT_LE(count, k_kad_bucket_peers_per_group_max);
    // Group 0 is not counted: loopback.
    for (std::uint64_t i = 500; i < 510; ++i) table.add(contact(i), 0, microseconds{0}, {});
    EXPECT_GT(table.size(), k_kad_table_peers_per_group_max);
}

TEST(RoutingTableTest, HoldsItsRulesUnderAnySequence) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SeededRandom random(seed);
        RoutingTable table(kad_key_of(make_id(seed).bytes()));
        for (int step = 0; step < 400; ++step) {
            auto const peer = contact(random.below(300));
            switch (random.below(4)) {
                case 0: table.on_failure(peer.key); break;
                case 1: table.on_answer(peer.key, microseconds{random.below(1000)}, {}); break;
                case 2: if (random.chance(0.1)) table.remove(peer.key); break;
                default: table.add(peer, random.below(40), microseconds{random.below(1000)}, {}); break;
            }
        }
        std::map<std::uint64_t, std::size_t> groups;
        std::map<std::pair<unsigned, std::uint64_t>, std::size_t> bucket_groups;
        std::map<unsigned, std::size_t> members;
        std::set<KadKey> keys;
        for (auto const& entry : table.entries()) {
            EXPECT_TRUE(keys.insert(entry.contact.key).second);
            EXPECT_EQ(entry.bucket, kad_common_bits(entry.contact.key, table.self()));
            ++members[entry.bucket];
            if (entry.group == 0) continue;
            EXPECT_LE(++groups[entry.group], k_kad_table_peers_per_group_max);
            EXPECT_LE((++bucket_groups[{entry.bucket, entry.group}]), k_kad_bucket_peers_per_group_max);
        }
        for (auto const& [bucket, count] : members) {
            EXPECT_LE(table.bucket_size(bucket), k_kad_bucket_peers);
            EXPECT_LE(count, k_kad_bucket_peers + k_kad_near_peers_per_bucket_max);
        }
    }
}

TEST(SizeEstimateTest, CountsAnEvenNetworkAndIsNotMovedByACrowd) {
    for (double const peers : {100.0, 1000.0, 10'000.0}) {
        SizeEstimate estimate;
        SeededRandom random(static_cast<std::uint64_t>(peers));
        for (int i = 0; i < 20; ++i) {
            std::vector<KadKey> distances(static_cast<std::size_t>(peers));
            for (auto& distance : distances) distance.words[0] = random.next_u64();
            std::nth_element(distances.begin(), distances.begin() + 19, distances.end());
            EXPECT_EQ(estimate.peers({}).has_value(), i >= 5);
            estimate.add(20, i % 4 == 0 ? kad_distance_of_share(1e-12) : distances[19], {});
        }
        ASSERT_TRUE(estimate.peers({}));
        EXPECT_NEAR(*estimate.peers({}) / peers, 1, 0.35);
        EXPECT_FALSE(estimate.peers(TimePoint{} + std::chrono::hours{3}));
    }
}

TEST(SizeEstimateTest, SeesThatAYoungNetworkHasGrown) {
    SizeEstimate estimate;
    auto const add = [&](double peers) { estimate.add(20, kad_distance_of_share(19 / peers), {}); };
    for (int i = 0; i < 8; ++i) add(100);
    for (int i = 0; i < 4; ++i) add(1000);
    EXPECT_NEAR(*estimate.peers({}), 1000, 1);
    for (int i = 0; i < 3; ++i) add(100);  // three small ones do not take that back
    EXPECT_NEAR(*estimate.peers({}), 1000, 1);
}

TEST(SizeEstimateTest, QuantilesAreThoseOfTheGammaDistribution) {
    EXPECT_NEAR(gamma_quantile(20, 0.1), 14.525, 0.15);  // tables of the chi-squared distribution, halved
    EXPECT_NEAR(gamma_quantile(11, 0.9), 15.407, 0.15);
    EXPECT_NEAR(gamma_quantile(20, 0.5), 19.668, 0.1);
}

}  // namespace
}  // namespace ggen::p2p
