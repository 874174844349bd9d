#include "p2p/gossip/gossip.hpp"

#include <algorithm>
#include <utility>

#include "codec/varint.hpp"

namespace ggen::p2p {

Gossip::Gossip(PeerId self, GossipOptions options, std::uint64_t seed, TimePoint start)
    : self_(std::move(self)), options_(std::move(options)), random_(seed), hash_(random_.next_u64()),
      score_(options_.score), seen_(options_.seen_ttl, k_gossip_seen_max, random_.next_u64()),
      cache_(options_.cache_windows, options_.gossip_windows, k_gossip_cache_bytes_max, random_.next_u64()),
      wants_({options_.lazy_wait, options_.iwant_retry, options_.iwant_followup},
             k_gossip_promises_max, random_.next_u64()),
      seqno_(options_.first_seqno), next_heartbeat_(start + options_.first_heartbeat),
      next_decay_(start + options_.score.decay_interval) {
    for (auto const& direct : options_.direct_peers) direct_.emplace(direct.peer, direct.addresses);
}

Gossip::~Gossip() = default;

Result<void> Gossip::join(std::string_view name, TopicOptions options, TimePoint now) {
    if (name.empty()) return Error{Errc::invalid, "join: a topic without a name"};
    if (name.size() > k_gossip_topic_emit_bytes_max) return Error{Errc::too_large, "join: a topic name over 128 bytes"};
    if (options.message_bytes_max > k_gossip_message_bytes_max) {
        return Error{Errc::invalid, "join: message_bytes_max is over 240 KiB"};
    }
    if (options.policy == SignaturePolicy::signed_by_author && !options_.key) {
        return Error{Errc::invalid, "join: a signed topic needs a key"};
    }
    RETURN_IF_ERROR(options.score.validate());
    auto const* const known = find_topic(name);
    if (known != nullptr && known->is_joined) return Error{Errc::conflict, "join: joined already"};
    auto const joined =
        std::count_if(topics_.begin(), topics_.end(), [](auto const& one) { return one.second->is_joined; });
    if (static_cast<std::size_t>(joined) >= k_gossip_own_topics_max) return Error{Errc::too_large, "join: 100 topics"};

    auto& topic = topic_named(name);
    topic.is_joined = true;
    topic.options = std::move(options);
    score_.set_topic(topic.key, topic.options->score);
    announce_subscription(name, true, now);
    // Peers of the fanout first: they have heard from us already.
    auto const fanout = std::exchange(topic.fanout, {});
    topic.has_fanout = false;
    for (auto* const peer : fanout) {
        if (topic.mesh.size() < options_.mesh_size && is_graftable(topic, *peer, now)) graft(topic, *peer, now);
    }
    if (topic.mesh.size() < options_.mesh_size) fill_mesh(topic, options_.mesh_size - topic.mesh.size(), false, now);
    flush(now);
    return ok();
}

Result<void> Gossip::leave(std::string_view name, TimePoint now) {
    auto* const topic = find_topic(name);
    if (topic == nullptr || !topic->is_joined) return Error{Errc::not_found, "leave: not joined"};
    topic->is_joined = false;
    announce_subscription(name, false, now);
    while (!topic->mesh.empty()) {
        prune(*topic, *topic->mesh.back().peer, options_.is_exchanging_peers, options_.unsubscribe_backoff, now);
    }
    score_.remove_topic(topic->key);
    topic->options.reset();
    std::erase_if(validating_, [&](auto const& one) {
        if (one.second.message->topic() != name) return false;
        validating_bytes_ -= one.second.message->wire()->size();
        return true;
    });
    flush(now);
    drop_topic_if_unused(*topic);
    return ok();
}

Result<MessageId> Gossip::publish(std::string_view name, BytesView data, TimePoint now) {
    if (name.empty()) return Error{Errc::invalid, "publish: a topic without a name"};
    if (name.size() > k_gossip_topic_emit_bytes_max) {
        return Error{Errc::too_large, "publish: a topic name over 128 bytes"};
    }
    auto const* const known = find_topic(name);
    auto const& options = known != nullptr && known->options ? *known->options : options_.fanout_topic;
    if (data.size() > options.message_bytes_max) {
        return Error{Errc::too_large, "publish: a message over the topic's limit"};
    }
    bool const is_signed = options.policy == SignaturePolicy::signed_by_author;
    if (is_signed && !options_.key) return Error{Errc::invalid, "publish: a signed topic needs a key"};

    auto const raw = is_signed ? encode_signed_message(name, data, self_, seqno_++, *options_.key)
                               : encode_message(name, data);
    RpcWriter writer;
    writer.publish(raw);
    auto const framed = writer.take();
    BytesView rest = framed;
    ASSIGN_OR_RETURN(auto const body, read_length_prefixed(rest));
    Rpc rpc;
    RETURN_IF_ERROR(parse_rpc(body, rpc));
    auto const& fields = rpc.messages.front();
    auto const id = options.message_id(fields);
    if (seen_.contains(id)) return Error{Errc::conflict, "publish: this message is out already"};
    ASSIGN_OR_RETURN(auto const message, Message::from_rpc(fields, id));

    auto& record = seen_.insert(id, now);
    record.state = SeenRecord::State::valid;
    record.validated = now;
    wants_.fulfil(id);
    cache_.put(message);
    auto& topic = topic_named(name);
    bool const is_large = data.size() >= options_.lazy_bytes_min;
    // Its copies may come back by the mesh before ours have left.
    if (is_large && topic.is_joined) send_idontwant(topic, id, record, data.size(), now);
    auto const targets = publish_targets(topic, options_.is_flood_publishing && !is_large, now);
    for (auto* const peer : targets) send_to(*peer, SendClass::own, message, now);
    flush(now);
    drop_topic_if_unused(topic);
    if (targets.empty()) return Error{Errc::unavailable, "publish: no peer of the topic is connected"};
    return id;
}

Result<void> Gossip::report_validation(MessageId const& id, Verdict verdict, TimePoint now) {
    auto const at = validating_.find(id);
    if (at == validating_.end()) return Error{Errc::not_found, "report_validation: no such message waits"};
    auto const message = std::move(at->second.message);
    validating_bytes_ -= message->wire()->size();
    validating_.erase(at);
    judge(message, verdict, now);
    flush(now);
    return ok();
}

void Gossip::add_direct_peer(DirectPeer peer, TimePoint now) {
    auto* const known = find_peer(peer.peer);
    if (known != nullptr) {
        for (auto* const topic : known->topics) {
            if (topic->is_in_mesh(*known)) prune(*topic, *known, false, options_.prune_backoff, now);
        }
    } else {
        put(ConnectPeer{peer.peer, peer.addresses});
    }
    direct_.insert_or_assign(peer.peer, std::move(peer.addresses));
    flush(now);
}

void Gossip::remove_direct_peer(PeerId const& peer, TimePoint /*now*/) { direct_.erase(peer); }

std::optional<GossipEvent> Gossip::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    if (auto const* const received = std::get_if<MessageReceived>(&event)) {
        event_bytes_ -= received->message->wire()->size();
    }
    return event;
}

