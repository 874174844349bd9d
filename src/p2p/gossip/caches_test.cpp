#include <gtest/gtest.h>

#include "p2p/gossip/backoff.hpp"
#include "p2p/gossip/message_cache.hpp"
#include "p2p/gossip/seen_cache.hpp"
#include "p2p/gossip/send_queue.hpp"
#include "p2p/gossip/testing/fake_host.hpp"
#include "p2p/gossip/wants.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::id_of;

constexpr TimePoint k_start{seconds{1000}};

MessagePtr message_of(std::string const& id, std::string const& topic = "t", std::size_t bytes = 10) {
    Bytes const data(bytes, 1);
    RpcMessage message;
    auto const raw = encode_message(topic, data);
    message.raw = raw;
    message.topic = topic;
    return Message::from_rpc(message, id).value();
}

Block block_of(std::size_t bytes) { return std::make_shared<Bytes const>(bytes); }

TEST(SeenCacheTest, ForgetsAtTheEndOfTheTimeAndTheOldestAtTheLimit) {
    SeenCache seen{seconds{120}, 3, 1};
    seen.insert("a", k_start);
    seen.insert("b", k_start + seconds{1});
    seen.expire(k_start + seconds{119});
    EXPECT_TRUE(seen.contains("a"));
    seen.expire(k_start + seconds{120});
    EXPECT_FALSE(seen.contains("a"));
    EXPECT_TRUE(seen.contains("b"));
    for (auto const* id : {"c", "d", "e"}) seen.insert(id, k_start + seconds{121});
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_FALSE(seen.contains("b"));
    seen.forget("d");
    EXPECT_EQ(seen.find("d"), nullptr);
    EXPECT_NE(seen.find("e"), nullptr);
}

TEST(MessageCacheTest, TellsOfTheNewWindowsAndKeepsTheOthers) {  // go: TestMessageCache
    MessageCache cache{5, 3, k_mib, 1};
    for (int window = 0; window < 6; ++window) {
        cache.put(message_of("m" + std::to_string(window)));
        if (window < 5) cache.shift();
    }
    EXPECT_EQ(cache.find("m0"), nullptr);
    EXPECT_NE(cache.find("m1"), nullptr);
    EXPECT_EQ(cache.gossip_ids("t"), (std::vector<MessageId>{"m5", "m4", "m3"}));
    EXPECT_TRUE(cache.gossip_ids("other").empty());
    EXPECT_EQ(cache.size(), 5U);
    for (int i = 0; i < 5; ++i) cache.shift();
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.size_bytes(), 0U);
}

TEST(MessageCacheTest, CountsHowOftenEachPeerIsServed) {
    MessageCache cache{5, 3, k_mib, 1};
    cache.put(message_of("m"));
    cache.put(message_of("m"));
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.count_served("m", 1), 1U);
    EXPECT_EQ(cache.count_served("m", 1), 2U);
    EXPECT_EQ(cache.count_served("m", 2), 1U);
}

TEST(MessageCacheTest, DropsTheOldestOverItsBytes) {
    MessageCache cache{5, 3, 3000, 1};
    for (int i = 0; i < 10; ++i) {
        cache.put(message_of("m" + std::to_string(i), "t", 900));
        if (i % 2 == 0) cache.shift();
        EXPECT_LE(cache.size_bytes(), 3000U);
    }
    EXPECT_NE(cache.find("m9"), nullptr);
    EXPECT_EQ(cache.find("m0"), nullptr);
    cache.put(message_of("huge", "t", 4000));
    EXPECT_EQ(cache.size(), 0U);
}

TEST(WantsTest, AsksOneAtATimeAndTheNextOneWhenNothingComes) {
    Wants wants{{milliseconds{50}, seconds{1}, seconds{3}}, 10, 1};
    ASSERT_TRUE(wants.announce("m", 1));
    wants.asked("m", 1, true, k_start);
    EXPECT_FALSE(wants.announce("m", 2));
    EXPECT_FALSE(wants.announce("m", 1));
    std::vector<PeerSerial> asked;
    std::vector<PeerSerial> broken;
    auto const check = [&](TimePoint now) {
        wants.check(
            now,
            [&](MessageId const&, PeerSerial peer) {
                asked.push_back(peer);
                return true;
            },
            [&](PeerSerial peer) { broken.push_back(peer); });
    };
    EXPECT_EQ(wants.next_check(), k_start + seconds{1});
    check(k_start + milliseconds{999});
    EXPECT_TRUE(asked.empty());
    check(k_start + seconds{1});
    EXPECT_EQ(asked, std::vector<PeerSerial>{2});
    check(k_start + seconds{2});
    EXPECT_TRUE(broken.empty());
    check(k_start + seconds{3});
    EXPECT_EQ(broken, std::vector<PeerSerial>{1});
    check(k_start + seconds{4});
    EXPECT_EQ(broken, (std::vector<PeerSerial>{1, 2}));
    EXPECT_EQ(wants.size(), 0U);
    EXPECT_FALSE(wants.next_check());
}

TEST(WantsTest, BlamesNobodyForWhatCame) {
    Wants wants{{milliseconds{50}, seconds{1}, seconds{3}}, 10, 1};
    wants.asked("m", 1, true, k_start);
    wants.ask_later("late", 2, k_start);
    wants.fulfil("m");
    wants.check(
        k_start + seconds{9}, [](MessageId const&, PeerSerial) { return false; },  // The second has gone.
        [](PeerSerial) { ADD_FAILURE(); });
    EXPECT_EQ(wants.size(), 0U);
}

