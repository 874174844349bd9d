// Whom we exchange whole messages with, and the heartbeat that looks after it.
#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"

namespace ggen::p2p {

bool Gossip::is_graftable(Topic const& topic, Peer const& peer, TimePoint /*now*/) const {
    // A backoff is forgotten some time after its end (`backoff_slack`): until then we do not graft.
    return peer.has_mesh() && !topic.is_in_mesh(peer) && !is_direct(peer.id) &&
           topic.backoffs.end_of(peer.id) == TimePoint{} && score_of(peer) >= 0;
}

void Gossip::graft(Topic& topic, Peer& peer, TimePoint now) {
    topic.mesh.push_back({&peer, now, now});
    score_.graft(*peer.stats, topic.key, now);
    peer.control.grafts.push_back(topic.name);
    touch(peer);
}

void Gossip::prune(Topic& topic, Peer& peer, bool is_exchanging, std::chrono::seconds backoff, TimePoint now) {
    remove_from_mesh(topic, peer);
    topic.backoffs.extend(peer.id, now + backoff);
    peer.control.prunes.push_back({topic.name, static_cast<std::uint64_t>(backoff.count()), is_exchanging});
    touch(peer);
}

void Gossip::remove_from_mesh(Topic& topic, Peer& peer) {
    if (std::erase_if(topic.mesh, [&](MeshLink const& link) { return link.peer == &peer; }) == 0) return;
    score_.prune(*peer.stats, topic.key);
}

/// `count` of the candidates, by lot.
std::vector<Gossip::Peer*> Gossip::choose(std::vector<Peer*> candidates, std::size_t count) {
    random_.shuffle(candidates);
    candidates.resize(std::min(candidates.size(), count));
    return candidates;
}

void Gossip::fill_mesh(Topic& topic, std::size_t count, bool is_outbound_only, TimePoint now) {
    std::vector<Peer*> candidates;
    for (auto* const peer : topic.subscribers) {
        if (is_outbound_only && peer->direction != Direction::outbound) continue;
        if (is_graftable(topic, *peer, now)) candidates.push_back(peer);
    }
    for (auto* const peer : choose(std::move(candidates), count)) graft(topic, *peer, now);
}

/// Keeps the best by score and others by lot, with enough outbound ones among all of them.
void Gossip::cut_mesh(Topic& topic, TimePoint now) {
    std::vector<Peer*> peers;
    peers.reserve(topic.mesh.size());
    for (auto const& link : topic.mesh) peers.push_back(link.peer);
    random_.shuffle(peers);
    std::vector<std::pair<double, Peer*>> by_score;
    by_score.reserve(peers.size());
    for (auto* const peer : peers) by_score.emplace_back(score_of(*peer), peer);
    std::stable_sort(by_score.begin(), by_score.end(), [](auto const& a, auto const& b) { return a.first > b.first; });

    std::vector<Peer*> kept;
    std::vector<Peer*> rest;
    for (auto const& [score, peer] : by_score) (kept.size() < options_.mesh_best ? kept : rest).push_back(peer);
    random_.shuffle(rest);
    kept.insert(kept.end(), rest.begin(), rest.end());

    auto const is_outbound = [](Peer const* peer) { return peer->direction == Direction::outbound; };
    auto const end_of_kept = kept.begin() + static_cast<std::ptrdiff_t>(options_.mesh_size);
    auto outbound = static_cast<std::size_t>(std::count_if(kept.begin(), end_of_kept, is_outbound));
    // Outbound peers from behind the cut take the places of the last inbound ones before it.
    for (auto at = end_of_kept; at != kept.end() && outbound < options_.mesh_outbound; ++at) {
        if (!is_outbound(*at)) continue;
        auto const loser = std::find_if_not(std::make_reverse_iterator(end_of_kept), kept.rend(), is_outbound);
        if (loser == kept.rend()) break;
        std::swap(*at, *loser);
        ++outbound;
    }
    for (std::size_t i = options_.mesh_size; i < kept.size(); ++i) {
        prune(topic, *kept[i], options_.is_exchanging_peers, options_.prune_backoff, now);
    }
}

void Gossip::heartbeat(TimePoint now) {
    ++ticks_;
    next_heartbeat_ = now + options_.heartbeat;
    // The second beat comes at a time of its own, so that nodes that start together do not beat together.
    if (ticks_ == 1) next_heartbeat_ -= options_.heartbeat * random_.below(500) / 1000;
    if (now >= next_decay_) {
        next_decay_ = now + options_.score.decay_interval;
        score_.refresh(now, options_.application_score);
    }
    seen_.expire(now);
    std::erase_if(validating_, [&](auto const& one) {
        if (now - one.second.since < options_.seen_ttl) return false;
        validating_bytes_ -= one.second.message->wire()->size();
        return true;
    });
    if (ticks_ % 10 == 0) exchange_dials_ = 0;
    for (auto const& [id, peer] : peers_) {
        peer->ihave_rpcs = 0;
        peer->ids_asked = 0;
        peer->idontwant_rpcs = 0;
        std::erase_if(peer->unwanted, [&](auto const& one) { return one.second <= ticks_; });
        if (!peer->queue.is_empty()) peer->queue.drop_old(now);
        if (auto const dropped = peer->queue.take_dropped(); dropped > 0) {
            counters_.dropped += dropped;
            put(ReportPeer{peer->id, Conduct::timeout, 0.1});
        }
        if (peer->reopen_at && *peer->reopen_at <= now) open_stream(*peer);
    }
    if (ticks_ % options_.direct_connect_ticks == 1 || options_.direct_connect_ticks == 1) connect_direct();

    for (auto at = topics_.begin(); at != topics_.end();) {
        auto& topic = *at->second;
        ++at;  // The topic may go at the end of the turn.
        topic.backoffs.expire(now - options_.backoff_slack);
        if (topic.is_joined) {
            maintain_mesh(topic, now);
            emit_gossip(topic, now);
        } else if (topic.has_fanout) {
            maintain_fanout(topic, now);
            emit_gossip(topic, now);
        }
        drop_topic_if_unused(topic);
    }
    cache_.shift();
}

void Gossip::maintain_mesh(Topic& topic, TimePoint now) {
    std::vector<Peer*> bad;
    for (auto const& link : topic.mesh) {
        if (score_of(*link.peer) < 0) bad.push_back(link.peer);
    }
    for (auto* const peer : bad) prune(topic, *peer, false, options_.prune_backoff, now);

    if (topic.mesh.size() < options_.mesh_low) fill_mesh(topic, options_.mesh_size - topic.mesh.size(), false, now);
    if (topic.mesh.size() >= options_.mesh_high) cut_mesh(topic, now);
    if (topic.mesh.size() >= options_.mesh_low) {
        auto const outbound = static_cast<std::size_t>(
            std::count_if(topic.mesh.begin(), topic.mesh.end(),
                          [](MeshLink const& link) { return link.peer->direction == Direction::outbound; }));
        if (outbound < options_.mesh_outbound) fill_mesh(topic, options_.mesh_outbound - outbound, true, now);
    }
    if (ticks_ % options_.opportunistic_ticks == 0 && topic.mesh.size() > 1) graft_opportunistically(topic, now);
}

void Gossip::graft_opportunistically(Topic& topic, TimePoint now) {
    std::vector<double> scores;
    scores.reserve(topic.mesh.size());
    for (auto const& link : topic.mesh) scores.push_back(score_of(*link.peer));
    auto const middle = scores.begin() + static_cast<std::ptrdiff_t>(scores.size() / 2);
    std::nth_element(scores.begin(), middle, scores.end());
    double const median = *middle;
    if (median >= options_.thresholds.opportunistic_graft) return;
    std::vector<Peer*> better;
    for (auto* const peer : topic.subscribers) {
        if (is_graftable(topic, *peer, now) && score_of(*peer) > median) better.push_back(peer);
    }
    for (auto* const peer : choose(std::move(better), options_.opportunistic_peers)) graft(topic, *peer, now);
}

void Gossip::maintain_fanout(Topic& topic, TimePoint now) {
    if (now - topic.last_publish > options_.fanout_ttl) {
        topic.has_fanout = false;
        topic.fanout.clear();
        return;
    }
    std::erase_if(topic.fanout, [&](Peer const* peer) { return score_of(*peer) < options_.thresholds.publish; });
    if (topic.fanout.size() >= options_.mesh_size) return;
    std::vector<Peer*> candidates;
    for (auto* const peer : topic.subscribers) {
        bool const is_in = std::find(topic.fanout.begin(), topic.fanout.end(), peer) != topic.fanout.end();
        if (!is_in && peer->has_mesh() && !is_direct(peer->id) && score_of(*peer) >= options_.thresholds.publish) {
            candidates.push_back(peer);
        }
    }
    auto const chosen = choose(std::move(candidates), options_.mesh_size - topic.fanout.size());
    topic.fanout.insert(topic.fanout.end(), chosen.begin(), chosen.end());
}

void Gossip::emit_gossip(Topic& topic, TimePoint /*now*/) {
    auto ids = cache_.gossip_ids(topic.name);
    if (ids.empty()) return;
    std::vector<Peer*> peers;
    for (auto* const peer : topic.subscribers) {
        bool const is_pushed = topic.is_in_mesh(*peer) ||
                               std::find(topic.fanout.begin(), topic.fanout.end(), peer) != topic.fanout.end();
        if (!is_pushed && peer->has_mesh() && !is_direct(peer->id) && score_of(*peer) >= options_.thresholds.gossip) {
            peers.push_back(peer);
        }
    }
    auto const share = static_cast<std::size_t>(options_.gossip_factor * static_cast<double>(peers.size()));
    random_.shuffle(peers);
    peers.resize(std::min(peers.size(), std::max(options_.gossip_peers, share)));
    for (auto* const peer : peers) {
        if (ids.size() > k_gossip_ihave_ids_emit_max) random_.shuffle(ids);  // Each peer hears of others.
        auto const count = std::min(ids.size(), k_gossip_ihave_ids_emit_max);
        peer->control.ihaves.push_back({topic.name, {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count)}});
        touch(*peer);
    }
}

}  // namespace ggen::p2p
