#include "p2p/kad/lookup.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using testing::make_id;

enum class Kind : std::uint8_t { honest, liar, mute, dead };

/// Peers with tables of their own, asked by a lookup on a clock that jumps from answer to answer.
class Graph {
public:
    Graph(std::size_t count, std::uint64_t seed) : random_(seed) {
        for (std::size_t i = 0; i < count; ++i) {
            auto const contact = kad_contact(make_id(seed * 100'000 + i), {});
            keys_.push_back(contact.key);
            contacts_.emplace(contact.key, contact);
            kinds_.emplace(contact.key, Kind::honest);
        }
        for (auto const& self : keys_) {
            RoutingTable table(self);
            for (auto const& other : keys_) table.add(contacts_.at(other), 0, std::chrono::microseconds{0}, {});
            tables_.emplace(self, std::move(table));
        }
    }
    void set(std::size_t index, Kind kind) { kinds_.at(keys_[index]) = kind; }
    [[nodiscard]] std::vector<KadKey> honest_nearest(KadKey const& target, std::size_t count) const {
        std::vector<KadKey> keys;
        for (auto const& key : keys_) {
            if (kinds_.at(key) == Kind::honest) keys.push_back(key);
        }
        std::sort(keys.begin(), keys.end(), [&](KadKey const& a, KadKey const& b) {
            return kad_distance(a, target) < kad_distance(b, target);
        });
        keys.resize(std::min(count, keys.size()));
        return keys;
    }

    struct Outcome {
        bool is_done = false;
        std::size_t requests = 0;
        std::size_t at_once = 0;
        std::vector<KadKey> found;
    };
    /// Runs a lookup from peer `from` to its end.
    Outcome run(std::size_t from, KadKey const& target, LookupSettings const& settings) {
        Lookup lookup(target, settings);
        for (auto const* const entry : tables_.at(keys_[from]).closest(target, settings.goal, true))
            lookup.add_seed(entry->contact);
        std::multimap<TimePoint, KadKey> answers;
        std::set<KadKey> asked;
        TimePoint now{};
        Outcome outcome;
        for (int turns = 0; turns < 20'000; ++turns) {
            while (auto const* const next = lookup.next(now)) {
                EXPECT_TRUE(asked.insert(next->key).second) << "asked twice";
                lookup.set_patience(next->key, now + milliseconds{150}, now + milliseconds{400});
                if (kind_of(next->key) != Kind::mute) {
                    answers.emplace(now + milliseconds{10 + static_cast<std::int64_t>(random_.below(190))}, next->key);
                }
            }
            outcome.at_once = std::max(outcome.at_once, lookup.waiting_count());
            if (lookup.is_done()) break;
            auto const wake = lookup.wake_at();
            if (answers.empty() && !wake) break;
            if (!answers.empty() && (!wake || answers.begin()->first <= *wake)) {
                now = answers.begin()->first;
                answer(lookup, answers.begin()->second, target);
                answers.erase(answers.begin());
            } else {
                now = *wake;
            }
        }
        outcome.is_done = lookup.is_done();
        outcome.requests = asked.size();
        for (auto const* const contact : lookup.answered(settings.goal)) outcome.found.push_back(contact->key);
        return outcome;
    }
    [[nodiscard]] Kind kind_of(KadKey const& key) const {
        auto const at = kinds_.find(key);
        return at == kinds_.end() ? Kind::dead : at->second;  // invented by a liar
    }

private:
    void answer(Lookup& lookup, KadKey const& key, KadKey const& target) {
        std::vector<KadContact> closer;
        switch (kind_of(key)) {
            case Kind::mute: return;
            case Kind::dead: lookup.on_failure(key); return;
            case Kind::liar:
                for (int i = 0; i < 20; ++i) {  // nobody, and nearer to the target than anybody
                    auto invented = kad_contact(make_id(random_.next_u64()), {});
                    invented.key = kad_random_key(target, 30 + static_cast<unsigned>(random_.below(40)), random_);
                    closer.push_back(std::move(invented));
                }
                break;
            case Kind::honest:
                for (auto const* const entry : tables_.at(key).closest(target, 20, false))
                    closer.push_back(entry->contact);
                break;
        }
        EXPECT_TRUE(lookup.on_answer(key, std::move(closer)));
    }

    SeededRandom random_;
    std::vector<KadKey> keys_;
    std::map<KadKey, KadContact> contacts_;
    std::map<KadKey, RoutingTable> tables_;
    std::map<KadKey, Kind> kinds_;
};

TEST(LookupTest, FindsTheTrueClosestInRandomGraphs) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        Graph graph(140, seed);
        for (std::uint64_t i = 0; i < 5; ++i) {
            auto const target = kad_key_of(as_bytes("target " + std::to_string(i)));
            for (std::size_t const paths : {1U, 4U}) {
                LookupSettings settings;
                settings.paths = paths;
                auto const outcome = graph.run(0, target, settings);
                EXPECT_TRUE(outcome.is_done);
                EXPECT_TRUE(outcome.found == graph.honest_nearest(target, 20));
                EXPECT_LT(outcome.requests, 120U);
            }
        }
    }
}

