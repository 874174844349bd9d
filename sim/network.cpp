#include "sim/network.hpp"

#include <algorithm>
#include <utility>

#include "sim/network_state.hpp"

namespace ggen::sim {

Network::Network(std::uint64_t seed, LinkOptions options, std::unique_ptr<LatencyModel const> latency)
    : seed_(seed), options_(options), latency_(std::move(latency)) {}

Network::~Network() = default;

NodeId Network::add_node(NodeSettings const& settings) {
    auto const id = static_cast<NodeId>(nodes_.size());
    auto& node = nodes_.emplace_back();
    node.settings = settings;
    Dice dice{seed_, Purpose::site, id};
    node.place = latency_->draw(dice);
    GGEN_ASSERT(by_endpoint_.find(settings.endpoint.key()) == nullptr);
    by_endpoint_[settings.endpoint.key()] = id;
    return id;
}

void Network::start(NodeId id, std::unique_ptr<NodeProgram> program) {
    auto& node = nodes_[id];
    GGEN_ASSERT(node.program == nullptr);
    node.program = std::move(program);
    node.wake_at = k_never;
    node.program->on_start();
}

void Network::stop(NodeId id, StopKind kind) {
    auto& node = nodes_[id];
    if (node.program == nullptr) return;
    node.was_silent = kind == StopKind::silent;
    while (!node.connections.empty()) {
        auto const slot = node.connections.back();
        auto const& connection = connections_[slot];
        auto const side = static_cast<std::uint8_t>(connection.node[0] == id ? 0 : 1);
        if (kind == StopKind::orderly) {
            close({slot, connection.generation, side});
        } else {
            events_.push({.time = now_ + options_.silence_timeout, .node = connection.node[1 - side], .slot = slot,
                          .generation = connection.generation, .kind = EventKind::silence});
            close_side(slot, side);
        }
    }
    for (auto& dial : dials_) {
        if (dial.is_open && dial.from == id) cancel_dial(static_cast<std::uint32_t>(&dial - dials_.data()));
    }
    node.wake_at = k_never;
    stopped_.push_back(std::move(node.program));
}

void Network::shut_down() {
    for (auto& node : nodes_) node.program.reset();
    stopped_.clear();
}

bool Network::is_up(NodeId node) const { return nodes_[node].program != nullptr; }
NodeProgram* Network::program(NodeId node) { return nodes_[node].program.get(); }
std::uint32_t Network::node_count() const { return static_cast<std::uint32_t>(nodes_.size()); }
Endpoint Network::endpoint(NodeId node) const { return nodes_[node].settings.endpoint; }
void Network::set_rate(NodeId node, LinkRate rate) { nodes_[node].settings.rate = rate; }
LinkRate Network::rate(NodeId node) const { return nodes_[node].settings.rate; }

NodeId Network::node_at(Endpoint endpoint) const {
    auto const* const node = by_endpoint_.find(endpoint.key());
    return node == nullptr ? k_no_node : *node;
}

std::uint64_t Network::pair_key(NodeId a, NodeId b) const {
    auto const [low, high] = std::minmax(a, b);
    return mix(seed_, std::uint64_t{low} << 32U | high);
}

Nanos Network::latency(NodeId a, NodeId b) const {
    return latency_->one_way(nodes_[a].place, nodes_[b].place, pair_key(a, b)) + nodes_[a].settings.extra_latency +
           nodes_[b].settings.extra_latency;
}

bool Network::step() {
    if (is_stopped_ || events_.is_empty()) return false;
    auto const event = events_.pop();
    GGEN_ASSERT(event.time >= now_);
    now_ = event.time;
    handle(event);
    if (observer_) observer_(event);
    stopped_.clear();
    return true;
}

void Network::run_until(Nanos end) {
    while (!is_stopped_ && !events_.is_empty() && events_.top().time <= end) step();
    if (!is_stopped_) now_ = std::max(now_, end);
}

void Network::at(Nanos at, std::function<void()> action) {
    std::uint32_t slot = 0;
    if (free_actions_.empty()) {
        slot = static_cast<std::uint32_t>(actions_.size());
        actions_.emplace_back();
    } else {
        slot = free_actions_.back();
        free_actions_.pop_back();
    }
    actions_[slot] = std::move(action);
    events_.push({.time = std::max(at, now_), .slot = slot, .kind = EventKind::action});
}

void Network::handle(Event const& event) {
    switch (event.kind) {
        case EventKind::frame: on_frame_event(event); return;
        case EventKind::timer: on_timer_event(event); return;
        case EventKind::dial_done: on_dial_done(event); return;
        case EventKind::dial_over: on_dial_over(event); return;
        case EventKind::silence: on_silence(event); return;
        case EventKind::action: break;
    }
    trace_.add(now_, event.node, event.kind, 0);
    auto const action = std::exchange(actions_[event.slot], nullptr);
    free_actions_.push_back(event.slot);
    action();
}

void Network::wake_at(NodeId id, Nanos at) {
    auto& node = nodes_[id];
    node.wake_at = std::max(at, now_);
    // A later time waits for the event that is queued already, which then queues the next.
    if (at == k_never || node.queued_at <= node.wake_at) return;
    node.queued_at = node.wake_at;
    events_.push({.time = node.wake_at, .node = id, .generation = ++node.timer_generation, .kind = EventKind::timer});
}

void Network::on_timer_event(Event const& event) {
    auto& node = nodes_[event.node];
    if (event.generation != node.timer_generation) return;
    node.queued_at = k_never;
    if (node.program == nullptr || node.wake_at == k_never) return;
    if (node.wake_at > now_) {
        wake_at(event.node, node.wake_at);
        return;
    }
    ++counters_.timers;
    trace_.add(now_, event.node, event.kind, 0);
    node.wake_at = k_never;
    node.program->on_timer();
}

std::uint32_t Network::open_connections() const {
    return static_cast<std::uint32_t>(connections_.size() - free_connections_.size());
}

std::size_t Network::pending_frames() const { return flights_.size() - free_flights_.size(); }

}  // namespace ggen::sim
