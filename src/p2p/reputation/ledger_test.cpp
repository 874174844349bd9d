#include "p2p/reputation/ledger.hpp"

#include <gtest/gtest.h>

#include "codec/protobuf.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr TimePoint k_start{hours{100'000}};

PeerId id_of(std::uint32_t number) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(6 + 32);
    for (std::size_t i = 0; i < 4; ++i) bytes[6 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return PeerId::from_bytes(bytes).value();
}

Multiaddr address(char const* text) { return Multiaddr::parse(text).value(); }

TEST(LedgerTest, AnUnknownPeerIsAStrangerAtZero) {
    Ledger const ledger;
    auto const standing = ledger.standing(id_of(1), k_start);
    EXPECT_EQ(standing.score, 0);
    EXPECT_TRUE(standing.is_stranger);
    EXPECT_FALSE(standing.is_banned);
}

TEST(LedgerTest, VerifiedBytesRaiseUpToACapAndLessFromTheSlow) {
    Ledger ledger;
    ledger.on_useful_bytes(id_of(1), 10 * k_mib, seconds{1}, k_start);
    ledger.on_useful_bytes(id_of(2), 10 * k_mib, seconds{1000}, k_start);
    ledger.on_useful_bytes(id_of(3), 100'000 * k_mib, seconds{1}, k_start);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(1), k_start).score, 10);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(2), k_start).score, 2.5);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(3), k_start).score, k_ledger_points_max);
    EXPECT_FALSE(ledger.standing(id_of(1), k_start).is_stranger);
}

TEST(LedgerTest, BothSidesHalveInADay) {
    Ledger ledger;
    ledger.on_useful_bytes(id_of(1), 16 * k_mib, seconds{1}, k_start);
    ledger.on_conduct(id_of(2), Conduct::timeout, 16, k_start);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(1), k_start + hours{48}).score, 4);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(2), k_start + hours{48}).score, -4);
}

TEST(LedgerTest, FaultsLowerAndOnlyALieBans) {
    Ledger ledger;
    for (int i = 0; i < 10'000; ++i) {
        ledger.on_conduct(id_of(1), Conduct::timeout, 1, k_start);
        ledger.on_conduct(id_of(1), Conduct::overload, 1, k_start);
        ledger.on_conduct(id_of(1), Conduct::protocol_error, 1, k_start);
        ledger.on_conduct(id_of(1), Conduct::invalid_data, 1, k_start);
    }
    EXPECT_EQ(ledger.standing(id_of(1), k_start).score, -1000);
    EXPECT_FALSE(ledger.is_banned(id_of(1), k_start));
    ledger.on_useful_bytes(id_of(2), 100 * k_mib, seconds{1}, k_start);
    ledger.on_lie(id_of(2), k_start);
    EXPECT_TRUE(ledger.is_banned(id_of(2), k_start + hours{24} - seconds{1}));
    EXPECT_FALSE(ledger.is_banned(id_of(2), k_start + hours{24}));
    EXPECT_LT(ledger.standing(id_of(2), k_start).score, 0);  // A sleeper's savings do not pay for a lie.
    ledger.on_conduct(id_of(3), Conduct::timeout, -5, k_start);
    EXPECT_EQ(ledger.standing(id_of(3), k_start).score, 0);
}

TEST(LedgerTest, RefusesWhoMisbehavesUntilItDecaysButNeverForBeingSlow) {
    Ledger ledger;
    for (int i = 0; i < 100'000; ++i) {
        ledger.on_conduct(id_of(1), Conduct::timeout, 1, k_start);
        ledger.on_conduct(id_of(1), Conduct::overload, 1, k_start);
    }
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(1), k_start).score, -k_ledger_soft_faults_max);
    EXPECT_FALSE(ledger.is_refused(id_of(1), k_start));
    ledger.on_conduct(id_of(2), Conduct::invalid_data, 3, k_start);
    EXPECT_FALSE(ledger.is_refused(id_of(2), k_start));
    ledger.on_conduct(id_of(2), Conduct::invalid_data, 1, k_start);
    EXPECT_TRUE(ledger.is_refused(id_of(2), k_start));
    EXPECT_FALSE(ledger.is_refused(id_of(2), k_start + hours{1}));
    ledger.on_useful_bytes(id_of(3), 100 * k_mib, seconds{1}, k_start);
    ledger.on_conduct(id_of(3), Conduct::invalid_data, 4, k_start);
    EXPECT_FALSE(ledger.is_refused(id_of(3), k_start));  // what it did for us counts
    ledger.on_lie(id_of(3), k_start);
    EXPECT_TRUE(ledger.is_refused(id_of(3), k_start));
    EXPECT_FALSE(ledger.is_refused(id_of(4), k_start));
}