TEST(LookupTest, ToleratesTheDeadTheMuteAndLiars) {
    for (auto const& [kind, share] :
         {std::pair{Kind::dead, 30U}, std::pair{Kind::mute, 30U}, std::pair{Kind::liar, 15U}}) {
        std::size_t right = 0;
        std::size_t wanted = 0;
        for (std::uint64_t seed = 1; seed <= 2; ++seed) {
            Graph graph(140, seed);
            for (std::size_t i = 1; i < 140; ++i) {
                if ((i * 7919) % 100 < share) graph.set(i, kind);
            }
            for (std::uint64_t i = 0; i < 4; ++i) {
                auto const target = kad_key_of(as_bytes("target " + std::to_string(i)));
                auto const outcome = graph.run(0, target, {});
                EXPECT_TRUE(outcome.is_done);
                EXPECT_LE(outcome.requests, k_kad_lookup_requests_max);
                auto const expected = graph.honest_nearest(target, 10);
                for (auto const& key : expected) {
                    right +=
                        std::find(outcome.found.begin(), outcome.found.end(), key) != outcome.found.end() ? 1U : 0U;
                }
                wanted += expected.size();
            }
        }
        // Nearly all of the ten nearest honest peers are among the twenty.
        EXPECT_GE(static_cast<double>(right), 0.9 * static_cast<double>(wanted)) << static_cast<int>(kind);
    }
}

TEST(LookupTest, EndsWhenNobodyAnswersAndWhenThereIsNobody) {
    Lookup empty(KadKey{}, {});
    EXPECT_EQ(empty.next({}), nullptr);
    EXPECT_TRUE(empty.is_done());
    Graph graph(60, 1);
    for (std::size_t i = 1; i < 60; ++i) graph.set(i, Kind::dead);
    auto const outcome = graph.run(0, kad_key_of(as_bytes("x")), {});
    EXPECT_TRUE(outcome.is_done);
    EXPECT_TRUE(outcome.found.empty());
}

TEST(LookupTest, AsksNoMoreAtOnceThanItMayUntilItStalls) {
    LookupSettings settings;
    settings.parallel = 3;
    settings.paths = 1;
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < 20; ++i) lookup.add_seed(kad_contact(make_id(i), {}));
    std::vector<KadKey> asked;
    while (auto const* const next = lookup.next({})) asked.push_back(next->key);
    EXPECT_EQ(asked.size(), 3U);
    for (auto const& key : asked) lookup.on_answer(key, {});
    std::size_t more = 0;
    while (lookup.next({}) != nullptr) ++more;
    EXPECT_EQ(more, 17U);  // three answers that brought nobody nearer: the rest of the goal at once
}

TEST(LookupTest, ALateAnswerCountsAndAFreedPlaceIsUsed) {
    LookupSettings settings;
    settings.parallel = 1;
    settings.paths = 1;
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < 3; ++i) lookup.add_seed(kad_contact(make_id(i), {}));
    auto const first = lookup.next({})->key;
    lookup.set_patience(first, TimePoint{} + milliseconds{10}, TimePoint{} + milliseconds{100});
    EXPECT_EQ(lookup.next({}), nullptr);
    EXPECT_EQ(lookup.wake_at(), TimePoint{} + milliseconds{10});
    auto const second = lookup.next(TimePoint{} + milliseconds{10})->key;
    EXPECT_NE(first, second);
    EXPECT_EQ(lookup.wake_at(), TimePoint{} + milliseconds{100});
    (void)lookup.next(TimePoint{} + milliseconds{100});
    EXPECT_TRUE(lookup.on_answer(first, {}));
    EXPECT_FALSE(lookup.on_answer(first, {}));  // once
    EXPECT_EQ(lookup.answered(20).size(), 1U);
    EXPECT_FALSE(lookup.on_answer(kad_key_of(as_bytes("stranger")), {}));
}

TEST(LookupTest, PatienceEndsAlsoWhenAllRequestsAreUsed) {
    LookupSettings settings;
    settings.parallel = k_kad_lookup_requests_max;
    settings.goal = k_kad_lookup_requests_max + 10;
    settings.paths = 1;
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < settings.goal; ++i) lookup.add_seed(kad_contact(make_id(i), {}));
    std::size_t asked = 0;
    while (auto const* const next = lookup.next({})) {
        lookup.set_patience(next->key, TimePoint{} + milliseconds{10}, TimePoint{} + milliseconds{100});
        ++asked;
    }
    EXPECT_EQ(asked, k_kad_lookup_requests_max);
    auto const later = TimePoint{} + milliseconds{10};
    EXPECT_EQ(lookup.next(later), nullptr);
    EXPECT_GT(lookup.wake_at(), later) << "the same moment again and again";
}

