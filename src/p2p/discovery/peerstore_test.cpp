#include "p2p/discovery/peerstore.hpp"

#include <gtest/gtest.h>

#include "base/testing/crash_disk.hpp"
#include "base/testing/fakes.hpp"
#include "base/testing/fault_file_system.hpp"
#include "codec/protobuf.hpp"
#include "p2p/identity/envelope.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using testing::make_address;
using testing::make_id;

constexpr std::int64_t k_start = 1'800'000'000;

Peerstore make_store(std::int64_t wall = k_start) { return Peerstore{{make_id(0), {wall}, {}}}; }

void connect(Peerstore& store, PeerId const& peer, Multiaddr const& address, TimePoint now = {},
             Direction direction = Direction::outbound) {
    store.on_peer_connected({peer, address, direction}, now);
}

/// A peer with a key, and its record.
struct Signer {
    explicit Signer(std::uint64_t seed)
        : random(seed), key(Ed25519PrivateKey::generate(random)), id(peer_id_of(key.public_key())) {}
    [[nodiscard]] Bytes record(std::uint64_t seq, std::uint64_t address) const {
        return seal_peer_record(key, {id, seq, {make_address(address)}});
    }
    ggen::testing::SeededRandom random;
    Ed25519PrivateKey key;
    PeerId id;
};

TEST(PeerstoreTest, RemembersAcrossRuns) {
    Signer const signer{3};
    auto store = make_store();
    connect(store, signer.id, make_address(7));
    store.on_peer_addresses(signer.id, std::vector{make_address(8), make_address(7)}, true, {});
    store.on_peer_record(signer.id, signer.record(5, 8), {});
    connect(store, make_id(2), make_address(9), {}, Direction::inbound);
    store.on_peer_addresses(make_id(2), std::vector{make_address(10)}, false, {});
    EXPECT_TRUE(store.is_changed());

    auto const image = store.encode(TimePoint{} + hours{1});
    auto again = make_store(k_start + 7200);
    ASSERT_TRUE(again.decode(image, {}));
    ASSERT_EQ(again.peer_count(), 2U);
    auto const* const first = again.find(signer.id);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->addresses, (std::vector{make_address(7), make_address(8)}));
    EXPECT_EQ(first->record_seq, 5U);
    EXPECT_EQ(first->signed_record, signer.record(5, 8));
    EXPECT_EQ(first->seen.seconds, k_start + 3600);  // it was connected to the end
    EXPECT_EQ(again.find(make_id(2))->addresses, (std::vector{make_address(10)}));
    EXPECT_FALSE(again.is_changed());
}

TEST(PeerstoreTest, KeepsOnlyANewerRecordOfThePeerItself) {
    Signer const signer{3};
    Signer const other{4};
    auto store = make_store();
    store.on_peer_record(signer.id, signer.record(1, 1), {});
    EXPECT_EQ(store.peer_count(), 0U);  // never connected
    connect(store, signer.id, make_address(7));
    store.on_peer_record(signer.id, other.record(9, 1), {});
    store.on_peer_record(signer.id, to_bytes("rubbish"), {});
    EXPECT_TRUE(store.find(signer.id)->signed_record.empty());
    store.on_peer_record(signer.id, signer.record(5, 1), {});
    store.on_peer_record(signer.id, signer.record(4, 2), {});
    EXPECT_EQ(store.find(signer.id)->record_seq, 5U);
    store.on_peer_record(signer.id, signer.record(6, 2), {});
    EXPECT_EQ(store.find(signer.id)->record_seq, 6U);
    store.on_peer_addresses(signer.id, std::vector{make_address(50)}, false, {});
    EXPECT_EQ(store.find(signer.id)->addresses, (std::vector{make_address(7)}));  // hearsay beside a signed record
}

TEST(PeerstoreTest, TakesNothingFromHearsay) {
    auto store = make_store();
    store.on_peer_addresses(make_id(1), std::vector{make_address(1)}, true, {});
    store.on_peer_disconnected(make_id(1), {});
    connect(store, make_id(0), make_address(1));  // itself
    EXPECT_EQ(store.peer_count(), 0U);
}