TEST(LedgerTest, ANetworkBearsAShareAndItsStrangersStartLower) {
    Ledger ledger;
    ledger.on_connected(id_of(1), address("/ip4/192.0.2.1/tcp/1"), k_start);
    ledger.on_connected(id_of(2), address("/ip4/192.0.2.2/tcp/1"), k_start);
    ledger.on_connected(id_of(3), address("/ip4/198.51.100.2/tcp/1"), k_start);
    ledger.on_lie(id_of(1), k_start);
    EXPECT_DOUBLE_EQ(ledger.network_score(address("/ip4/192.0.2.77/tcp/1"), k_start), -50);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(2), k_start).score, -5);
    EXPECT_EQ(ledger.standing(id_of(3), k_start).score, 0);
    EXPECT_FALSE(ledger.is_banned(id_of(2), k_start));
    // Whoever is useful is judged by that.
    ledger.on_useful_bytes(id_of(2), 5 * k_mib, seconds{1}, k_start);
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(2), k_start).score, 5);
    for (auto const* const free : {"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1"}) EXPECT_EQ(network_of(address(free)), "");
    EXPECT_EQ(network_of(address("/ip6/2001:db8:1::1/tcp/1")), network_of(address("/ip6/2001:db8:1:2::9/tcp/1")));
}

TEST(LedgerTest, GossipTakesATenthWithinItsRange) {
    Ledger ledger;
    ledger.on_useful_bytes(id_of(1), 100 * k_mib, seconds{1}, k_start);
    ledger.on_conduct(id_of(2), Conduct::invalid_data, 1000, k_start);
    EXPECT_DOUBLE_EQ(ledger.gossip_score(id_of(1), k_start), 10);
    EXPECT_DOUBLE_EQ(ledger.gossip_score(id_of(2), k_start), -100);
}

TEST(LedgerTest, ForgetsAfterThirtyDaysOfSilence) {
    Ledger ledger;
    ledger.on_lie(id_of(1), k_start);
    ledger.expire(k_start + k_ledger_retention - seconds{1});
    EXPECT_EQ(ledger.peer_count(), 1U);
    ledger.expire(k_start + k_ledger_retention);
    EXPECT_EQ(ledger.peer_count(), 0U);
}

TEST(LedgerTest, AFloodOfNamesPushesOutNamesLikeItself) {
    Ledger ledger;
    ledger.on_lie(id_of(1), k_start);
    ledger.on_useful_bytes(id_of(2), 5 * k_mib, seconds{1}, k_start);
    for (std::uint32_t i = 10; i < k_ledger_peers_max + 200; ++i) {
        auto const middle = std::to_string(i >> 8U & 255U) + "." + std::to_string(i & 255U);
        ledger.on_connected(id_of(i), address(("/ip4/10." + middle + ".1/tcp/1").c_str()), k_start);
    }
    EXPECT_EQ(ledger.peer_count(), k_ledger_peers_max);
    EXPECT_TRUE(ledger.is_banned(id_of(1), k_start));
    EXPECT_DOUBLE_EQ(ledger.standing(id_of(2), k_start).score, 5);
}

TEST(LedgerTest, ReadsBackWhatItWroteAndDecaysWhatSlept) {
    Ledger ledger;
    ledger.on_connected(id_of(1), address("/ip4/192.0.2.1/tcp/1"), k_start);
    ledger.on_useful_bytes(id_of(2), 16 * k_mib, seconds{1}, k_start);
    ledger.on_lie(id_of(1), k_start);
    auto const image = ledger.encode(k_start);
    TimePoint const later{hours{7}};
    auto const read = Ledger::decode(image, seconds{0}, later);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->encode(later), image);
    EXPECT_TRUE(read->is_banned(id_of(1), later + hours{23}));
    auto const slept = Ledger::decode(image, hours{24}, later);
    ASSERT_TRUE(slept);
    EXPECT_FALSE(slept->is_banned(id_of(1), later));
    EXPECT_DOUBLE_EQ(slept->standing(id_of(2), later).score, 8);
    EXPECT_DOUBLE_EQ(slept->network_score(address("/ip4/192.0.2.9/tcp/1"), later), -25);
    auto const forgotten = Ledger::decode(image, hours{24 * 30}, later);
    ASSERT_TRUE(forgotten);
    EXPECT_EQ(forgotten->peer_count(), 0U);
}

TEST(LedgerTest, RefusesBadImages) {
    auto const error_of = [](BytesView image) {
        auto const read = Ledger::decode(image, seconds{0}, k_start);
        return read ? Errc::internal : read.error().code;
    };
    EXPECT_EQ(error_of(Bytes(k_ledger_image_bytes_max + 1)), Errc::too_large);
    EXPECT_EQ(error_of({}), Errc::internal);
    EXPECT_EQ(error_of(ProtoWriter{}.uint(1, 2).message()), Errc::invalid);
    EXPECT_EQ(error_of(ProtoWriter{}.bytes(2, {}).message()), Errc::invalid);
    EXPECT_EQ(error_of(ProtoWriter{}.bytes(3, {}).message()), Errc::invalid);
    ProtoWriter nan;
    nan.bytes(1, id_of(1).bytes()).fixed64(2, 0x7ff8000000000000U);
    EXPECT_EQ(error_of(ProtoWriter{}.bytes(2, nan.message()).message()), Errc::invalid);
    ProtoWriter many;
    for (std::size_t i = 0; i < k_ledger_peers_max + k_ledger_networks_max + 2; ++i) many.uint(1, 1);
    EXPECT_EQ(error_of(many.message()), Errc::too_large);
}

}  // namespace
}  // namespace ggen::p2p
