#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "p2p/gossip/gossip_state.hpp"
#include "p2p/gossip/message_cache.hpp"
#include "p2p/gossip/options.hpp"
#include "p2p/gossip/score.hpp"
#include "p2p/gossip/seen_cache.hpp"
#include "p2p/gossip/wants.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {

/// A message for the application: each one once, never its own. `is_verdict_needed` in topics that are validated
/// later: it is forwarded when `report_validation` accepts it.
struct MessageReceived {
    MessagePtr message;
    PeerId from;
    bool is_verdict_needed = false;
};
struct PeerSubscribed { PeerId peer; std::string topic; };
struct PeerUnsubscribed { PeerId peer; std::string topic; };
using GossipEvent = std::variant<MessageReceived, PeerSubscribed, PeerUnsubscribed>;

/// What went by, since the start.
struct GossipCounters {
    std::uint64_t received = 0;         ///< messages that were the first of their id
    std::uint64_t duplicates = 0;
    std::uint64_t rejected = 0;         ///< policy, signature, size or the application's verdict
    std::uint64_t forwarded = 0;        ///< copies queued for peers, own ones too
    std::uint64_t dropped = 0;          ///< copies that queues dropped
    std::uint64_t ihave_ids_sent = 0;
    std::uint64_t iwant_ids_sent = 0;
    std::uint64_t idontwant_ids_sent = 0;
    std::uint64_t suppressed = 0;       ///< copies not sent because of an IDONTWANT
    std::uint64_t broken_promises = 0;
    std::uint64_t bad_rpcs = 0;
};

/// Publish and subscribe: floodsub and gossipsub 1.0 to 1.2 (libp2p/specs pubsub/gossipsub), as one protocol core.
/// docs/protocols/p2p-gossip.md has the rules, constants, limits and differences to other implementations.
///
/// Memory is bounded by `limits.hpp` whatever peers do: topics they name live as long as they are subscribed, a
/// GRAFT creates nothing, every queue and map has a cap. Equal seeds and equal calls give equal outputs.
class Gossip final : public Protocol {
public:
    /// Precondition: `options.validate()` succeeds. The first heartbeat comes shortly after `start`.
    Gossip(PeerId self, GossipOptions options, std::uint64_t seed, TimePoint start);
    ~Gossip() override;

    /// Subscribes. Errors: conflict (joined already), too_large (100 topics, name over 128 bytes),
    /// invalid (empty name, message_bytes_max, score constants, or no key for a signed topic).
    [[nodiscard]] Result<void> join(std::string_view topic, TopicOptions options, TimePoint now);
    /// Errors: not_found (not joined).
    [[nodiscard]] Result<void> leave(std::string_view topic, TimePoint now);
    /// To the mesh of a joined topic, else to its fanout. Returns the message's id.
    /// Errors: too_large, invalid (topic name, or no key), conflict (the same message was published or seen
    /// already), unavailable (nobody is there to take it: it is kept for those who ask within some heartbeats).
    [[nodiscard]] Result<MessageId> publish(std::string_view topic, BytesView data, TimePoint now);
    /// The verdict on a message of a topic that is validated later.
    /// Errors: not_found (unknown, judged already, or given up after `seen_ttl`).
    [[nodiscard]] Result<void> report_validation(MessageId const& id, Verdict verdict, TimePoint now);
    void add_direct_peer(DirectPeer peer, TimePoint now);
    void remove_direct_peer(PeerId const& peer, TimePoint now);
    [[nodiscard]] std::optional<GossipEvent> poll_event();

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& id, TimePoint now) override;
    void on_peer_protocols(PeerId const& id, std::span<std::string const> names, TimePoint now) override;
    void on_peer_record(PeerId const& id, BytesView sealed, TimePoint now) override;
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& id, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

    [[nodiscard]] GossipCounters const& counters() const { return counters_; }
    [[nodiscard]] std::vector<PeerId> mesh(std::string_view topic) const;
    [[nodiscard]] std::vector<PeerId> subscribers(std::string_view topic) const;
    [[nodiscard]] double score(PeerId const& peer) const { return score_.score(peer); }
    /// Sizes of all that remote input can make grow, for leak tests and invariants.
    [[nodiscard]] GossipSizes sizes() const;

