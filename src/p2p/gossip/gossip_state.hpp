#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "p2p/gossip/backoff.hpp"
#include "p2p/gossip/options.hpp"
#include "p2p/gossip/rpc_stream.hpp"
#include "p2p/gossip/score.hpp"
#include "p2p/gossip/seen_cache.hpp"
#include "p2p/gossip/send_queue.hpp"

// What `Gossip` keeps of its peers and topics; private to it.
namespace ggen::p2p {

struct GossipPeer;

struct MeshLink {
    GossipPeer* peer = nullptr;
    TimePoint grafted{};
    TimePoint probed{};
};

/// A topic that we joined, publish to, or that a peer is subscribed to; gone when none of these holds any more.
struct GossipTopic {
    GossipTopic(std::string topic_name, TopicKey topic_key)
        : name(std::move(topic_name)), key(topic_key), backoffs(k_gossip_backoffs_per_topic_max) {}

    std::string name;
    TopicKey key;
    bool is_joined = false;
    bool has_fanout = false;
    std::optional<TopicOptions> options;  // Of joined topics alone.
    std::vector<GossipPeer*> subscribers;
    std::vector<MeshLink> mesh;
    std::vector<GossipPeer*> fanout;
    TimePoint last_publish{};
    Backoffs backoffs;

    [[nodiscard]] MeshLink* link_of(GossipPeer const& peer);
    [[nodiscard]] bool is_in_mesh(GossipPeer const& peer) const;
};

/// What the peer speaks on the stream that we write.
enum class GossipVersion : std::uint8_t { none, floodsub, v1_0, v1_1, v1_2 };

/// Control messages that wait for the end of the current call, so that one RPC carries them.
struct PendingControl {
    struct Prune {
        std::string topic;
        std::uint64_t backoff_seconds = 0;
        bool is_exchanging = false;
    };
    struct IHave {
        std::string topic;
        std::vector<MessageId> ids;
    };
    std::vector<std::string> grafts;
    std::vector<Prune> prunes;
    std::vector<MessageId> iwants;
    std::vector<IHave> ihaves;

    [[nodiscard]] bool is_empty() const {
        return grafts.empty() && prunes.empty() && iwants.empty() && ihaves.empty();
    }
};

struct GossipPeer {
    GossipPeer(PeerId peer_id, PeerSerial peer_serial, Direction peer_direction)
        : id(std::move(peer_id)), serial(peer_serial), direction(peer_direction) {}

    PeerId id;
    PeerSerial serial;
    Direction direction;
    PeerStats* stats = nullptr;
    GossipVersion version = GossipVersion::none;

    std::optional<StreamKey> out;  // Ours: we write.
    std::optional<StreamKey> in;   // The peer's: we read.
    std::size_t unsent = 0;
    std::size_t stream_failures = 0;
    std::optional<TimePoint> reopen_at;
    bool is_refusing = false;  // Speaks none of our protocols, until identify says otherwise.
    RpcStream incoming;
    SendQueue queue;
    PendingControl control;
    bool is_touched = false;

    std::vector<GossipTopic*> topics;  // Subscribed.
    std::unique_ptr<Bytes> record;     // Its signed peer record, if identify brought one.
    std::unordered_map<std::uint64_t, std::uint64_t> unwanted;  // Hash of the id, last tick. Looked up alone.
    std::size_t ihave_rpcs = 0;
    std::size_t ids_asked = 0;
    std::size_t idontwant_rpcs = 0;

    [[nodiscard]] bool has_mesh() const { return out && version >= GossipVersion::v1_0; }
};

/// A message that the application has not judged yet.
struct PendingMessage {
    MessagePtr message;
    TimePoint since{};
};

/// A message held back from a mesh peer, to see whether it comes from there.
struct GossipProbe {
    TimePoint at{};
    PeerSerial peer = k_nobody_serial;
    TopicKey topic = 0;
    MessageId id;
};

struct GossipSizes {
    std::size_t peers = 0;
    std::size_t topics = 0;
    std::size_t streams = 0;
    std::size_t seen = 0;
    std::size_t cached_bytes = 0;
    std::size_t validating = 0;
    std::size_t wants = 0;
    std::size_t backoffs = 0;
    std::size_t scores = 0;
    std::size_t unwanted = 0;
    std::size_t queued_bytes = 0;
    std::size_t partial_bytes = 0;
    std::size_t events = 0;
    std::size_t probes = 0;
};

}  // namespace ggen::p2p