TEST(LookupTest, HintsAreOnePathsAlone) {
    LookupSettings settings;
    settings.paths = 2;
    settings.parallel = 4;
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < 8; ++i) lookup.add_seed(kad_contact(make_id(i), {}));
    std::set<KadKey> hints;
    for (std::uint64_t i = 100; i < 120; ++i) {
        auto contact = kad_contact(make_id(i), {});
        contact.key.words[0] = i;  // nearer than anybody
        hints.insert(contact.key);
        lookup.add_hint(std::move(contact));
    }
    std::size_t asked_hints = 0;
    std::size_t asked_seeds = 0;
    while (auto const* const next = lookup.next({})) (hints.contains(next->key) ? asked_hints : asked_seeds)++;
    EXPECT_EQ(asked_hints, 2U);
    EXPECT_EQ(asked_seeds, 2U);
}

TEST(LookupTest, AsksTheQuickestOfThoseThatAreNearEnough) {
    LookupSettings settings;
    settings.paths = 1;
    settings.parallel = 2;
    settings.likely = {{50, 0, 0, 0}};
    settings.cost = [](KadKey const& peer) { return std::chrono::microseconds{1'000 - peer.words[0]}; };
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < 10; ++i) {
        auto contact = kad_contact(make_id(i), {});
        contact.key = {{10 + i * 10, 0, 0, 0}};  // 10 to 50 are near enough, 60 to 100 are not, however quick
        lookup.add_seed(std::move(contact));
    }
    EXPECT_EQ(lookup.next({})->key.words[0], 50U);
    EXPECT_EQ(lookup.next({})->key.words[0], 40U);
}

TEST(LookupTest, LikelyHoldersAreAskedBesideWhatAPathMay) {
    LookupSettings settings;
    settings.paths = 4;
    settings.parallel = 4;
    settings.likely = {{80, 0, 0, 0}};
    settings.parallel_likely = 6;
    settings.cost = [](KadKey const&) { return std::chrono::microseconds{1}; };
    Lookup lookup({}, settings);
    for (std::uint64_t i = 0; i < 10; ++i) {
        auto contact = kad_contact(make_id(i), {});
        contact.key = {{10 + i * 10, 0, 0, 0}};  // eight likely ones, two farther
        lookup.add_hint(std::move(contact));     // one path alone knows them
    }
    std::vector<KadKey> asked;
    while (auto const* const next = lookup.next({})) asked.push_back(next->key);
    ASSERT_EQ(asked.size(), 6U);
    lookup.on_failure(asked[0]);
    lookup.on_failure(asked[1]);
    lookup.on_failure(asked[2]);
    std::size_t more = 0;
    while (lookup.next({}) != nullptr) ++more;
    EXPECT_EQ(more, 2U);  // the two likely ones that are left; the farther ones wait for the path's own turn
}

TEST(LookupTest, APathLearnsOnlyFromThosePeersThatItAsked) {
    LookupSettings settings;
    settings.paths = 2;
    settings.parallel = 2;
    Lookup lookup({}, settings);
    auto const liar = kad_contact(make_id(1), {});
    auto const honest = kad_contact(make_id(2), {});
    lookup.add_seed(liar);
    lookup.add_seed(honest);
    (void)lookup.next({});
    (void)lookup.next({});
    std::vector<KadContact> invented;
    for (std::uint64_t i = 100; i < 120; ++i) {
        auto contact = kad_contact(make_id(i), {});
        contact.key.words[0] = 0;  // nearer than anybody
        invented.push_back(contact);
    }
    std::vector<KadContact> real{kad_contact(make_id(50), {})};
    ASSERT_TRUE(lookup.on_answer(liar.key, invented));
    ASSERT_TRUE(lookup.on_answer(honest.key, real));
    // The honest path goes on to its own peer although twenty seem to be nearer.
    std::set<KadKey> asked;
    for (int i = 0; i < 2; ++i) asked.insert(lookup.next({})->key);
    EXPECT_TRUE(asked.contains(real[0].key));
}

TEST(LookupTest, IsBoundedWhateverItIsTold) {
    SeededRandom random(5);
    Lookup lookup({}, {});
    for (std::uint64_t i = 0; i < 20; ++i) lookup.add_seed(kad_contact(make_id(i), {}));
    std::size_t requests = 0;
    TimePoint now{};
    while (requests < 10'000) {
        auto const* const next = lookup.next(now);
        if (next == nullptr) break;
        ++requests;
        auto const key = next->key;
        std::vector<KadContact> closer;
        for (int i = 0; i < 40; ++i) {
            auto contact = kad_contact(make_id(random.next_u64()), {});
            contact.key.words[0] >>= 20U + requests / 8;  // always somebody nearer
            closer.push_back(contact);
        }
        lookup.on_answer(key, std::move(closer));
    }
    EXPECT_LE(requests, k_kad_lookup_requests_max);
    EXPECT_TRUE(lookup.is_done());
    EXPECT_LE(lookup.hopeful(100'000).size(), k_kad_lookup_candidates_max);
}

}  // namespace
}  // namespace ggen::p2p
