// What an RPC of a peer does, besides the messages in it.
#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"
#include "p2p/identity/envelope.hpp"

namespace ggen::p2p {
namespace {

/// Addresses taken from one exchanged record: dialing is paid by others too.
constexpr std::size_t k_exchanged_addresses_max = 8;

}  // namespace

void Gossip::penalize(Peer& peer, double count, Conduct conduct) {
    PeerScore::add_penalty(*peer.stats, count);
    put(ReportPeer{peer.id, conduct, 1});
}

void Gossip::on_rpc(Peer& peer, BytesView bytes, TimePoint now) {
    double const score = score_of(peer);
    bool const is_trusted = is_direct(peer.id);
    if (score < options_.thresholds.graylist && !is_trusted) return;
    if (auto const parsed = parse_rpc(bytes, rpc_); !parsed) {
        ++counters_.bad_rpcs;
        rpc_.clear();
        penalize(peer, 1, parsed.error().code == Errc::too_large ? Conduct::overload : Conduct::protocol_error);
        reset_inbound(peer);
        return;
    }
    bool has_room = true;
    for (auto const& subscription : rpc_.subscriptions) has_room = on_subscription(peer, subscription, now) && has_room;
    if (!has_room) put(ReportPeer{peer.id, Conduct::overload, 1});
    if (!rpc_.idontwant_ids.empty()) on_idontwant(peer, now);
    for (auto const& message : rpc_.messages) on_message(peer, message, now);
    if (!rpc_.has_control()) return;
    if (score >= options_.thresholds.gossip || is_trusted) {
        if (!rpc_.ihaves.empty()) on_ihave(peer, now);
        if (!rpc_.iwant_ids.empty()) on_iwant(peer, now);
    }
    bool is_exchanging = options_.is_exchanging_peers;
    for (auto const& name : rpc_.grafts) on_graft(peer, name, score, is_exchanging, now);
    for (auto const& one : rpc_.prunes) on_prune(peer, one, score, now);
}

/// False when the peer has as many topics as it may have.
bool Gossip::on_subscription(Peer& peer, RpcSubscription const& subscription, TimePoint now) {
    if (subscription.topic.empty()) return true;
    auto* const known = find_topic(subscription.topic);
    bool const is_subscribed =
        known != nullptr && std::find(peer.topics.begin(), peer.topics.end(), known) != peer.topics.end();
    if (subscription.is_subscribe == is_subscribed) return true;
    auto const notify = [&](GossipEvent event) {
        if (events_.size() < k_gossip_events_max) events_.push_back(std::move(event));
    };
    if (!subscription.is_subscribe) {
        notify(PeerUnsubscribed{peer.id, known->name});
        unsubscribe(peer, *known);
        return true;
    }
    if (peer.topics.size() >= k_gossip_topics_per_peer_max) return false;
    auto& topic = topic_named(subscription.topic);
    peer.topics.push_back(&topic);
    topic.subscribers.push_back(&peer);
    notify(PeerSubscribed{peer.id, topic.name});
    if (topic.is_joined && topic.mesh.size() < options_.mesh_low && is_graftable(topic, peer, now)) {
        graft(topic, peer, now);
    }
    return true;
}

void Gossip::on_ihave(Peer& peer, TimePoint now) {
    if (++peer.ihave_rpcs > k_gossip_ihave_rpcs_max || peer.ids_asked >= k_gossip_ids_accept_max) return;
    std::vector<std::string_view> wanted;
    for (auto const& ihave : rpc_.ihaves) {
        auto const* const topic = find_topic(ihave.topic);
        if (topic == nullptr || !topic->is_joined) continue;
        for (auto const id : std::span{rpc_.ihave_ids}.subspan(ihave.first, ihave.count)) {
            if (id.size() > k_gossip_id_bytes_max) continue;
            if (auto* const record = seen_.find(id)) {
                if (record->probed != peer.serial) continue;
                // It has the message and says so: no longer a question of whether it would send it. Perhaps it
                // holds the message back from us likewise, so it hears the same.
                record->probed = k_nobody_serial;
                peer.control.ihaves.push_back({topic->name, {MessageId{id}}});
                touch(peer);
            } else if (wants_.announce(id, peer.serial)) {
                // The mesh tells of large messages at once, while somebody else may be pushing them.
                if (topic->is_in_mesh(peer) && ++peer.ids_asked <= k_gossip_ids_accept_max) {
                    wants_.ask_later(id, peer.serial, now);
                } else {
                    wanted.push_back(id);
                }
            }
        }
    }
    if (wanted.empty()) return;
    // In random order, and each once: many peers tell of the same messages, and no peer chooses what is left out.
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    random_.shuffle(wanted);
    wanted.resize(std::min(wanted.size(), k_gossip_ids_accept_max - peer.ids_asked));
    peer.ids_asked += wanted.size();
    auto const promised = static_cast<std::size_t>(random_.below(wanted.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        wants_.asked(wanted[i], peer.serial, i == promised, now);
        peer.control.iwants.emplace_back(wanted[i]);
    }
    touch(peer);
}

void Gossip::on_iwant(Peer& peer, TimePoint now) {
    for (auto const id : rpc_.iwant_ids) {
        auto const message = cache_.find(id);
        if (message == nullptr || peer.unwanted.contains(hash_(id))) continue;
        if (cache_.count_served(id, peer.serial) > k_gossip_served_per_message_max) continue;
        // A held-back message that the peer asks for: it had no other way to it, so nothing is proved.
        if (auto* const record = seen_.find(id); record != nullptr && record->probed == peer.serial) {
            record->probed = k_nobody_serial;
        }
        send_to(peer, SendClass::forward, message, now);
    }
}

void Gossip::on_graft(Peer& peer, std::string_view name, double score, bool& is_exchanging, TimePoint now) {
    auto* const topic = find_topic(name);
    if (topic == nullptr || !topic->is_joined) {
        // No answer and no state: a GRAFT for unknown topics costs its sender and nobody else.
        is_exchanging = false;
        return;
    }
    if (topic->is_in_mesh(peer)) return;
    auto const refuse_graft = [&](bool with_exchange) {
        is_exchanging = is_exchanging && with_exchange;
        topic->backoffs.extend(peer.id, now + options_.prune_backoff);
        auto const backoff = static_cast<std::uint64_t>(options_.prune_backoff.count());
        peer.control.prunes.push_back({topic->name, backoff, is_exchanging});
        touch(peer);
    };
    if (is_direct(peer.id)) {
        refuse_graft(false);
        return;
    }
    if (auto const end = topic->backoffs.end_of(peer.id); now < end) {
        bool const is_flooding = now < end - options_.prune_backoff + options_.graft_flood;
        penalize(peer, is_flooding ? 2 : 1, Conduct::protocol_error);
        refuse_graft(false);
        return;
    }
    if (score < 0) {
        refuse_graft(false);
        return;
    }
    if (topic->mesh.size() >= options_.mesh_high && peer.direction == Direction::inbound) {
        refuse_graft(true);
        return;
    }
    if (std::find(peer.topics.begin(), peer.topics.end(), topic) == peer.topics.end()) {
        // A GRAFT tells of the subscription too.
        if (!on_subscription(peer, {true, name}, now)) return;
        if (topic->is_in_mesh(peer)) return;
    }
    topic->mesh.push_back({&peer, now, now});
    score_.graft(*peer.stats, topic->key, now);
}

void Gossip::on_prune(Peer& peer, RpcPrune const& prune, double score, TimePoint now) {
    auto* const topic = find_topic(prune.topic);
    if (topic == nullptr || !topic->is_joined) return;
    remove_from_mesh(*topic, peer);
    auto const told = std::min<std::uint64_t>(prune.backoff_seconds, k_gossip_backoff_max.count());
    auto const backoff = told == 0 ? options_.prune_backoff : std::chrono::seconds{static_cast<std::int64_t>(told)};
    topic->backoffs.extend(peer.id, now + backoff);
    if (prune.count == 0 || score < options_.thresholds.accept_px || !options_.is_exchanging_peers) return;
    dial_exchanged(std::span{rpc_.exchange}.subspan(prune.first, prune.count));
}

void Gossip::dial_exchanged(std::span<RpcExchange const> peers) {
    for (auto const& entry : peers.first(std::min(peers.size(), k_gossip_exchange_accept_max))) {
        if (exchange_dials_ >= k_gossip_exchange_dials_max) return;
        // Only what the peer itself has signed: an id alone would make us dial whomever the sender likes.
        if (entry.record.empty()) continue;
        auto const id = PeerId::from_bytes(entry.peer);
        if (!id || *id == self_ || find_peer(*id) != nullptr) continue;
        auto record = open_peer_record(entry.record);
        if (!record || record->peer != *id || record->addresses.empty()) continue;
        if (record->addresses.size() > k_exchanged_addresses_max) {
            record->addresses.erase(record->addresses.begin() + k_exchanged_addresses_max, record->addresses.end());
        }
        ++exchange_dials_;
        put(LearnAddresses{*id, record->addresses, true});
        put(ConnectPeer{*id, std::move(record->addresses)});
    }
}

void Gossip::on_idontwant(Peer& peer, TimePoint /*now*/) {
    if (peer.idontwant_rpcs >= k_gossip_idontwant_rpcs_max) return;
    ++peer.idontwant_rpcs;
    for (auto const id : rpc_.idontwant_ids) {
        if (id.size() > k_gossip_id_bytes_max) continue;
        if (peer.unwanted.size() >= k_gossip_unwanted_ids_max) return;
        peer.unwanted.insert_or_assign(hash_(id), ticks_ + options_.idontwant_ticks);
        if (!peer.queue.is_empty()) peer.queue.cancel(id);
    }
}

}  // namespace ggen::p2p
