#include "p2p/swarm/address_book.hpp"

#include <gtest/gtest.h>

#include "p2p/identity/identity.hpp"
#include "p2p/swarm/ban_list.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;

constexpr TimePoint k_start{seconds{1000}};

Multiaddr address_of(std::string_view text) { return Multiaddr::parse(text).value(); }
Multiaddr numbered(std::size_t number) { return address_of("/ip4/192.0.2.1/tcp/" + std::to_string(number)); }

PeerId peer_of(std::size_t number) {
    Bytes bytes{0, 36, 8, 1, 18, 32};
    bytes.resize(38, 0);
    for (std::size_t i = 0; i < 4; ++i) bytes[6 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return PeerId::from_bytes(bytes).value();
}

class AddressBookTest : public ::testing::Test {
protected:
    std::vector<Multiaddr> addresses(TimePoint now = k_start) { return book_.addresses(peer_, now); }

    PeerId peer_ = peer_of(1);
    AddressBook book_;
};

TEST_F(AddressBookTest, PutsTheLatestFirst) {
    book_.learn(peer_, {numbered(1), numbered(2)}, false);
    book_.learn(peer_, {numbered(3), numbered(2)}, false);
    EXPECT_EQ(addresses(), (std::vector{numbered(3), numbered(2), numbered(1)}));
}

TEST_F(AddressBookTest, DropsThePeerAndRefusesThoseOfAnother) {
    auto const own = address_of("/ip4/192.0.2.1/tcp/1/p2p/" + peer_.text());
    auto const other = address_of("/ip4/192.0.2.1/tcp/2/p2p/" + peer_of(2).text());
    book_.learn(peer_, {own, other, address_of("/p2p/" + peer_.text())}, false);
    EXPECT_EQ(addresses(), std::vector{numbered(1)});
}

TEST_F(AddressBookTest, KeepsSixteenOfSeventeen) {
    for (std::size_t i = 1; i <= k_book_addresses_per_peer_max; ++i) book_.learn(peer_, {numbered(i)}, false);
    EXPECT_EQ(addresses().size(), k_book_addresses_per_peer_max);
    EXPECT_EQ(addresses().back(), numbered(1));
    book_.learn(peer_, {numbered(99)}, false);
    EXPECT_EQ(addresses().size(), k_book_addresses_per_peer_max);
    EXPECT_EQ(addresses().front(), numbered(99));
    EXPECT_EQ(addresses().back(), numbered(2));
}

TEST_F(AddressBookTest, LetsASignedListReplaceAllAndGiveWayToNone) {
    book_.learn(peer_, {numbered(1)}, false);
    std::vector<Multiaddr> list;
    for (std::size_t i = 2; i < 2 + k_book_addresses_per_peer_max; ++i) list.push_back(numbered(i));
    book_.learn(peer_, list, true);
    EXPECT_EQ(addresses(), list);
    book_.learn(peer_, {numbered(99)}, false);
    EXPECT_EQ(addresses(), list);
    book_.learn(peer_, {numbered(50)}, true);
    book_.learn(peer_, {numbered(51)}, false);
    EXPECT_EQ(addresses(), (std::vector{numbered(50), numbered(51)}));
}

TEST_F(AddressBookTest, RestsAnAddressLongerEachTimeItFails) {
    book_.learn(peer_, {numbered(1), numbered(2)}, false);
    auto now = k_start;
    for (auto const rest : {5, 10, 20, 40, 80, 160, 300, 300}) {
        book_.on_failed(peer_, numbered(1), now);
        EXPECT_TRUE(book_.is_backing_off(peer_, numbered(1), now + seconds{rest} - std::chrono::milliseconds{1}));
        EXPECT_FALSE(book_.is_backing_off(peer_, numbered(1), now + seconds{rest}));
        EXPECT_EQ(addresses(now), std::vector{numbered(2)});
        now += seconds{rest};
    }
    book_.on_connected(peer_, numbered(1));
    EXPECT_EQ(addresses(k_start), (std::vector{numbered(1), numbered(2)}));
}

TEST_F(AddressBookTest, KeepsAsManyPeersAsAllowedAndTheSignedOnesLongest) {
    book_.learn(peer_of(0), {numbered(1)}, true);
    for (std::size_t i = 1; i < k_book_peers_max; ++i) book_.learn(peer_of(i), {numbered(1)}, false);
    EXPECT_EQ(book_.peer_count(), k_book_peers_max);
    EXPECT_FALSE(book_.addresses(peer_of(1), k_start).empty());

    book_.learn(peer_of(k_book_peers_max), {numbered(1)}, false);

    EXPECT_EQ(book_.peer_count(), k_book_peers_max);
    EXPECT_TRUE(book_.addresses(peer_of(1), k_start).empty());
    EXPECT_FALSE(book_.addresses(peer_of(2), k_start).empty());
    EXPECT_FALSE(book_.addresses(peer_of(0), k_start).empty());
}

TEST(BanListTest, EndsInTimeAndKeepsTheLaterEnd) {
    BanList<int> bans;
    bans.add(7, k_start + seconds{10});
    bans.add(7, k_start + seconds{5});
    EXPECT_TRUE(bans.contains(7, k_start + seconds{9}));
    EXPECT_FALSE(bans.contains(7, k_start + seconds{10}));
    EXPECT_EQ(bans.size(), 0U);
}

TEST(BanListTest, KeepsAsManyAsAllowed) {
    BanList<std::size_t> bans;
    for (std::size_t i = 0; i < k_bans_max; ++i) bans.add(i, k_start + seconds{100 + static_cast<int>(i)});
    EXPECT_EQ(bans.size(), k_bans_max);
    EXPECT_TRUE(bans.contains(0, k_start));
    bans.add(k_bans_max, k_start + seconds{1'000'000});
    EXPECT_EQ(bans.size(), k_bans_max);
    EXPECT_FALSE(bans.contains(0, k_start));
    EXPECT_TRUE(bans.contains(1, k_start));
    bans.remove(1);
    EXPECT_FALSE(bans.contains(1, k_start));
}

}  // namespace
}  // namespace ggen::p2p
