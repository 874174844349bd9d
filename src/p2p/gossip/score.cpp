#include "p2p/gossip/score.hpp"

#include <algorithm>
#include <optional>

#include "p2p/gossip/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_ip4_prefix_bytes = 3;  // /24
constexpr std::size_t k_ip6_prefix_bytes = 6;  // /48
constexpr std::uint8_t k_ip4_loopback = 127;

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"score: "} + what}; }

bool is_decay(double value) { return value > 0 && value < 1; }

void decay_one(double& value, double factor, double to_zero) {
    value *= factor;
    if (value < to_zero) value = 0;
}

bool is_ip6_loopback(Bytes const& value) {
    return std::all_of(value.begin(), value.end() - 1, [](auto byte) { return byte == 0; }) && value.back() == 1;
}

/// ::ffff:a.b.c.d stands for the IPv4 address.
bool is_mapped_ip4(Bytes const& value) {
    return std::all_of(value.begin(), value.begin() + 10, [](auto byte) { return byte == 0; }) && value[10] == 0xff &&
           value[11] == 0xff;
}

std::string ip4_group(BytesView value) {
    return value[0] == k_ip4_loopback ? std::string{} : "4:" + std::string{as_text(value.first(k_ip4_prefix_bytes))};
}

}  // namespace

std::string colocation_group(Multiaddr const& address) {
    auto const& part = address.parts().front();
    if (part.code == MultiaddrCode::ip4) return ip4_group(part.value);
    if (part.code != MultiaddrCode::ip6 || is_ip6_loopback(part.value)) return {};
    if (is_mapped_ip4(part.value)) return ip4_group(BytesView{part.value}.subspan(12));
    return "6:" + std::string{as_text(BytesView{part.value}.first(k_ip6_prefix_bytes))};
}

Result<void> TopicScoreParams::validate() const {
    if (topic_weight < 0) return invalid("topic_weight is negative");
    if (time_in_mesh_weight < 0 || first_message_deliveries_weight < 0) return invalid("a reward is negative");
    if (mesh_message_deliveries_weight > 0 || mesh_failure_penalty_weight > 0 || probe_weight > 0 ||
        invalid_message_deliveries_weight > 0) {
        return invalid("a penalty is positive");
    }
    if (!is_decay(first_message_deliveries_decay) || !is_decay(mesh_message_deliveries_decay) ||
        !is_decay(mesh_failure_penalty_decay) || !is_decay(probe_decay) ||
        !is_decay(invalid_message_deliveries_decay)) {
        return invalid("a decay is not between 0 and 1");
    }
    if (time_in_mesh_quantum.count() <= 0 || time_in_mesh_cap <= 0 || first_message_deliveries_cap <= 0 ||
        mesh_message_deliveries_cap <= 0 || probe_cap <= 0 || probe_slack < 0 || probe_share < 0 || probe_share > 1) {
        return invalid("a cap, quantum or share is out of range");
    }
    return ok();
}

Result<void> ScoreThresholds::validate() const {
    if (!(graylist <= publish && publish <= gossip && gossip <= 0)) return invalid("thresholds are out of order");
    if (accept_px < 0 || opportunistic_graft < 0) return invalid("a threshold for good peers is negative");
    return ok();
}

Result<void> PeerScoreParams::validate() const {
    if (topic_score_cap < 0 || application_weight < 0) return invalid("a weight or cap is negative");
    if (colocation_weight > 0 || behaviour_weight > 0 || colocation_floor > 0) return invalid("a penalty is positive");
    if (colocation_threshold < 1 || behaviour_threshold < 0) return invalid("a threshold is out of range");
    if (!is_decay(behaviour_decay) || !is_decay(decay_to_zero)) return invalid("a decay is out of range");
    if (decay_interval.count() <= 0 || retain.count() < 0) return invalid("a time is out of range");
    if (application_floor > application_cap) return invalid("the application's range is empty");
    return ok();
}

PeerScore::PeerScore(PeerScoreParams params) : params_(params) {}

void PeerScore::set_topic(TopicKey topic, TopicScoreParams const& params) {
    auto const at = std::find_if(topics_.begin(), topics_.end(), [&](auto const& one) { return one.first == topic; });
    if (at == topics_.end()) {
        topics_.emplace_back(topic, params);
        return;
    }
    at->second = params;
    for (auto& [peer, stats] : peers_) {
        for (auto& one : stats.topics) {
            if (one.key != topic) continue;
            one.first_deliveries = std::min(one.first_deliveries, params.first_message_deliveries_cap);
            one.mesh_deliveries = std::min(one.mesh_deliveries, params.mesh_message_deliveries_cap);
        }
    }
}