TEST(PeerstoreTest, KeepsAtMostSoManyPeersAndAddresses) {
    auto store = make_store();
    for (std::uint64_t i = 1; i <= k_peerstore_peers_max; ++i) {
        connect(store, make_id(i), make_address(i), TimePoint{} + std::chrono::seconds{i});
        store.on_peer_disconnected(make_id(i), TimePoint{} + std::chrono::seconds{i});
    }
    EXPECT_EQ(store.peer_count(), k_peerstore_peers_max);
    connect(store, make_id(5000), make_address(1), TimePoint{} + hours{1});
    EXPECT_EQ(store.peer_count(), k_peerstore_peers_max);
    EXPECT_EQ(store.find(make_id(1)), nullptr);  // seen longest ago
    EXPECT_NE(store.find(make_id(2)), nullptr);

    std::vector<Multiaddr> many;
    many.reserve(40);
    for (std::uint64_t i = 0; i < 40; ++i) many.push_back(make_address(i));
    store.on_peer_addresses(make_id(5000), many, false, {});
    EXPECT_EQ(store.find(make_id(5000))->addresses.size(), k_peerstore_addresses_max);
}

TEST(PeerstoreTest, ForgetsAfterThirtyDays) {
    auto store = make_store();
    connect(store, make_id(1), make_address(1));
    store.on_peer_disconnected(make_id(1), {});
    connect(store, make_id(2), make_address(2));
    auto const image = store.encode({});
    store.expire(TimePoint{} + k_peerstore_lifetime - std::chrono::seconds{1});
    EXPECT_EQ(store.peer_count(), 2U);
    store.expire(TimePoint{} + k_peerstore_lifetime);
    EXPECT_EQ(store.peer_count(), 1U);  // the other one is connected

    auto late = make_store(k_start + std::chrono::duration_cast<std::chrono::seconds>(k_peerstore_lifetime).count());
    ASSERT_TRUE(late.decode(image, {}));
    EXPECT_EQ(late.peer_count(), 0U);
}

/// A file with one peer entry made by `fill`.
Bytes file_with(std::function<void(ProtoWriter&)> const& fill, std::size_t copies = 1) {
    ProtoWriter file;
    file.bytes(1, as_bytes("ggen-peers")).uint(2, 1);
    for (std::size_t i = 0; i < copies; ++i) {
        ProtoWriter one;
        fill(one);
        file.bytes(3, one.message());
    }
    return std::move(file).take();
}

TEST(PeerstoreTest, RefusesFilesThatCannotBeAndAddsNothing) {
    Signer const signer{3};
    auto const id = make_id(1);
    auto forged = signer.record(1, 1);
    forged.back() = static_cast<std::uint8_t>(forged.back() ^ 1U);
    struct Case {
        Bytes image;
        Errc code;
    };
    std::vector<Case> const cases{
        {{}, Errc::invalid},
        {to_bytes("rubbish"), Errc::invalid},
        {Bytes(k_peerstore_file_bytes_max + 1), Errc::too_large},
        {std::move(ProtoWriter{}.bytes(1, as_bytes("ggen-peers")).uint(2, 2)).take(), Errc::invalid},
        {file_with([](auto& one) { one.uint(4, 1); }), Errc::invalid},
        {file_with([](auto& one) { one.bytes(1, as_bytes("x")); }), Errc::invalid},
        {file_with([&](auto& one) { one.bytes(1, id.bytes()).bytes(2, as_bytes("x")); }), Errc::invalid},
        {file_with([&](auto& one) { one.bytes(1, id.bytes()).uint(4, UINT64_MAX); }), Errc::invalid},
        {file_with([&](auto& one) { one.bytes(1, id.bytes()).bytes(3, signer.record(1, 1)); }), Errc::refused},
        {file_with([&](auto& one) { one.bytes(1, signer.id.bytes()).bytes(3, forged); }), Errc::refused},
        {file_with([&](auto& one) { one.bytes(1, id.bytes()).bytes(3, Bytes(k_peerstore_record_bytes_max + 1)); }),
         Errc::too_large},
        {file_with([&](auto& one) {
             one.bytes(1, id.bytes());
             for (std::size_t i = 0; i <= k_peerstore_addresses_max; ++i) one.bytes(2, make_address(i).encode());
         }),
         Errc::too_large},
        {file_with([&](auto& one) { one.bytes(1, id.bytes()); }, k_peerstore_peers_max + 1), Errc::too_large},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        auto store = make_store();
        auto const read = store.decode(cases[i].image, {});
        ASSERT_FALSE(read) << i;
        EXPECT_EQ(read.error().code, cases[i].code) << i << ": " << read.error().context;
        EXPECT_EQ(store.peer_count(), 0U) << i;
    }
    auto store = make_store();
    EXPECT_TRUE(store.decode(file_with([&](auto& one) {
        one.bytes(1, id.bytes()).uint(4, k_start);
        for (std::size_t i = 0; i < k_peerstore_addresses_max; ++i) one.bytes(2, make_address(i).encode());
    }), {}));
    EXPECT_EQ(store.peer_count(), 1U);
}

