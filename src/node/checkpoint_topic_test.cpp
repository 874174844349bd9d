#include "node/checkpoint_topic.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "registry/fork_evidence.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;

struct Log {
    explicit Log(std::uint64_t seed = 1) : random(seed), key(make()) {}
    merkle::SignerKey make() {
        return merkle::SignerKey::create("example/main", Ed25519PrivateKey::generate(random)).value();
    }
    std::string note(std::uint64_t size, std::string_view history = "one") const {
        merkle::Note note{merkle::Checkpoint{"example/main", size, sha256(as_bytes(history))}.text(), {}};
        note.sign(key);
        return note.print();
    }
    testing::SeededRandom random;
    merkle::SignerKey key;
};

TEST(CheckpointTopicTest, NewerCheckpointsOfTheLogAloneGoOn) {
    Log const log;
    CheckpointTopic topic{log.key.verifier(), 5};
    TimePoint const now{};

    EXPECT_EQ(topic.judge(as_bytes(log.note(6)), now), Verdict::accept);
    EXPECT_EQ(topic.size(), 6U);
    EXPECT_EQ(topic.judge(as_bytes(log.note(6)), now), Verdict::ignore);
    EXPECT_EQ(topic.judge(as_bytes(log.note(3)), now), Verdict::ignore);
    EXPECT_EQ(topic.judge(as_bytes(Log{2}.note(9)), now), Verdict::reject);
    EXPECT_EQ(topic.judge(as_bytes("hello"), now), Verdict::reject);
    EXPECT_EQ(topic.judge(Bytes(merkle::k_checkpoint_bytes_max + 1), now), Verdict::reject);
    EXPECT_EQ(topic.size(), 6U);
}

TEST(CheckpointTopicTest, ABurstOfThreeThenOneInTenSeconds) {
    Log const log;
    CheckpointTopic topic{log.key.verifier(), 0};
    TimePoint const now{};
    for (std::uint64_t size = 1; size <= 3; ++size) {
        EXPECT_EQ(topic.judge(as_bytes(log.note(size)), now), Verdict::accept);
    }

    EXPECT_EQ(topic.judge(as_bytes(log.note(4)), now + seconds{9}), Verdict::ignore);
    EXPECT_EQ(topic.judge(as_bytes(log.note(5)), now + seconds{11}), Verdict::accept);
    EXPECT_EQ(topic.judge(as_bytes(log.note(6)), now + seconds{12}), Verdict::ignore);
}

TEST(CheckpointTopicTest, SignedCheckpointsThatAreNotLargerAreToldOfNowAndThen) {
    Log const log;
    CheckpointTopic topic{log.key.verifier(), 5};
    std::vector<std::string> told;
    topic.on_older([&](std::string note) { told.push_back(std::move(note)); });
    TimePoint const now{};

    EXPECT_EQ(topic.judge(as_bytes(log.note(5, "another")), now), Verdict::ignore);
    EXPECT_EQ(topic.judge(as_bytes(Log{2}.note(5)), now), Verdict::reject);
    EXPECT_EQ(told, std::vector<std::string>{log.note(5, "another")});
    for (int i = 0; i < 100; ++i) EXPECT_EQ(topic.judge(as_bytes(log.note(4)), now), Verdict::ignore);
    EXPECT_EQ(told.size(), 3U);
}

TEST(CheckpointTopicTest, EvidenceOfAForkGoesOnOnceAndEndsTheNewsOfTheLog) {
    Log const log;
    CheckpointTopic topic{log.key.verifier(), 5};
    std::vector<std::string> told;
    topic.on_fork([&](std::string document) { told.push_back(std::move(document)); });
    auto const fork = [&](Log const& of) {
        return make_fork_evidence(of.key.verifier(), of.note(4, "one"), of.note(4, "two"), sha256(as_bytes("two")), {})
            .value()
            .document();
    };
    TimePoint const now{};

    EXPECT_EQ(topic.judge(as_bytes(fork(Log{2})), now), Verdict::reject);
    EXPECT_EQ(topic.judge(as_bytes("{}"), now), Verdict::reject);
    EXPECT_EQ(topic.judge(as_bytes(log.note(6)), now), Verdict::accept);
    EXPECT_TRUE(told.empty());

    EXPECT_EQ(topic.judge(as_bytes(fork(log)), now), Verdict::accept);
    EXPECT_EQ(topic.judge(as_bytes(fork(log)), now), Verdict::ignore);
    EXPECT_EQ(topic.judge(as_bytes(log.note(7)), now), Verdict::ignore);
    EXPECT_EQ(told, std::vector<std::string>{fork(log)});
    EXPECT_EQ(topic.size(), 6U);
}

}  // namespace
}  // namespace ggen::p2p
