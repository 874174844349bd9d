#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/identity/identity.hpp"
#include "p2p/kad/provider_store.hpp"
#include "p2p/kad/record_store.hpp"
#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using testing::make_address;
using testing::make_id;

Provider provider(std::uint64_t number, std::uint64_t group, TimePoint expires_at = TimePoint::max()) {
    auto const address = make_address(number % 1000);
    return {make_id(number), AddressList::from({&address, 1}, 1), group, expires_at};
}

TEST(RecordStoreTest, KeepsTheNearestWhenItIsFull) {
    auto const self = kad_key_of(make_id(0).bytes());
    RecordStore store(self);
    std::vector<KadKey> distances;
    for (std::size_t i = 0; i < 3 * k_kad_records_max; ++i) {
        auto const key = to_bytes("/v/" + std::to_string(i));
        distances.push_back(kad_distance(kad_key_of(key), self));
        (void)store.put({key, to_bytes("1:x"), TimePoint::max(), {}});
        EXPECT_LE(store.size(), k_kad_records_max);
    }
    EXPECT_EQ(store.size(), k_kad_records_max);
    auto sorted = distances;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < distances.size(); ++i) {
        auto const is_near = distances[i] < sorted[k_kad_records_max];
        EXPECT_EQ(store.find(as_bytes("/v/" + std::to_string(i)), {}) != nullptr, is_near);
    }
}

TEST(RecordStoreTest, HoldsItsBytesAndRefusesOnePastTheSizeOfARecord) {
    RecordStore store(kad_key_of(make_id(0).bytes()));
    EXPECT_TRUE(store.put({Bytes(10, 1), Bytes(k_kad_record_accept_bytes_max - 10, 1), TimePoint::max(), {}}));
    auto const refused = store.put({Bytes(10, 1), Bytes(k_kad_record_accept_bytes_max - 9, 1), TimePoint::max(), {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_EQ(store.size(), 1U);  // the old value stays
    for (std::size_t i = 0; i < 300; ++i) {
        (void)store.put({to_bytes(std::to_string(i)), Bytes(60'000, 1), TimePoint::max(), {}});
        EXPECT_LE(store.size_bytes(), k_kad_records_bytes_max);
    }
    EXPECT_GT(store.size(), 100U);
}

TEST(RecordStoreTest, ExpiresAndGivesItsBytesBack) {
    RecordStore store(kad_key_of(make_id(0).bytes()));
    ASSERT_TRUE(store.put({to_bytes("a"), to_bytes("x"), TimePoint{} + hours{1}, {}}));
    EXPECT_NE(store.find(as_bytes("a"), TimePoint{}), nullptr);
    EXPECT_EQ(store.find(as_bytes("a"), TimePoint{} + hours{1}), nullptr);
    store.expire(TimePoint{} + hours{1});
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(store.size_bytes(), 0U);
}

TEST(ProviderStoreTest, KeepsTwentyAKeyAndRenewsInPlace) {
    ProviderStore store;
    for (std::uint64_t i = 0; i < k_kad_providers_per_key_max; ++i)
        EXPECT_TRUE(store.add(as_bytes("k"), provider(i, i + 1)));
    EXPECT_TRUE(store.add(as_bytes("k"), provider(0, 1)));
    EXPECT_EQ(store.size(), k_kad_providers_per_key_max);
    EXPECT_TRUE(store.add(as_bytes("k"), provider(100, 101)));  // one past: the oldest goes
    auto const held = store.find(as_bytes("k"), {});
    EXPECT_EQ(held.size(), k_kad_providers_per_key_max);
    EXPECT_TRUE(std::none_of(held.begin(), held.end(), [](auto const* entry) { return entry->id == make_id(1); }));
    EXPECT_TRUE(std::any_of(held.begin(), held.end(), [](auto const* entry) { return entry->id == make_id(0); }));
}

TEST(ProviderStoreTest, AFloodFromOnePlacePushesOutItself) {
    ProviderStore store;
    for (std::uint64_t i = 0; i < 10; ++i) store.add(as_bytes("k"), provider(i, i + 1));
    for (std::uint64_t i = 100; i < 1100; ++i) store.add(as_bytes("k"), provider(i, 77));
    auto const held = store.find(as_bytes("k"), {});
    EXPECT_EQ(held.size(), k_kad_providers_per_key_max);
    for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_TRUE(std::any_of(held.begin(), held.end(), [&](auto const* entry) { return entry->id == make_id(i); }));
    }
}

TEST(ProviderStoreTest, AFloodOfKeysFromOnePeerPushesOutItsOwn) {
    ProviderStore store;
    for (std::uint64_t i = 0; i < 50; ++i) store.add(as_bytes("honest " + std::to_string(i)), provider(i, i + 1));
    std::size_t refused = 0;
    for (std::size_t i = 0; i < k_kad_provider_keys_max + 20; ++i) {
        refused += store.add(as_bytes("flood " + std::to_string(i)), provider(999, 5)) ? 0U : 1U;
    }
    EXPECT_LE(store.key_count(), k_kad_provider_keys_max);
    EXPECT_EQ(refused, 70U);  // its own share is the largest
    for (std::uint64_t i = 0; i < 50; ++i)
        EXPECT_FALSE(store.find(as_bytes("honest " + std::to_string(i)), {}).empty());
    EXPECT_TRUE(store.add(as_bytes("late"), provider(60, 61)));  // others still come in, at its cost
    EXPECT_LE(store.key_count(), k_kad_provider_keys_max);
}

TEST(ValidatorTest, APublicKeyIsTheValueOfItsOwnPeerAlone) {
    RecordValidators validators;
    validators.add("pk", std::make_shared<PublicKeyValidator>());
    auto const key = Ed25519PrivateKey::from_seed(Bytes(32, 7));
    ASSERT_TRUE(key);
    auto name = to_bytes("/pk/");
    auto const id = peer_id_of(key->public_key());
    Bytes const message(id.inline_key().begin(), id.inline_key().end());
    name.insert(name.end(), id.bytes().begin(), id.bytes().end());
    EXPECT_TRUE(validators.validate(name, message));
    EXPECT_FALSE(validators.is_better(name, message, message));
    name.back() ^= 1U;
    EXPECT_FALSE(validators.validate(name, message));
    EXPECT_FALSE(validators.validate(as_bytes("/pk/"), message));
    EXPECT_FALSE(validators.validate(as_bytes("/other/a"), message));
    EXPECT_FALSE(validators.validate(as_bytes("pk"), message));
}

}  // namespace
}  // namespace ggen::p2p