TEST(WantsTest, WaitsForAPushBeforeTheFirstQuestion) {
    Wants wants{{milliseconds{50}, seconds{1}, seconds{3}}, 10, 1};
    wants.ask_later("m", 2, k_start);
    EXPECT_EQ(wants.next_check(), k_start + milliseconds{50});
    std::vector<PeerSerial> asked;
    wants.check(
        k_start + milliseconds{50},
        [&](MessageId const&, PeerSerial peer) {
            asked.push_back(peer);
            return true;
        },
        [](PeerSerial) {});
    EXPECT_EQ(asked, std::vector<PeerSerial>{2});
}

TEST(WantsTest, TakesNoMoreThanItsLimit) {
    Wants wants{{milliseconds{50}, seconds{1}, seconds{3}}, 2, 1};
    wants.asked("a", 1, true, k_start);
    EXPECT_TRUE(wants.announce("b", 1));
    wants.asked("b", 1, true, k_start);
    EXPECT_FALSE(wants.announce("c", 1));
}

TEST(BackoffsTest, OnlyGrowAndEnd) {
    Backoffs backoffs{10};
    backoffs.extend(id_of(1), k_start + seconds{60});
    backoffs.extend(id_of(1), k_start + seconds{10});
    EXPECT_EQ(backoffs.end_of(id_of(1)), k_start + seconds{60});
    EXPECT_EQ(backoffs.end_of(id_of(2)), TimePoint{});
    backoffs.expire(k_start + seconds{59});
    EXPECT_EQ(backoffs.size(), 1U);
    backoffs.expire(k_start + seconds{60});
    EXPECT_EQ(backoffs.size(), 0U);
}

TEST(BackoffsTest, AtTheLimitThoseThatEndFirstGoFirst) {
    Backoffs backoffs{2};
    backoffs.extend(id_of(1), k_start + seconds{2});
    backoffs.extend(id_of(2), k_start + seconds{1});
    backoffs.extend(id_of(3), k_start + seconds{3});
    EXPECT_EQ(backoffs.size(), 2U);
    EXPECT_EQ(backoffs.end_of(id_of(2)), TimePoint{});
}

TEST(SendQueueTest, SendsTheMostImportantFirst) {
    SendQueue queue;
    EXPECT_TRUE(queue.push(SendClass::gossip, block_of(1), nullptr, k_start));
    EXPECT_TRUE(queue.push(SendClass::forward, block_of(2), nullptr, k_start));
    EXPECT_TRUE(queue.push(SendClass::own, block_of(3), nullptr, k_start));
    EXPECT_TRUE(queue.push(SendClass::control, block_of(4), nullptr, k_start));
    for (std::size_t size = 4; size > 0; --size) EXPECT_EQ((*queue.pop(SIZE_MAX, k_start))->size(), size);
    EXPECT_TRUE(queue.is_empty());
    EXPECT_FALSE(queue.pop(SIZE_MAX, k_start));
}

TEST(SendQueueTest, DropsByAgeAndByClass) {
    SendQueue queue;
    for (auto const type : {SendClass::control, SendClass::own, SendClass::forward, SendClass::gossip}) {
        ASSERT_TRUE(queue.push(type, block_of(1), nullptr, k_start));
    }
    queue.drop_old(k_start + k_gossip_forward_age_max);
    EXPECT_EQ(queue.size_bytes(), 4U);
    queue.drop_old(k_start + k_gossip_forward_age_max + milliseconds{1});
    EXPECT_EQ(queue.size_bytes(), 2U);
    queue.drop_old(k_start + k_gossip_own_age_max + milliseconds{1});
    EXPECT_EQ(queue.size_bytes(), 1U);
    EXPECT_EQ(queue.take_dropped(), 3U);
    EXPECT_EQ(queue.take_dropped(), 0U);
}

TEST(SendQueueTest, HoldsItsBytesAndNoneMore) {
    SendQueue queue;
    EXPECT_TRUE(queue.push(SendClass::forward, block_of(k_gossip_queue_bytes_max), nullptr, k_start));
    EXPECT_FALSE(queue.push(SendClass::forward, block_of(1), nullptr, k_start));
    EXPECT_TRUE(queue.push(SendClass::own, block_of(1), nullptr, k_start));  // takes the place of the forwarded one
    EXPECT_EQ(queue.size_bytes(), 1U);
    EXPECT_TRUE(queue.push(SendClass::control, block_of(k_gossip_control_queue_bytes_max), nullptr, k_start));
    EXPECT_FALSE(queue.push(SendClass::control, block_of(1), nullptr, k_start));
    queue.clear();
    EXPECT_TRUE(queue.is_empty());
}

TEST(SendQueueTest, CancelsWhatIsNotWanted) {
    SendQueue queue;
    EXPECT_TRUE(queue.push(SendClass::own, block_of(5), message_of("a"), k_start));
    EXPECT_TRUE(queue.push(SendClass::forward, block_of(7), message_of("b"), k_start));
    queue.cancel("b");
    EXPECT_EQ(queue.size_bytes(), 5U);
    EXPECT_FALSE(queue.pop(4, k_start));
    EXPECT_EQ((*queue.pop(5, k_start))->size(), 5U);
}

}  // namespace
}  // namespace ggen::p2p
