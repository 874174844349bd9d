#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "p2p/gossip/score_params.hpp"

namespace ggen::p2p {

/// Number of a scored topic, given by the owner of the score.
using TopicKey = std::uint32_t;

/// The network that P6 counts peers in: "4:<a.b.c>" (/24) or "6:<48 bits>" (/48), as bytes. Empty for loopback and
/// for addresses without an IP, which are not counted.
[[nodiscard]] std::string colocation_group(Multiaddr const& address);

/// What one peer did, in numbers that decay. Owned by `PeerScore`; a handle stays valid until the peer's retention
/// after `disconnect` has passed.
struct PeerStats {
    struct Topic {
        TopicKey key = 0;
        bool is_in_mesh = false;
        bool is_mesh_active = false;  // in the mesh for longer than the activation
        TimePoint grafted{};
        std::chrono::nanoseconds mesh_time{};
        double first_deliveries = 0;
        double mesh_deliveries = 0;
        double mesh_failures = 0;
        double invalid_deliveries = 0;
        double probes = 0;
        double probes_answered = 0;
    };
    PeerId peer;
    std::string group;
    bool is_connected = true;
    TimePoint gone{};
    double application = 0;
    double behaviour = 0;
    std::vector<Topic> topics;
};

/// Scores of peers as gossipsub 1.1 defines them: local, never shared. Reads no clock; `refresh` is to be called
/// every `decay_interval`. At most 4,096 peers that are gone are remembered; those with the best scores are
/// forgotten first, so a flood of names does not wash a bad one clean.
class PeerScore {
public:
    explicit PeerScore(PeerScoreParams params);

    /// A topic is scored from here on, or by other constants: counters are cut to the new caps.
    void set_topic(TopicKey topic, TopicScoreParams const& params);
    void remove_topic(TopicKey topic);
    [[nodiscard]] TopicScoreParams const* topic(TopicKey topic) const;

    /// The handle of a peer that connected, with what is remembered of it.
    [[nodiscard]] PeerStats& connect(PeerId const& peer, std::string group, TimePoint now);
    void disconnect(PeerStats& stats, TimePoint now);

    void graft(PeerStats& stats, TopicKey topic, TimePoint now);
    void prune(PeerStats& stats, TopicKey topic);
    void first_delivery(PeerStats& stats, TopicKey topic);
    /// A message that was known already. `late_by` is the time since it was validated; zero before that.
    void duplicate_delivery(PeerStats& stats, TopicKey topic, std::chrono::nanoseconds late_by);
    void invalid_delivery(PeerStats& stats, TopicKey topic);
    void probe(PeerStats& stats, TopicKey topic, bool is_answered);
    static void add_penalty(PeerStats& stats, double count) { stats.behaviour += count; }

    /// Decays the counters of connected peers and forgets peers whose retention is over. `application` gives P5.
    void refresh(TimePoint now, std::function<double(PeerId const&)> const& application = {});

    [[nodiscard]] double score(PeerStats const& stats) const;
    /// 0 for an unknown peer.
    [[nodiscard]] double score(PeerId const& peer) const;
    [[nodiscard]] std::size_t size() const { return peers_.size(); }

private:
    [[nodiscard]] PeerStats::Topic* counters(PeerStats& stats, TopicKey topic) const;
    [[nodiscard]] double colocation_score(PeerStats const& stats) const;
    [[nodiscard]] double topic_score(PeerStats::Topic const& stats) const;
    void decay(PeerStats& stats, TimePoint now) const;
    void forget(std::map<PeerId, PeerStats>::iterator at);
    void forget_best();

    PeerScoreParams params_;
    std::vector<std::pair<TopicKey, TopicScoreParams>> topics_;
    std::map<PeerId, PeerStats> peers_;
    std::map<std::string, int> groups_;  // peers counted in each, remembered ones too
    std::size_t gone_ = 0;
};

}  // namespace ggen::p2p
