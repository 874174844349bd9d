#include "sim/faults.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace ggen::sim {

namespace {
constexpr std::uint32_t k_permille = 1'000;

/// Lengths of sessions in seconds, equally likely: lognormal with median 2 h and four fifths within 8 h.
constexpr std::array<std::uint32_t, 33> k_session_seconds = {
    203, 445, 678, 922, 1182, 1463, 1768, 2101, 2465, 2864, 3305, 3791, 4330, 4930, 5601, 6352, 7200, 8161, 9256,
    10514, 11971, 13674, 15687, 18098, 21034, 24678, 29320, 35431, 43847, 56224, 76436, 116609, 255196};
}  // namespace

bool Faults::Barrier::stops(NodeId from, NodeId to) const {
    if (!is_up) return false;
    bool const from_chosen = from < is_chosen.size() && is_chosen[from];
    bool const to_chosen = to < is_chosen.size() && is_chosen[to];
    if (is_one_way) return from_chosen && (is_around_each || !to_chosen);
    return is_around_each ? from_chosen || to_chosen : from_chosen != to_chosen;
}

void Faults::install() {
    auto const& faults = world_.scenario().faults;
    for (std::size_t i = 0; i < faults.size(); ++i) {
        bool const is_drawn = Dice{world_.seed(), Purpose::fault, mix(i)}.chance(1, 2);
        if (is_drawn || !world_.scenario().draws_faults) plan(i, faults[i]);
    }
    if (!barriers_.empty()) {
        world_.network().set_block([this](NodeId from, NodeId to) {
            return std::any_of(barriers_.begin(), barriers_.end(),
                               [&](Barrier const& barrier) { return barrier.stops(from, to); });
        });
    }
    plan_churn();
}

std::vector<NodeId> Faults::choose(std::size_t fault, std::uint32_t share_permille) const {
    std::vector<NodeId> nodes(world_.node_count());
    std::iota(nodes.begin(), nodes.end(), NodeId{0});
    Dice dice{world_.seed(), Purpose::fault, fault};
    dice.shuffle(nodes);
    nodes.resize(nodes.size() * share_permille / k_permille);
    std::sort(nodes.begin(), nodes.end());
    return nodes;
}

void Faults::plan(std::size_t index, Fault const& fault) {
    auto const chosen = choose(index, fault.share_permille);
    auto& network = world_.network();
    auto const end = fault.lasts == 0 ? k_never : fault.at + fault.lasts;
    switch (fault.kind) {
        case FaultKind::crash:
            network.at(fault.at, [this, chosen, fault] {
                auto const kind = fault.is_silent ? StopKind::silent : StopKind::orderly;
                for (auto const node : chosen) world_.stop_node(node, kind, fault.keeps_disk);
            });
            if (end == k_never) return;
            network.at(end, [this, chosen] {
                for (auto const node : chosen) {
                    if (!world_.is_dead(node) && !world_.network().is_up(node)) world_.start_node(node);
                }
            });
            return;
        case FaultKind::collapse:
            network.at(fault.at, [this, chosen, fault, end] {
                for (auto const node : chosen) {
                    auto const before = world_.network().rate(node);
                    world_.network().set_rate(node, fault.rate);
                    if (end == k_never) continue;
                    world_.network().at(end, [this, node, before] { world_.network().set_rate(node, before); });
                }
            });
            return;
        default: plan_barrier(fault, chosen);
    }
}

void Faults::plan_barrier(Fault const& fault, std::vector<NodeId> const& chosen) {
    auto const at = barriers_.size();
    auto& barrier = barriers_.emplace_back();
    barrier.is_chosen.resize(world_.node_count());
    for (auto const node : chosen) barrier.is_chosen[node] = true;
    barrier.is_one_way = fault.is_one_way;
    barrier.is_around_each = fault.kind != FaultKind::partition;
    auto const end = fault.lasts == 0 ? k_never : fault.at + fault.lasts;
    auto& network = world_.network();
    if (fault.kind == FaultKind::flap || fault.kind == FaultKind::clog) {
        network.at(fault.at, [this, at, half = fault.period / 2, end] { swing(at, true, half, end); });
        return;
    }
    network.at(fault.at, [this, at] { set_barrier(at, true); });
    if (end != k_never) network.at(end, [this, at] { set_barrier(at, false); });
}

void Faults::swing(std::size_t barrier, bool is_up, Nanos half_period, Nanos end) {
    auto& network = world_.network();
    bool const is_over = network.now() >= end;
    set_barrier(barrier, is_up && !is_over);
    if (is_over) return;
    network.at(std::min(end, network.now() + half_period),
               [=, this] { swing(barrier, !is_up, half_period, end); });
}

void Faults::set_barrier(std::size_t barrier, bool is_up) {
    barriers_[barrier].is_up = is_up;
    if (!is_up) world_.network().release_held();
}

Nanos Faults::draw_session(NodeId node, std::uint64_t session, std::uint32_t weight_permille) const {
    Dice dice{world_.seed(), Purpose::churn, mix(node, session, weight_permille)};
    auto const at = dice.below(k_session_seconds.size() * k_permille);
    auto const index = static_cast<std::size_t>(at / k_permille);
    std::uint64_t const low = k_session_seconds[index];
    std::uint64_t const high = k_session_seconds[std::min(index + 1, k_session_seconds.size() - 1)];
    auto const seconds = low + (high - low) * (at % k_permille) / k_permille;
    auto const weighted = seconds * 1'000'000 * weight_permille / k_permille;
    return static_cast<Nanos>(weighted / world_.scenario().churn.speed_permille) * 1'000'000;
}

void Faults::plan_churn() {
    auto const& churn = world_.scenario().churn;
    if (churn.stable_permille >= k_permille) return;
    for (NodeId node = 0; node < world_.node_count(); ++node) {
        if (!world_.is_honest(node)) continue;
        Dice dice{world_.seed(), Purpose::churn, node};
        if (dice.chance(churn.stable_permille, k_permille)) continue;
        schedule_departure(node, 0);
    }
}

void Faults::schedule_departure(NodeId node, std::uint64_t session) {
    auto length = draw_session(node, session, k_permille);
    // The world is met in the middle of its sessions.
    if (session == 0) length = static_cast<Nanos>(scale(mix(world_.seed(), node), static_cast<std::uint64_t>(length)));
    world_.network().at(world_.now() + length, [=, this] {
        Dice dice{world_.seed(), Purpose::churn, mix(node, session, 1)};
        bool const is_silent = dice.chance(world_.scenario().churn.silent_permille, k_permille);
        world_.stop_node(node, is_silent ? StopKind::silent : StopKind::orderly, true);
        schedule_return(node, session);
    });
}

void Faults::schedule_return(NodeId node, std::uint64_t session) {
    auto const online = world_.scenario().churn.online_permille;
    auto const away = draw_session(node, session, (k_permille - online) * k_permille / online);
    world_.network().at(world_.now() + away, [=, this] {
        world_.start_node(node);
        schedule_departure(node, session + 1);
    });
}

}  // namespace ggen::sim
