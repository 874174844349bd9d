#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/wake_event.hpp"
#include "net/daemon/followed_log.hpp"
#include "net/p2p/node.hpp"

namespace ggen::p2p {

/// How often evidence is told again to who comes late to the topic of a log.
inline constexpr std::chrono::seconds k_evidence_interval{30};

/// Forks of followed logs: checkpoints that may be of another history are held against the mirror, evidence that peers
/// found is kept, and what was found here is told once, and again to late subscribers. The calls on what came are for
/// any thread and do little; the rest is for the one that writes mirrors.
class ForkNews {
public:
    /// `wake` is called when something came to work on.
    ForkNews(Node& node, Logger& log, WakeEvent const& wake) : node_(node), log_(log), wake_(wake) {}

    /// Listens to its topic. Before the topic is joined.
    void watch(FollowedLog& followed);
    /// A checkpoint that the log signed and that is not larger than what is known of it.
    void came_older(Digest const& log, std::string note);
    /// Evidence that was verified already.
    void came_evidence(Digest const& log, std::string document);
    void came_subscriber(Digest const& log);

    /// Works on what came.
    void take_turn(std::vector<std::shared_ptr<FollowedLog>> const& follows);
    /// After an update of its mirror found a fork. Called by who holds its update_mutex.
    void found(FollowedLog const& followed);

private:
    enum class Kind { older, evidence, subscriber };
    struct News {
        Digest log;
        Kind kind;
        std::string text;
    };
    static constexpr std::size_t k_news_max = 256;

    void put(News news);
    void look_at(FollowedLog& followed, News const& news);
    void tell(FollowedLog const& followed);

    Node& node_;
    Logger& log_;
    WakeEvent const& wake_;
    std::map<Digest, TimePoint> told_at_;  // Of the thread that writes mirrors, as is all but the next two.
    std::mutex mutex_;                     // Guards news_.
    std::deque<News> news_;
};

}  // namespace ggen::p2p
