// What attackers gain against the ledger and the selection, in 200 peers of which 60 are theirs.
#include "p2p/reputation/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <set>

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint k_start{hours{100'000}};
constexpr std::size_t k_slots = 10;

PeerId id_of(std::uint32_t number) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(6 + 32);
    for (std::size_t i = 0; i < 4; ++i) bytes[6 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    return PeerId::from_bytes(bytes).value();
}

Candidate candidate(std::uint32_t number, std::uint32_t network) {
    auto const text = "/ip4/" + std::to_string(11 + network / 250) + "." + std::to_string(network % 250) + ".1.1/tcp/1";
    return {id_of(number), Multiaddr::parse(text).value()};
}

TEST(SelectionTest, BestFirstWithAShareForStrangersAndNoneForTheBanned) {
    Ledger ledger;
    std::vector<Candidate> all;
    all.reserve(40);
    for (std::uint32_t i = 0; i < 40; ++i) all.push_back(candidate(i, i));
    for (std::uint32_t i = 0; i < 15; ++i) ledger.on_useful_bytes(id_of(i), (2 + i) * k_mib, seconds{1}, k_start);
    ledger.on_conduct(id_of(20), Conduct::timeout, 5, k_start);
    ledger.on_lie(id_of(14), k_start);
    SeededRandom random{1};
    auto const chosen = select_peers(ledger, all, k_slots, random, k_start);
    ASSERT_EQ(chosen.size(), k_slots);
    for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(chosen[i], id_of(13 - i));
    for (std::size_t i = 8; i < k_slots; ++i) EXPECT_TRUE(ledger.standing(chosen[i], k_start).is_stranger);
    auto const everybody = select_peers(ledger, all, 100, random, k_start);
    EXPECT_EQ(everybody.size(), 39U);
    EXPECT_EQ(everybody.back(), id_of(20));
}

TEST(SelectionTest, TakesTwoOfANetworkHoweverGoodTheyAre) {
    Ledger ledger;
    std::vector<Candidate> all;
    for (std::uint32_t i = 0; i < 20; ++i) {
        all.push_back(candidate(i, 0));
        ledger.on_useful_bytes(id_of(i), 50 * k_mib, seconds{1}, k_start);
    }
    SeededRandom random{1};
    EXPECT_EQ(select_peers(ledger, all, k_slots, random, k_start).size(), k_slots_per_network);
}

/// One virtual network: each second the best selection is asked for one chunk each.
class Market {
public:
    enum class Attack { whitewash, sleeper, praise_ring, badmouth, traitor_networks };
    static constexpr std::array k_attacks = {Attack::whitewash, Attack::sleeper, Attack::praise_ring, Attack::badmouth,
                                             Attack::traitor_networks};
    static constexpr std::array k_names = {"whitewash", "sleepers", "praise ring", "badmouthing", "traitor networks"};
    static constexpr std::uint32_t k_peers = 200;
    static constexpr std::uint32_t k_attackers = 60;

    explicit Market(Attack attack) : attack_(attack) {
        for (std::uint32_t i = 0; i < k_peers; ++i) {
            bool const is_bad = i < k_attackers;
            // Attackers of the third kind hold 20 networks; everybody else has one alone.
            auto const network = is_bad && attack == Attack::traitor_networks ? i / 3 : 1000 + i;
            peers_.push_back({candidate(i, network), is_bad});
        }
    }

    void run(std::size_t seconds_count) {
        for (std::size_t i = 0; i < seconds_count; ++i) second();
    }
    /// An honest peer that nobody knows comes in.
    PeerId add_newcomer() {
        auto const at = candidate(next_id_++, 5000);
        peers_.push_back({at, false});
        return at.peer;
    }
    void reset_counts() { asked_ = wasted_ = 0; }
    [[nodiscard]] double wasted_share() const { return static_cast<double>(wasted_) / static_cast<double>(asked_); }

    std::set<PeerId> false_bans_;
    std::map<PeerId, std::size_t> served_;  // Seconds in which a peer had a slot.

private:
    struct Peer {
        Candidate at;
        bool is_bad;
    };

    void second() {
        now_ += seconds{1};
        ++tick_;
        std::vector<Candidate> all;
        for (auto& peer : peers_) {
            // Praise of each other, and blame of us, reach nobody: there is no message for either. What can be told of
            // a peer is evidence that verifies by itself; false evidence is the fault of who brings it.
            if (peer.is_bad && attack_ == Attack::badmouth && tick_ % 60 == 30) {
                ledger_.on_conduct(peer.at.peer, Conduct::invalid_data, 1, now_);
            }
            bool const may_leave = attack_ != Attack::sleeper && attack_ != Attack::praise_ring;
            if (peer.is_bad && may_leave && tick_ % 60 == 0) {
                auto const address = peer.at.address;
                peer.at = {id_of(next_id_++), address};  // A new name each minute.
                ledger_.on_connected(peer.at.peer, address, now_);
            }
            all.push_back(peer.at);
        }
        for (auto const& id : select_peers(ledger_, all, k_slots, random_, now_)) {
            auto const is_it = [&](Peer const& peer) { return peer.at.peer == id; };
            auto const at = std::find_if(peers_.begin(), peers_.end(), is_it);
            ++asked_;
            ++served_[id];
            // A ring is honest among its members and towards us until it is trusted, each lying once in a while.
            bool const is_lying =
                at->is_bad && (attack_ == Attack::sleeper       ? tick_ > 300
                               : attack_ == Attack::praise_ring ? tick_ > 300 && random_.chance(0.1)
                                                                : true);
            if (is_lying) {
                ++wasted_;
                ledger_.on_lie(id, now_);
            } else if (random_.chance(0.02)) {
                ledger_.on_conduct(id, Conduct::timeout, 1, now_);
            } else {
                ledger_.on_useful_bytes(id, 256 * k_kib, std::chrono::milliseconds{100}, now_);
            }
            if (!at->is_bad && ledger_.is_banned(id, now_)) false_bans_.insert(id);
        }
    }

    Attack attack_;
    Ledger ledger_;
    SeededRandom random_{3};
    TimePoint now_ = k_start;
    std::size_t tick_ = 0;
    std::uint32_t next_id_ = 10'000;
    std::vector<Peer> peers_;
    std::size_t asked_ = 0;
    std::size_t wasted_ = 0;
};

TEST(SelectionTest, AfterTenMinutesAttackersWasteLessThanAFewPercent) {
    for (auto const attack : Market::k_attacks) {
        Market market{attack};
        market.run(600);
        market.reset_counts();
        market.run(300);
        auto const* const name = Market::k_names[static_cast<std::size_t>(attack)];
        std::printf("%s: %.2f %% of requests wasted after ten minutes, %zu false bans\n", name,
                    100 * market.wasted_share(), market.false_bans_.size());
        EXPECT_LT(market.wasted_share(), 0.05) << name;
        EXPECT_TRUE(market.false_bans_.empty()) << name;
    }
}

TEST(SelectionTest, AnHonestNewcomerIsServedWithinFiveMinutes) {
    for (auto const attack : Market::k_attacks) {
        Market market{attack};
        market.run(600);
        auto const newcomer = market.add_newcomer();
        std::size_t waited = 0;
        while (market.served_[newcomer] == 0 && waited < 300) {
            market.run(1);
            ++waited;
        }
        auto const* const name = Market::k_names[static_cast<std::size_t>(attack)];
        std::printf("%s: a newcomer is served after %zu s\n", name, waited);
        EXPECT_GT(market.served_[newcomer], 0U);
    }
}

}  // namespace
}  // namespace ggen::p2p