private:
    using Peer = GossipPeer;
    using Topic = GossipTopic;

    // Peers and streams (gossip_peers.cpp)
    void open_stream(Peer& peer);
    void lose_stream(Peer& peer, TimePoint now);
    void reset_inbound(Peer& peer);
    void greet(Peer& peer);
    void unsubscribe(Peer& peer, Topic& topic);
    void drop_topic_if_unused(Topic& topic);
    Topic& topic_named(std::string_view name);
    [[nodiscard]] Topic* find_topic(std::string_view name) const;
    [[nodiscard]] Peer* find_peer(PeerId const& id) const;
    [[nodiscard]] Peer* find_peer(PeerSerial serial) const;
    [[nodiscard]] bool is_direct(PeerId const& id) const { return direct_.contains(id); }
    [[nodiscard]] double score_of(Peer const& peer) const { return score_.score(*peer.stats); }
    void connect_direct();

    // Sending (gossip_send.cpp)
    void queue(Peer& peer, SendClass type, Block block, MessagePtr const& message, TimePoint now);
    void pump(Peer& peer, TimePoint now);
    void touch(Peer& peer);
    void flush(TimePoint now);
    void write_control(Peer& peer, TimePoint now);
    void announce_subscription(std::string_view topic, bool is_subscribe, TimePoint now);

    // RPCs (gossip_control.cpp)
    void on_rpc(Peer& peer, BytesView bytes, TimePoint now);
    [[nodiscard]] bool on_subscription(Peer& peer, RpcSubscription const& subscription, TimePoint now);
    void on_ihave(Peer& peer, TimePoint now);
    void on_iwant(Peer& peer, TimePoint now);
    void on_graft(Peer& peer, std::string_view name, double score, bool& is_exchanging, TimePoint now);
    void on_prune(Peer& peer, RpcPrune const& prune, double score, TimePoint now);
    void on_idontwant(Peer& peer, TimePoint now);
    void dial_exchanged(std::span<RpcExchange const> peers);
    void penalize(Peer& peer, double count, Conduct conduct);

    // The mesh (gossip_mesh.cpp)
    void graft(Topic& topic, Peer& peer, TimePoint now);
    void prune(Topic& topic, Peer& peer, bool is_exchanging, std::chrono::seconds backoff, TimePoint now);
    void remove_from_mesh(Topic& topic, Peer& peer);
    [[nodiscard]] bool is_graftable(Topic const& topic, Peer const& peer, TimePoint now) const;
    [[nodiscard]] std::vector<Peer*> choose(std::vector<Peer*> candidates, std::size_t count);
    void fill_mesh(Topic& topic, std::size_t count, bool is_outbound_only, TimePoint now);
    void cut_mesh(Topic& topic, TimePoint now);
    void heartbeat(TimePoint now);
    void maintain_mesh(Topic& topic, TimePoint now);
    void graft_opportunistically(Topic& topic, TimePoint now);
    void maintain_fanout(Topic& topic, TimePoint now);
    void emit_gossip(Topic& topic, TimePoint now);

    // Messages (gossip_messages.cpp)
    void on_message(Peer& peer, RpcMessage const& message, TimePoint now);
    void on_duplicate(Peer& peer, Topic& topic, std::string_view id, SeenRecord& record, TimePoint now);
    void refuse(Peer& peer, Topic& topic, std::string_view id);
    void accept(MessagePtr const& message, TimePoint now);
    void judge(MessagePtr const& message, Verdict verdict, TimePoint now);
    void deliver(MessagePtr message, Peer const& from, bool is_verdict_needed);
    void forward(Topic& topic, MessagePtr const& message, SeenRecord const& record, TimePoint now);
    void send_to(Peer& peer, SendClass type, MessagePtr const& message, TimePoint now);
    [[nodiscard]] std::vector<Peer*> publish_targets(Topic& topic, bool is_flooding, TimePoint now);
    void send_idontwant(Topic& topic, std::string_view id, SeenRecord const& record, std::size_t bytes, TimePoint now);
    void start_probe(Topic& topic, std::string_view id, SeenRecord& record, TimePoint now);
    void check_probes(TimePoint now);

    PeerId self_;
    GossipOptions options_;
    SeededRandom random_;
    KeyedHash hash_;
    PeerScore score_;
    SeenCache seen_;
    MessageCache cache_;
    Wants wants_;
    std::map<PeerId, std::unique_ptr<Peer>> peers_;
    std::unordered_map<PeerSerial, Peer*> by_serial_;
    std::unordered_map<StreamKey, Peer*> by_stream_;
    std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
    std::map<PeerId, std::vector<Multiaddr>> direct_;
    std::map<MessageId, PendingMessage, std::less<>> validating_;
    std::size_t validating_bytes_ = 0;
    std::deque<GossipProbe> probes_;         // Held back; in order of time.
    std::deque<GossipProbe> probes_waiting_; // Told of; in order of time.
    std::deque<GossipEvent> events_;
    std::size_t event_bytes_ = 0;
    std::vector<Peer*> touched_;
    Rpc rpc_;  // Scratch.
    std::size_t partial_bytes_ = 0;
    std::size_t exchange_dials_ = 0;
    PeerSerial next_serial_ = 1;
    TopicKey next_topic_ = 1;
    std::uint64_t seqno_;
    std::uint64_t ticks_ = 0;
    TimePoint next_heartbeat_;
    TimePoint next_decay_;
    GossipCounters counters_;
};

}  // namespace ggen::p2p
