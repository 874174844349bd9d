#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/gossip/limits.hpp"
#include "p2p/gossip/message.hpp"
#include "p2p/gossip/score_params.hpp"

namespace ggen::p2p {

/// What an application says of a message (libp2p/specs gossipsub-v1.1.md "Extended Validators").
enum class Verdict : std::uint8_t {
    accept,  ///< delivered, and forwarded
    ignore,  ///< neither; nobody is to blame (old, not of interest, we are busy)
    reject   ///< neither, and whoever brought it lied (P4)
};

struct TopicOptions {
    SignaturePolicy policy = SignaturePolicy::content_addressed;
    MessageIdRule message_id = sha256_message_id;
    /// Of the data. At most k_gossip_message_bytes_max; go-, rust- and js-libp2p take RPCs up to 64 KiB by default.
    std::size_t message_bytes_max = k_gossip_message_bytes_default;
    /// Judges at once, before a message goes anywhere. Must not call the gossip core. Empty = accept.
    std::function<Verdict(Message const&, PeerId const& from)> validator;
    /// The application answers each message with `Gossip::report_validation`. `validator`, if any, is asked before.
    bool is_validated_later = false;
    TopicScoreParams score;
};

/// A peer whose messages always pass: never in the mesh, always connected to (gossipsub 1.1 "Explicit Peering").
/// Both sides have to list each other.
struct DirectPeer {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};

struct GossipOptions {
    // The mesh of one topic, as go-libp2p has it.
    std::size_t mesh_size = 6;       ///< D
    std::size_t mesh_low = 5;        ///< D_lo
    std::size_t mesh_high = 12;      ///< D_hi
    std::size_t mesh_best = 4;       ///< D_score: kept by score when the mesh is cut
    std::size_t mesh_outbound = 2;   ///< D_out; less than D_lo and at most D / 2
    std::size_t gossip_peers = 6;    ///< D_lazy
    double gossip_factor = 0.25;

    std::chrono::milliseconds heartbeat{1000};
    std::chrono::milliseconds first_heartbeat{100};
    std::chrono::milliseconds seen_ttl{120'000};
    std::chrono::milliseconds fanout_ttl{60'000};
    std::chrono::seconds prune_backoff{60};
    std::chrono::seconds unsubscribe_backoff{10};
    std::chrono::milliseconds graft_flood{10'000};  ///< a GRAFT so soon after the PRUNE is worse
    std::chrono::milliseconds backoff_slack{2000};  ///< after the end of a backoff, before we graft again
    std::size_t cache_windows = 5;
    std::size_t gossip_windows = 3;
    std::chrono::milliseconds iwant_retry{1000};
    std::chrono::milliseconds iwant_followup{3000};
    std::uint64_t opportunistic_ticks = 60;
    std::size_t opportunistic_peers = 2;
    std::uint64_t direct_connect_ticks = 300;

    bool is_flood_publishing = true;  ///< own messages below `lazy_bytes_min` go to all peers of the topic
    bool is_exchanging_peers = true;  ///< PRUNE carries signed records, and those of others are dialed
    std::size_t exchanged_peers = 16;
    std::size_t idontwant_bytes_min = 512;
    std::uint64_t idontwant_ticks = 3;
    /// Larger messages are pushed to `eager_peers` of the mesh and told of to the others at once (ours).
    std::size_t lazy_bytes_min = 16 * k_kib;
    std::size_t eager_peers = 2;
    std::chrono::milliseconds lazy_wait{50};  ///< before a message that the mesh told of is asked for

    /// Forwarding probes (score_params.hpp): how often each mesh peer is probed, how long the message is held back,
    /// and when its answer is late.
    std::chrono::milliseconds probe_interval{5000};
    std::chrono::milliseconds probe_hold{500};
    std::chrono::milliseconds probe_window{2000};

    PeerScoreParams score;
    ScoreThresholds thresholds;
    /// P5, read once a heartbeat: the reputation ledger. Must not call the gossip core.
    std::function<double(PeerId const&)> application_score;

    /// For topics that are published to without having been joined.
    TopicOptions fanout_topic;
    std::vector<DirectPeer> direct_peers;
    /// Signs in topics with `signed_by_author`; must be the key of the own peer id.
    std::optional<Ed25519PrivateKey> key;
    /// The first number of our signed messages: must be above those of earlier runs (a wall clock in ns is).
    std::uint64_t first_seqno = 1;

    /// Errors: invalid (an order of sizes or a time that cannot work; a score constant of the wrong sign).
    [[nodiscard]] Result<void> validate() const;
};

}  // namespace ggen::p2p
