#include "p2p/kad/contact_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

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

TEST(ContactBookTest, NamesTheNearestOfAll) {
    ContactBook book;
    std::vector<KadKey> keys;
    for (std::uint64_t number = 0; number < 300; ++number) {
        auto const one = contact(number);
        keys.push_back(one.key);
        book.hear(one, number + 1);
    }
    EXPECT_EQ(book.size(), 300U);  // no slot of four is full with so few
    for (std::uint64_t target = 1'000; target < 1'020; ++target) {
        auto const key = contact(target).key;
        std::sort(keys.begin(), keys.end(),
                  [&](KadKey const& a, KadKey const& b) { return kad_distance(a, key) < kad_distance(b, key); });
        auto const found = book.closest(key, 20);
        ASSERT_EQ(found.size(), 20U);
        for (std::size_t rank = 0; rank < found.size(); ++rank) EXPECT_EQ(found[rank].key, keys[rank]);
    }
}

TEST(ContactBookTest, HoldsNoMoreThanItsLimitAndPrefersWhoAnswered) {
    ContactBook book;
    constexpr std::uint64_t k_peers = k_kad_book_slots * k_kad_book_slot_peers * 2;
    std::size_t answered = 0;
    for (std::uint64_t number = 0; number < k_peers; ++number) {
        auto const one = contact(number);
        if (number % 8 == 0) {
            book.on_answer(one, 0, microseconds{5});
            ++answered;
        } else {
            book.hear(one, 0);
        }
    }
    EXPECT_LE(book.size(), k_kad_book_slots * k_kad_book_slot_peers);
    std::size_t kept = 0;
    for (std::uint64_t number = 0; number < k_peers; number += 8) kept += book.find(contact(number).key).has_value();
    // Only where five or more answered in one slot does one of them leave: one mean a slot, so hardly ever.
    EXPECT_GT(kept * 100, answered * 99);
}

TEST(ContactBookTest, TalkDoesNotDriveOutOrChangeWhatWasSeen) {
    ContactBook book;
    auto const seen = contact(1);
    book.on_answer(seen, 7, microseconds{100});
    constexpr auto k_slot_bits = static_cast<unsigned>(std::countr_zero(k_kad_book_slots));
    std::size_t invented = 0;
    for (std::uint64_t number = 100; invented < 20; ++number) {
        auto const one = contact(number);
        if (kad_common_bits(one.key, seen.key) < k_slot_bits) continue;  // of another slot
        book.hear(one, 0);
        ++invented;
    }
    book.hear(seen, 9);
    auto const note = book.find(seen.key);
    ASSERT_TRUE(note.has_value());
    EXPECT_TRUE(note->has_answered);
    EXPECT_EQ(note->group, 7U);
    book.on_answer(seen, 7, microseconds{300});
    EXPECT_EQ(book.find(seen.key)->round_trip, microseconds{100});
    EXPECT_EQ(book.size(), k_kad_book_slot_peers);
    book.forget(seen.key);
    EXPECT_FALSE(book.find(seen.key).has_value());
    EXPECT_EQ(book.size(), k_kad_book_slot_peers - 1);
}

TEST(ContactBookTest, NamesFewOfOneNeighbourhood) {
    ContactBook book;
    for (std::uint64_t number = 0; number < 60; ++number) book.hear(contact(number), number % 2 == 0 ? 5 : number + 10);
    auto const found = book.closest(contact(500).key, 20);
    ASSERT_EQ(found.size(), 20U);
    auto const crowd =
        std::count_if(found.begin(), found.end(), [&](auto const& one) { return book.find(one.key)->group == 5; });
    EXPECT_EQ(static_cast<std::size_t>(crowd), k_kad_bucket_peers_per_group_max);
}

TEST(ContactBookTest, GivesBackWhatWasPutIn) {
    ContactBook book;
    auto one = contact(1);
    book.hear(one, 3);
    auto found = book.closest(one.key, 1);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, one.id);
    EXPECT_EQ(found[0].key, one.key);
    EXPECT_EQ(found[0].addresses, one.addresses);
    EXPECT_FALSE(book.has_met(one.key));
    // It answers from elsewhere, then without saying where.
    std::vector<Multiaddr> const moved{make_address(2), make_address(3)};
    auto const elsewhere = kad_contact(one.id, AddressList::from(moved, 8));
    book.on_answer(elsewhere, 4, microseconds{0});
    book.on_answer(kad_contact(one.id, {}), 4, microseconds{7'000'000});
    found = book.closest(one.key, 1);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].addresses, elsewhere.addresses);
    EXPECT_EQ(book.find(one.key)->round_trip, microseconds{7'000'000});
    EXPECT_TRUE(book.has_met(one.key));
    EXPECT_EQ(book.size(), 1U);
    // Another form of id, and more time than there is room for.
    Bytes bytes{0x12, 0x20};
    bytes.resize(34, 7);
    auto const hashed = kad_contact(*PeerId::from_bytes(bytes), one.addresses);
    book.on_answer(hashed, 5, std::chrono::minutes{1});
    found = book.closest(hashed.key, 1);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, hashed.id);
    EXPECT_EQ(found[0].addresses, one.addresses);
    EXPECT_GT(book.find(hashed.key)->round_trip, std::chrono::seconds{16});
}

TEST(ContactBookTest, IsAsSmallAsItIsToldToBe) {
    ContactBook none{0};
    ContactBook small{1};
    for (std::uint64_t number = 0; number < 6'000; ++number) {
        none.hear(contact(number), 0);
        small.hear(contact(number), 0);
    }
    EXPECT_EQ(none.size(), 0U);
    EXPECT_LE(small.size(), k_kad_book_slots);
    EXPECT_GT(small.size(), k_kad_book_slots * 9 / 10);
}

TEST(ContactBookTest, KeepsNobodyWithoutAnAddress) {
    ContactBook book;
    book.hear(kad_contact(make_id(1), {}), 0);
    book.on_answer(kad_contact(make_id(1), {}), 0, microseconds{1});
    EXPECT_EQ(book.size(), 0U);
}

}  // namespace
}  // namespace ggen::p2p