void PeerScore::remove_topic(TopicKey topic) {
    std::erase_if(topics_, [&](auto const& one) { return one.first == topic; });
    for (auto& [peer, stats] : peers_) std::erase_if(stats.topics, [&](auto const& one) { return one.key == topic; });
}

TopicScoreParams const* PeerScore::topic(TopicKey topic) const {
    for (auto const& [key, params] : topics_) {
        if (key == topic) return &params;
    }
    return nullptr;
}

PeerStats& PeerScore::connect(PeerId const& peer, std::string group, TimePoint /*now*/) {
    auto const [at, is_new] = peers_.try_emplace(peer, PeerStats{.peer = peer, .group = {}, .topics = {}});
    auto& stats = at->second;
    if (!is_new && !stats.is_connected) --gone_;
    stats.is_connected = true;
    if (stats.group != group) {
        if (!stats.group.empty() && --groups_[stats.group] == 0) groups_.erase(stats.group);
        if (!group.empty()) ++groups_[group];
        stats.group = std::move(group);
    }
    return stats;
}

void PeerScore::disconnect(PeerStats& stats, TimePoint now) {
    for (auto& topic : stats.topics) {
        // A good score does not outlive the connection (it would be a store of credit), only what a fault costs.
        topic.first_deliveries = 0;
        if (topic.is_in_mesh) prune(stats, topic.key);
    }
    stats.is_connected = false;
    stats.gone = now;
    ++gone_;
    // Neighbours in a network are no fault of its own.
    if (score(stats) - colocation_score(stats) >= 0 && stats.behaviour == 0) {
        forget(peers_.find(stats.peer));
    } else if (gone_ > k_gossip_retained_scores_max) {
        forget_best();
    }
}

void PeerScore::graft(PeerStats& stats, TopicKey topic, TimePoint now) {
    auto* const counted = counters(stats, topic);
    if (counted == nullptr) return;
    counted->is_in_mesh = true;
    counted->grafted = now;
    counted->mesh_time = {};
    counted->is_mesh_active = false;
}

void PeerScore::prune(PeerStats& stats, TopicKey topic) {
    auto const* const params = this->topic(topic);
    auto* const counted = counters(stats, topic);
    if (counted == nullptr) return;
    if (counted->is_mesh_active && counted->mesh_deliveries < params->mesh_message_deliveries_threshold) {
        double const deficit = params->mesh_message_deliveries_threshold - counted->mesh_deliveries;
        counted->mesh_failures += deficit * deficit;
    }
    counted->is_in_mesh = false;
    counted->is_mesh_active = false;
}

void PeerScore::first_delivery(PeerStats& stats, TopicKey topic) {
    auto const* const params = this->topic(topic);
    auto* const counted = counters(stats, topic);
    if (counted == nullptr) return;
    counted->first_deliveries = std::min(counted->first_deliveries + 1, params->first_message_deliveries_cap);
    if (!counted->is_in_mesh) return;
    counted->mesh_deliveries = std::min(counted->mesh_deliveries + 1, params->mesh_message_deliveries_cap);
}

void PeerScore::duplicate_delivery(PeerStats& stats, TopicKey topic, std::chrono::nanoseconds late_by) {
    auto const* const params = this->topic(topic);
    auto* const counted = counters(stats, topic);
    if (counted == nullptr || !counted->is_in_mesh || late_by > params->mesh_message_deliveries_window) return;
    counted->mesh_deliveries = std::min(counted->mesh_deliveries + 1, params->mesh_message_deliveries_cap);
}

void PeerScore::invalid_delivery(PeerStats& stats, TopicKey topic) {
    if (auto* const counted = counters(stats, topic)) counted->invalid_deliveries += 1;
}

void PeerScore::probe(PeerStats& stats, TopicKey topic, bool is_answered) {
    auto const* const params = this->topic(topic);
    auto* const counted = counters(stats, topic);
    if (counted == nullptr) return;
    counted->probes += 1;
    if (is_answered) counted->probes_answered += 1;
    if (counted->probes <= params->probe_cap) return;
    // Both are scaled, so the share stays and new probes weigh more than old ones.
    counted->probes_answered *= params->probe_cap / counted->probes;
    counted->probes = params->probe_cap;
}

void PeerScore::refresh(TimePoint now, std::function<double(PeerId const&)> const& application) {
    for (auto at = peers_.begin(); at != peers_.end();) {
        auto& stats = at->second;
        if (stats.is_connected) {
            decay(stats, now);
            stats.application = application ? application(stats.peer) : 0;
        } else if (now - stats.gone >= params_.retain) {
            // Scores of peers that are gone do not decay: leaving for a while cleans nothing.
            forget(at++);
            continue;
        }
        ++at;
    }
}