std::optional<TimePoint> Gossip::next_deadline() const {
    auto next = next_heartbeat_;
    if (auto const check = wants_.next_check()) next = std::min(next, *check);
    if (!probes_.empty()) next = std::min(next, probes_.front().at);
    if (!probes_waiting_.empty()) next = std::min(next, probes_waiting_.front().at);
    return next;
}

void Gossip::on_deadline(TimePoint now) {
    wants_.check(
        now,
        [&](MessageId const& id, PeerSerial serial) {
            auto* const peer = find_peer(serial);
            if (peer == nullptr || score_of(*peer) < options_.thresholds.gossip) return false;
            peer->control.iwants.push_back(id);
            touch(*peer);
            return true;
        },
        [&](PeerSerial serial) {
            auto* const peer = find_peer(serial);
            if (peer == nullptr) return;
            ++counters_.broken_promises;
            penalize(*peer, 1, Conduct::timeout);
        });
    check_probes(now);
    if (now >= next_heartbeat_) heartbeat(now);
    flush(now);
}

std::vector<PeerId> Gossip::mesh(std::string_view name) const {
    std::vector<PeerId> out;
    if (auto const* const topic = find_topic(name)) {
        for (auto const& link : topic->mesh) out.push_back(link.peer->id);
    }
    return out;
}

std::vector<PeerId> Gossip::subscribers(std::string_view name) const {
    std::vector<PeerId> out;
    if (auto const* const topic = find_topic(name)) {
        for (auto const* const peer : topic->subscribers) out.push_back(peer->id);
    }
    return out;
}

GossipSizes Gossip::sizes() const {
    GossipSizes out;
    out.peers = peers_.size();
    out.topics = topics_.size();
    out.streams = by_stream_.size();
    out.seen = seen_.size();
    out.cached_bytes = cache_.size_bytes();
    out.validating = validating_.size();
    out.wants = wants_.size();
    out.scores = score_.size();
    out.events = events_.size();
    out.partial_bytes = partial_bytes_;
    out.probes = probes_.size() + probes_waiting_.size();
    for (auto const& [name, topic] : topics_) out.backoffs += topic->backoffs.size();
    for (auto const& [id, peer] : peers_) {
        out.unwanted += peer->unwanted.size();
        out.queued_bytes += peer->queue.size_bytes();
    }
    return out;
}

MeshLink* GossipTopic::link_of(GossipPeer const& peer) {
    auto const at = std::find_if(mesh.begin(), mesh.end(), [&](MeshLink const& link) { return link.peer == &peer; });
    return at == mesh.end() ? nullptr : &*at;
}

bool GossipTopic::is_in_mesh(GossipPeer const& peer) const {
    return std::any_of(mesh.begin(), mesh.end(), [&](MeshLink const& link) { return link.peer == &peer; });
}

}  // namespace ggen::p2p
