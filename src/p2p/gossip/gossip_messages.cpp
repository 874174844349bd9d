// Messages: taken in once, judged, delivered, sent on.
#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"

namespace ggen::p2p {
namespace {

bool has_brought(SeenRecord const& record, PeerSerial peer) {
    return record.source == peer || std::find(record.others.begin(), record.others.end(), peer) != record.others.end();
}

}  // namespace

void Gossip::on_message(Peer& peer, RpcMessage const& message, TimePoint now) {
    auto* const topic = find_topic(message.topic);
    if (topic == nullptr || !topic->is_joined) return;
    auto const& options = *topic->options;
    if (message.data.size() > options.message_bytes_max || !check_policy(message, options.policy)) {
        refuse(peer, *topic, {});
        return;
    }
    auto id = options.message_id(message);
    if (auto* const record = seen_.find(id)) {
        on_duplicate(peer, *topic, id, *record, now);
        return;
    }
    bool const is_signed = options.policy == SignaturePolicy::signed_by_author;
    // Nobody but us makes these, and this one was ours before we forgot it.
    if (is_signed && as_text(message.from) == as_text(self_.bytes())) return;
    // Not yet seen if the signature is wrong: a forgery under a good name must not keep the good one out.
    if (is_signed && !verify_signature(message)) {
        refuse(peer, *topic, id);
        return;
    }
    auto made = Message::from_rpc(message, std::move(id));
    if (!made) {
        refuse(peer, *topic, {});
        return;
    }
    auto const& taken = *made;
    if (options.is_validated_later &&
        (validating_.size() >= k_gossip_validating_max || events_.size() >= k_gossip_events_max ||
         validating_bytes_ + taken->wire()->size() > k_gossip_validating_bytes_max)) {
        return;  // Not seen either: it is taken when it comes again.
    }
    auto const wire_bytes = taken->wire()->size();
    if (event_bytes_ + wire_bytes > k_gossip_event_bytes_max || events_.size() >= k_gossip_events_max) return;

    ++counters_.received;
    wants_.fulfil(taken->id());
    auto& record = seen_.insert(taken->id(), now);
    record.source = peer.serial;
    start_probe(*topic, taken->id(), record, now);
    send_idontwant(*topic, taken->id(), record, taken->data().size(), now);
    auto verdict = options.validator ? options.validator(*taken, peer.id) : Verdict::accept;
    if (verdict != Verdict::accept || !options.is_validated_later) {
        if (verdict == Verdict::accept) deliver(taken, peer, false);
        judge(taken, verdict, now);
        return;
    }
    validating_bytes_ += taken->wire()->size();
    validating_.emplace(taken->id(), PendingMessage{taken, now});
    deliver(taken, peer, true);
}

void Gossip::refuse(Peer& peer, Topic& topic, std::string_view id) {
    ++counters_.rejected;
    if (!id.empty()) wants_.fulfil(id);  // It did answer, if with a lie; that costs more than a broken promise.
    score_.invalid_delivery(*peer.stats, topic.key);
    put(ReportPeer{peer.id, Conduct::invalid_data, 1});
}

void Gossip::on_duplicate(Peer& peer, Topic& topic, std::string_view /*id*/, SeenRecord& record, TimePoint now) {
    ++counters_.duplicates;
    if (has_brought(record, peer.serial)) return;  // Each peer once.
    switch (record.state) {
        case SeenRecord::State::validating: record.others.push_back(peer.serial); break;
        case SeenRecord::State::valid:
            record.others.push_back(peer.serial);
            score_.duplicate_delivery(*peer.stats, topic.key, now - record.validated);
            break;
        case SeenRecord::State::invalid: score_.invalid_delivery(*peer.stats, topic.key); break;
        case SeenRecord::State::ignored: break;
    }
}

void Gossip::judge(MessagePtr const& message, Verdict verdict, TimePoint now) {
    auto* const record = seen_.find(message->id());
    auto* const topic = find_topic(message->topic());
    if (record == nullptr || topic == nullptr || !topic->is_joined) return;
    auto* const source = find_peer(record->source);
    switch (verdict) {
        case Verdict::accept:
            record->state = SeenRecord::State::valid;
            record->validated = now;
            if (source != nullptr) {
                score_.first_delivery(*source->stats, topic->key);
                put(ReportPeer{source->id, Conduct::useful, 1});
            }
            for (auto const serial : record->others) {
                if (auto* const peer = find_peer(serial)) score_.duplicate_delivery(*peer->stats, topic->key, {});
            }
            cache_.put(message);
            forward(*topic, message, *record, now);
            return;
        case Verdict::ignore: record->state = SeenRecord::State::ignored; break;
        case Verdict::reject:
            record->state = SeenRecord::State::invalid;
            ++counters_.rejected;
            record->others.push_back(record->source);
            for (auto const serial : record->others) {
                auto* const peer = find_peer(serial);
                if (peer == nullptr) continue;
                score_.invalid_delivery(*peer->stats, topic->key);
                put(ReportPeer{peer->id, Conduct::invalid_data, 1});
            }
            break;
    }
    record->others = {};
}

void Gossip::deliver(MessagePtr message, Peer const& from, bool is_verdict_needed) {
    event_bytes_ += message->wire()->size();
    events_.emplace_back(MessageReceived{std::move(message), from.id, is_verdict_needed});
}

void Gossip::forward(Topic& topic, MessagePtr const& message, SeenRecord const& record, TimePoint now) {
    auto const unwanted = hash_(message->id());
    auto const is_wanting = [&](Peer const& peer) {
        if (has_brought(record, peer.serial) || record.probed == peer.serial) return false;
        if (message->author() && *message->author() == peer.id) return false;
        if (!peer.unwanted.contains(unwanted)) return true;
        ++counters_.suppressed;
        return false;
    };
    for (auto* const peer : topic.subscribers) {
        bool const is_always = is_direct(peer->id) || (peer->version == GossipVersion::floodsub &&
                                                       score_of(*peer) >= options_.thresholds.publish);
        if (is_always && is_wanting(*peer)) send_to(*peer, SendClass::forward, message, now);
    }
    std::vector<Peer*> links;
    for (auto const& link : topic.mesh) {
        if (is_wanting(*link.peer)) links.push_back(link.peer);
    }
    if (message->data().size() < options_.lazy_bytes_min || links.size() <= options_.eager_peers) {
        for (auto* const peer : links) send_to(*peer, SendClass::forward, message, now);
        return;
    }
    random_.shuffle(links);
    for (std::size_t i = 0; i < links.size(); ++i) {
        if (i < options_.eager_peers) {
            send_to(*links[i], SendClass::forward, message, now);
        } else {
            links[i]->control.ihaves.push_back({topic.name, {message->id()}});
            touch(*links[i]);
        }
    }
}

std::vector<Gossip::Peer*> Gossip::publish_targets(Topic& topic, bool is_flooding, TimePoint now) {
    auto const is_taking = [&](Peer const& peer) {
        return peer.out && (is_direct(peer.id) || score_of(peer) >= options_.thresholds.publish);
    };
    std::vector<Peer*> out;
    for (auto* const peer : topic.subscribers) {
        bool const is_always = is_flooding || is_direct(peer->id) || peer->version == GossipVersion::floodsub;
        if (is_always && is_taking(*peer)) out.push_back(peer);
    }
    auto const add = [&](Peer* peer) {
        if (std::find(out.begin(), out.end(), peer) == out.end()) out.push_back(peer);
    };
    if (topic.is_joined) {
        for (auto const& link : topic.mesh) add(link.peer);
        return out;
    }
    topic.last_publish = now;
    topic.has_fanout = true;
    maintain_fanout(topic, now);
    for (auto* const peer : topic.fanout) add(peer);
    return out;
}

void Gossip::send_idontwant(Topic& topic, std::string_view id, SeenRecord const& record, std::size_t bytes,
                            TimePoint now) {
    if (bytes < options_.idontwant_bytes_min) return;
    Block block;
    for (auto const& link : topic.mesh) {
        auto& peer = *link.peer;
        if (peer.version < GossipVersion::v1_2 || record.probed == peer.serial) continue;
        if (has_brought(record, peer.serial)) continue;
        if (block == nullptr) {
            RpcWriter writer;
            MessageId const one{id};
            writer.idontwant(std::span{&one, 1});
            block = std::make_shared<Bytes const>(writer.take());
        }
        ++counters_.idontwant_ids_sent;
        queue(peer, SendClass::control, block, nullptr, now);
    }
}

/// Holds the message back from one mesh peer: an honest one gets it elsewhere and brings it to us.
void Gossip::start_probe(Topic& topic, std::string_view id, SeenRecord& record, TimePoint now) {
    auto const& score = topic.options->score;
    if (score.probe_weight == 0 || topic.mesh.size() < options_.mesh_low) return;
    auto const first = static_cast<std::size_t>(random_.below(topic.mesh.size()));
    for (std::size_t i = 0; i < topic.mesh.size(); ++i) {
        auto& link = topic.mesh[(first + i) % topic.mesh.size()];
        if (link.peer->serial == record.source || now - link.probed < options_.probe_interval) continue;
        link.probed = now;
        record.probed = link.peer->serial;
        probes_.push_back({now + options_.probe_hold, link.peer->serial, topic.key, MessageId{id}});
        return;
    }
}

void Gossip::check_probes(TimePoint now) {
    while (!probes_.empty() && probes_.front().at <= now) {
        auto probe = std::move(probes_.front());
        probes_.pop_front();
        auto* const peer = find_peer(probe.peer);
        auto const* const record = seen_.find(probe.id);
        auto const message = cache_.find(probe.id);
        if (peer == nullptr || record == nullptr || record->probed != probe.peer || message == nullptr) continue;
        if (!has_brought(*record, probe.peer)) {
            // It may have no other way to the message than us.
            peer->control.ihaves.push_back({message->topic(), {probe.id}});
            touch(*peer);
        }
        probe.at += options_.probe_window - options_.probe_hold;
        probes_waiting_.push_back(std::move(probe));
    }
    while (!probes_waiting_.empty() && probes_waiting_.front().at <= now) {
        auto const probe = std::move(probes_waiting_.front());
        probes_waiting_.pop_front();
        auto* const peer = find_peer(probe.peer);
        auto const* const record = seen_.find(probe.id);
        if (peer == nullptr || record == nullptr || record->state != SeenRecord::State::valid) continue;
        // Whoever told of it or asked for it, or left the mesh, has proved nothing either way.
        auto const is_linked = std::any_of(peer->topics.begin(), peer->topics.end(), [&](Topic const* topic) {
            return topic->key == probe.topic && topic->is_in_mesh(*peer);
        });
        if (record->probed != probe.peer || !is_linked) continue;
        score_.probe(*peer->stats, probe.topic, has_brought(*record, probe.peer));
    }
}

}  // namespace ggen::p2p