void PeerScore::decay(PeerStats& stats, TimePoint now) const {
    double const zero = params_.decay_to_zero;
    for (auto& one : stats.topics) {
        auto const* const params = topic(one.key);
        if (params == nullptr) continue;
        decay_one(one.first_deliveries, params->first_message_deliveries_decay, zero);
        decay_one(one.mesh_deliveries, params->mesh_message_deliveries_decay, zero);
        decay_one(one.mesh_failures, params->mesh_failure_penalty_decay, zero);
        decay_one(one.invalid_deliveries, params->invalid_message_deliveries_decay, zero);
        decay_one(one.probes, params->probe_decay, zero);
        decay_one(one.probes_answered, params->probe_decay, zero);
        if (!one.is_in_mesh) continue;
        one.mesh_time = now - one.grafted;
        if (one.mesh_time > params->mesh_message_deliveries_activation) one.is_mesh_active = true;
    }
    decay_one(stats.behaviour, params_.behaviour_decay, zero);
}

double PeerScore::topic_score(PeerStats::Topic const& stats) const {
    auto const* const params = topic(stats.key);
    if (params == nullptr) return 0;
    double score = 0;
    if (stats.is_in_mesh) {
        auto const quanta = static_cast<double>(stats.mesh_time / params->time_in_mesh_quantum);
        score += std::min(quanta, params->time_in_mesh_cap) * params->time_in_mesh_weight;
    }
    score += stats.first_deliveries * params->first_message_deliveries_weight;
    if (stats.is_mesh_active) {
        double const deficit = std::max(0.0, params->mesh_message_deliveries_threshold - stats.mesh_deliveries);
        score += deficit * deficit * params->mesh_message_deliveries_weight;
    }
    score += stats.mesh_failures * params->mesh_failure_penalty_weight;
    double const expected = params->probe_share * stats.probes - params->probe_slack;
    double const unanswered = std::max(0.0, expected - stats.probes_answered);
    score += unanswered * unanswered * params->probe_weight;
    score += stats.invalid_deliveries * stats.invalid_deliveries * params->invalid_message_deliveries_weight;
    return score * params->topic_weight;
}

double PeerScore::score(PeerStats const& stats) const {
    double score = 0;
    for (auto const& one : stats.topics) score += topic_score(one);
    if (params_.topic_score_cap > 0) score = std::min(score, params_.topic_score_cap);
    double const opinion = std::clamp(stats.application, params_.application_floor, params_.application_cap);
    score += opinion * params_.application_weight;
    score += colocation_score(stats);
    double const excess = std::max(0.0, stats.behaviour - params_.behaviour_threshold);
    return score + excess * excess * params_.behaviour_weight;
}

double PeerScore::colocation_score(PeerStats const& stats) const {
    if (stats.group.empty()) return 0;
    int const surplus = groups_.at(stats.group) - params_.colocation_threshold;
    return surplus > 0 ? std::max(surplus * surplus * params_.colocation_weight, params_.colocation_floor) : 0.0;
}

double PeerScore::score(PeerId const& peer) const {
    auto const at = peers_.find(peer);
    return at == peers_.end() ? 0 : score(at->second);
}

PeerStats::Topic* PeerScore::counters(PeerStats& stats, TopicKey topic) const {
    for (auto& one : stats.topics) {
        if (one.key == topic) return &one;
    }
    if (this->topic(topic) == nullptr) return nullptr;
    stats.topics.push_back({.key = topic});
    return &stats.topics.back();
}

void PeerScore::forget(std::map<PeerId, PeerStats>::iterator at) {
    auto const& stats = at->second;
    if (!stats.group.empty() && --groups_[stats.group] == 0) groups_.erase(stats.group);
    --gone_;
    peers_.erase(at);
}

/// The best eighth at once, so that a flood of names costs little a name.
void PeerScore::forget_best() {
    std::vector<std::pair<double, std::map<PeerId, PeerStats>::iterator>> gone;
    for (auto at = peers_.begin(); at != peers_.end(); ++at) {
        if (!at->second.is_connected) gone.emplace_back(score(at->second), at);
    }
    std::stable_sort(gone.begin(), gone.end(), [](auto const& a, auto const& b) { return a.first > b.first; });
    gone.resize(std::min(gone.size(), k_gossip_retained_scores_max / 8));
    for (auto const& [score, at] : gone) forget(at);
}

}  // namespace ggen::p2p