TEST(PeerstoreTest, ReadsNoCutFile) {
    Signer const signer{3};
    auto store = make_store();
    connect(store, signer.id, make_address(7));
    store.on_peer_record(signer.id, signer.record(5, 8), {});
    auto const image = store.encode({});
    for (std::size_t size = 0; size < image.size(); ++size) {
        auto again = make_store();
        auto const read = again.decode(BytesView{image}.first(size), {});
        EXPECT_TRUE(!read || again.peer_count() == 0) << size;
    }
}

TEST(PeerstoreFileTest, WritesAndReadsAFile) {
    ggen::testing::CrashDisk crash_disk;
    FileSystem& disk = crash_disk;
    auto store = make_store();
    EXPECT_TRUE(load_peerstore(disk, "/state/peers", store, {}));
    connect(store, make_id(1), make_address(1));
    ASSERT_TRUE(save_peerstore(disk, "/state/peers", store, {}));
    EXPECT_FALSE(store.is_changed());
    auto again = make_store();
    ASSERT_TRUE(load_peerstore(disk, "/state/peers", again, {}));
    EXPECT_EQ(again.peer_count(), 1U);
}

TEST(PeerstoreFileTest, PutsABadFileAsideAndStartsAfresh) {
    ggen::testing::CrashDisk crash_disk;
    FileSystem& disk = crash_disk;
    ASSERT_TRUE(disk.make_directories("/state"));
    ASSERT_TRUE(disk.write_file_atomic("/state/peers", as_bytes("rubbish"), Sync::none));
    auto store = make_store();
    EXPECT_EQ(load_peerstore(disk, "/state/peers", store, {}).error().code, Errc::invalid);
    EXPECT_EQ(as_text(disk.read_file("/state/peers.bad", 100).value()), "rubbish");
    EXPECT_TRUE(load_peerstore(disk, "/state/peers", store, {}));
    connect(store, make_id(1), make_address(1));
    EXPECT_TRUE(save_peerstore(disk, "/state/peers", store, {}));
}

TEST(PeerstoreFileTest, AFailedSaveLeavesTheOldFile) {
    ggen::testing::CrashDisk crash_disk;
    FileSystem& disk = crash_disk;
    ggen::testing::FaultFileSystem faulty{disk};
    auto store = make_store();
    connect(store, make_id(1), make_address(1));
    ASSERT_TRUE(save_peerstore(faulty, "/state/peers", store, {}));
    connect(store, make_id(2), make_address(2));
    faulty.fail_at(2, ggen::testing::FaultMode::not_done, true);
    EXPECT_EQ(save_peerstore(faulty, "/state/peers", store, {}).error().code, Errc::io);
    EXPECT_TRUE(store.is_changed());
    auto again = make_store();
    ASSERT_TRUE(load_peerstore(disk, "/state/peers", again, {}));
    EXPECT_EQ(again.peer_count(), 1U);
}

}  // namespace
}  // namespace ggen::p2p
