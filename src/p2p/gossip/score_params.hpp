#pragma once

#include <chrono>

#include "base/result.hpp"

// The constants of peer scoring. Names and meaning P1 to P7 are those of libp2p/specs gossipsub-v1.1.md "Peer
// Scoring"; what is ours is said at the field. The defaults are held by a model check (score_model_test.cpp): every
// peer that is silent, half silent, late, replaying or lies in one message of a hundred sinks below zero in bounded
// time, an honest one that loses 5 % never does. docs/protocols/p2p-gossip.md has the reasons.
namespace ggen::p2p {

struct TopicScoreParams {
    double topic_weight = 1;

    // P1: time in the mesh. Small, so that sitting there earns nothing that a fault does not cost.
    double time_in_mesh_weight = 0.5 / 300;
    std::chrono::milliseconds time_in_mesh_quantum{1000};
    double time_in_mesh_cap = 300;

    // P2: being the first with a message.
    double first_message_deliveries_weight = 1;
    double first_message_deliveries_decay = 0.998;
    double first_message_deliveries_cap = 20;

    // P3: too few messages over a mesh link, as a fixed number; P3b: kept after a prune. Off by default: the number
    // fits one message rate alone, and a well-behaved peer that is slower than we are hears every message from us
    // first. The forwarding probes below do this work.
    double mesh_message_deliveries_weight = 0;
    double mesh_message_deliveries_decay = 0.97;
    double mesh_message_deliveries_cap = 100;
    double mesh_message_deliveries_threshold = 20;
    std::chrono::milliseconds mesh_message_deliveries_window{2000};
    std::chrono::milliseconds mesh_message_deliveries_activation{30'000};
    double mesh_failure_penalty_weight = 0;
    double mesh_failure_penalty_decay = 0.97;

    // P3 by probes (ours): now and then a message is held back from one mesh peer, which should bring it to us
    // by another way. The deficit is `share` of the probes minus those answered minus the slack, squared. Time hardly
    // forgives: topics here have a message in minutes. Newer probes push older ones out.
    double probe_weight = -2;
    double probe_share = 0.75;
    double probe_slack = 2;
    double probe_decay = 0.99999;
    double probe_cap = 40;  ///< probes remembered

    // P4: invalid messages, squared. An honest peer validates before it forwards, so one is a lie.
    double invalid_message_deliveries_weight = -50;
    double invalid_message_deliveries_decay = 0.9999;

    /// Errors: invalid (a weight of the wrong sign, a decay outside (0, 1), a cap or window that is not positive).
    [[nodiscard]] Result<void> validate() const;
};

struct ScoreThresholds {
    double gossip = -10;     ///< below: no IHAVE, IWANT or gossip either way
    double publish = -50;    ///< below: nothing of ours is published to the peer
    double graylist = -80;   ///< below: its RPCs are dropped unread
    double accept_px = 10;   ///< below: its exchanged peers are ignored
    double opportunistic_graft = 1;  ///< a mesh whose median is below takes better peers in

    /// Errors: invalid (not graylist <= publish <= gossip <= 0 <= the others).
    [[nodiscard]] Result<void> validate() const;
};

struct PeerScoreParams {
    double topic_score_cap = 30;

    // P5: what the application thinks of the peer (the reputation ledger), clipped to [floor, cap].
    double application_weight = 1;
    double application_floor = -100;
    double application_cap = 10;

    // P6: peers in one /24 or /48 over the threshold, squared; loopback is exempt. Not below the floor (ours): a
    // campus behind one address keeps out of the mesh of strangers, but is not cut off.
    double colocation_weight = -5;
    int colocation_threshold = 10;
    double colocation_floor = -9;

    // P7: behaviour (broken promises, grafts during backoff, malformed RPCs) over the threshold, squared. The threshold
    // forgives two GRAFTs that cross a PRUNE on the wire, which happens to honest peers.
    double behaviour_weight = -10;
    double behaviour_threshold = 4;
    double behaviour_decay = 0.986;

    std::chrono::milliseconds decay_interval{1000};
    double decay_to_zero = 0.01;
    std::chrono::seconds retain{3600};  ///< after the peer has gone

    [[nodiscard]] Result<void> validate() const;
};

}  // namespace ggen::p2p
