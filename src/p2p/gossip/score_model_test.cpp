// The model check of the score's constants (CVE-2022-47547: with other constants a peer that forwards nothing keeps a
// positive score for ever). Every strategy is played against the real score function, second by second, at message
// rates from one in ten minutes to ten a second.
#include <gtest/gtest.h>

#include "p2p/gossip/options.hpp"
#include "p2p/gossip/score.hpp"
#include "p2p/gossip/testing/fake_host.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;

constexpr TopicKey k_topic = 1;
constexpr TimePoint k_start{seconds{1000}};
constexpr double k_mesh_size = 6;

/// What a mesh peer does with a message, as shares of all messages.
struct Strategy {
    char const* name;
    double forwards = 1;      ///< of the messages it should bring
    double invalid = 0;       ///< lies among what it brings
    double late = 0;          ///< of what it forwards, after the window
    double grafts_per_minute = 0;
    double broken_per_minute = 0;
};

/// Plays one peer in our mesh and remembers its score of every second.
class Model {
public:
    Model(Strategy const& strategy, double messages_per_second, std::uint64_t seed)
        : strategy_(strategy), rate_(messages_per_second), random_(seed), score_(options_.score),
          peer_(&score_.connect(testing::id_of(1), {}, k_start)) {
        score_.set_topic(k_topic, {});
        score_.graft(*peer_, k_topic, k_start);
    }

    void run(std::size_t seconds_count) {
        for (std::size_t i = 0; i < seconds_count; ++i) {
            ++second_;
            for (double left = rate_; left > 0; left -= 1) {
                if (left >= 1 || random_.chance(left)) on_message();
            }
            if (random_.chance(strategy_.grafts_per_minute / 60)) PeerScore::add_penalty(*peer_, 1);
            if (random_.chance(strategy_.broken_per_minute / 60)) PeerScore::add_penalty(*peer_, 1);
            score_.refresh(k_start + seconds{second_});
            scores_.push_back(score_.score(*peer_));
        }
    }
    [[nodiscard]] std::vector<double> const& scores() const { return scores_; }
    /// Second after which the score never was at `bound` or above again; all of them when it still is.
    [[nodiscard]] std::size_t below_since(double bound) const {
        std::size_t since = scores_.size();
        while (since > 0 && scores_[since - 1] < bound) --since;
        return since;
    }
    [[nodiscard]] std::size_t messages() const { return messages_; }

private:
    void on_message() {
        ++messages_;
        if (random_.chance(strategy_.invalid)) {
            score_.invalid_delivery(*peer_, k_topic);
            return;
        }
        bool const is_forwarded = random_.chance(strategy_.forwards);
        bool const is_late = is_forwarded && random_.chance(strategy_.late);
        // The mesh peers are the first with a message in turn; a probe meets each in turn too, if it is time.
        if (is_forwarded && !is_late && random_.chance(1 / k_mesh_size)) score_.first_delivery(*peer_, k_topic);
        auto const interval = std::chrono::duration_cast<seconds>(options_.probe_interval).count();
        if (second_ - last_probe_ < interval || !random_.chance(1 / k_mesh_size)) return;
        last_probe_ = second_;
        score_.probe(*peer_, k_topic, is_forwarded && !is_late);
    }

    Strategy strategy_;
    double rate_;
    SeededRandom random_;
    GossipOptions options_;
    PeerScore score_;
    PeerStats* peer_;
    std::int64_t second_ = 0;
    std::int64_t last_probe_ = -1000;
    std::size_t messages_ = 0;
    std::vector<double> scores_;
};

constexpr double k_rates[] = {1.0 / 600, 1.0 / 60, 1.0 / 5, 1, 10};

TEST(ScoreModelTest, EveryBadStrategySinksBelowZeroInBoundedTimeAndStaysThere) {
    for (auto const& strategy : {Strategy{.name = "silent", .forwards = 0},
                                 Strategy{.name = "half silent", .forwards = 0.5},
                                 Strategy{.name = "late", .late = 1}, Strategy{.name = "replaying", .forwards = 0}}) {
        for (double const rate : k_rates) {
            // Half silent ones are told from honest ones by numbers: they need more of them.
            bool const is_whole = strategy.forwards == 0 || strategy.late == 1;
            if (!is_whole && rate < 1.0 / 60) continue;
            for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                Model model{strategy, rate, seed};
                auto const seconds_max = static_cast<std::size_t>(std::max((is_whole ? 100 : 1000) / rate, 600.0));
                model.run(seconds_max * 3 / 2);
                EXPECT_LE(model.below_since(0), seconds_max) << strategy.name << " at " << rate << "/s, seed " << seed;
            }
        }
    }
}

TEST(ScoreModelTest, OneLieInAHundredSinksAPeer) {
    for (double const rate : {1.0 / 60, 1.0 / 5, 1.0, 10.0}) {
        for (std::uint64_t seed = 1; seed <= 2; ++seed) {
            Model model{{.name = "invalid", .invalid = 0.01}, rate, seed};
            auto const horizon = static_cast<std::size_t>(std::max(2000 / rate, 3600.0));
            model.run(horizon);
            std::size_t negative = 0;
            for (double const score : model.scores()) negative += score < 0 ? 1 : 0;
            EXPECT_GT(negative, horizon * 3 / 4) << rate << "/s, seed " << seed;
        }
    }
    Model liar{{.name = "invalid", .invalid = 1}, 1, 1};
    liar.run(5);
    EXPECT_LT(liar.scores().back(), ScoreThresholds{}.graylist);
}

TEST(ScoreModelTest, AnHonestPeerThatLosesFivePercentNeverFallsBelowZero) {
    for (double const rate : k_rates) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            Model model{{.name = "honest", .forwards = 0.95}, rate, seed};
            model.run(static_cast<std::size_t>(std::max(100 / rate, 3600.0)));
            auto const worst = *std::min_element(model.scores().begin(), model.scores().end());
            EXPECT_GE(worst, 0) << rate << " seed " << seed;
        }
    }
}

TEST(ScoreModelTest, SpammersOfGraftsAndEmptyPromisesAreGraylistedWithinMinutes) {
    for (auto const& strategy : {Strategy{.name = "grafts", .grafts_per_minute = 12},
                                 Strategy{.name = "promises", .broken_per_minute = 12}}) {
        Model model{strategy, 1, 1};
        model.run(1200);
        EXPECT_LE(model.below_since(ScoreThresholds{}.gossip), 300U) << strategy.name;
    }
}

TEST(ScoreModelTest, ASilentPeerFallsUnderTheGossipThresholdToo) {
    Model model{{.name = "silent", .forwards = 0}, 1, 1};
    model.run(1200);
    EXPECT_LE(model.below_since(ScoreThresholds{}.gossip), 300U);
}

}  // namespace
}  // namespace ggen::p2p
