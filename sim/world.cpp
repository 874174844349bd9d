#include "sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "p2p/identity/identity.hpp"
#include "sim/faults.hpp"
#include "sim/virtual_host.hpp"
#include "sim/wire_host.hpp"

namespace ggen::sim {

namespace {
constexpr std::uint32_t k_permille = 1'000;
constexpr std::uint16_t k_port = 4001;
/// Frames that are under way at once, for each node: more is a flood that no real network holds.
constexpr std::size_t k_pending_frames_per_node_max = 20'000;

std::uint32_t draw_ip(std::uint64_t seed, std::uint64_t number) {
    // Multiplication by an odd number is a bijection of 24 bits; the top byte avoids what is not routed.
    auto const offset = static_cast<std::uint32_t>(mix(seed, static_cast<std::uint64_t>(Purpose::site)) & 0xff'ffffU);
    auto const low = static_cast<std::uint32_t>(number * 0x9e3779b1U + offset) & 0xff'ffffU;
    auto const top = 11U + static_cast<std::uint32_t>(mix(seed, low) % 89);  // 11.x to 99.x
    return top << 24U | low;
}
constexpr std::uint32_t k_shared_subnet = 203U << 24U | 7U << 8U;  // one of few /24s that no drawn address is in
}  // namespace

Endpoint draw_endpoint(std::uint64_t seed, std::uint64_t number) {
    return {.ip = draw_ip(seed, number), .port = k_port};
}

World::World(Scenario scenario, std::uint64_t seed, std::unique_ptr<LatencyModel const> latency,
             std::unique_ptr<Workload> workload)
    : scenario_(std::move(scenario)), seed_(seed), network_(seed, scenario_.link, std::move(latency)),
      fabric_(network_), workload_(std::move(workload)) {
    add_nodes();
    faults_ = std::make_unique<Faults>(*this);
}

World::~World() { network_.shut_down(); }

void World::add_nodes() {
    std::vector<std::uint32_t> roles(scenario_.nodes, 0);  // 0 = honest, else the crowd's number
    std::size_t at = 0;
    for (std::size_t i = 0; i < scenario_.crowds.size(); ++i) {
        auto const count = std::size_t{scenario_.nodes} * scenario_.crowds[i].share_permille / k_permille;
        for (std::size_t j = 0; j < count && at < roles.size(); ++j) roles[at++] = static_cast<std::uint32_t>(i + 1);
    }
    Dice dice{seed_, Purpose::byzantine};
    dice.shuffle(roles);
    for (std::size_t i = 0; i < scenario_.crowds.size(); ++i) {
        roles.insert(roles.end(), scenario_.crowds[i].extra, static_cast<std::uint32_t>(i + 1));
    }
    std::uint32_t in_subnet = 0;
    for (std::size_t i = 0; i < roles.size(); ++i) {
        NodeSettings settings{.endpoint = draw_endpoint(seed_, i), .rate = {}, .extra_latency = 0};
        if (roles[i] != 0 && scenario_.crowds[roles[i] - 1].shares_subnet) {
            auto const number = in_subnet++;
            settings.endpoint = {.ip = k_shared_subnet + number % 250, .port =
                static_cast<std::uint16_t>(k_port + number / 250)};
        }
        auto die = static_cast<std::uint32_t>(mix(seed_, i, static_cast<std::uint64_t>(Purpose::wiring)) % k_permille);
        for (auto const& rate : scenario_.rates) {
            if (die < rate.share_permille) {
                settings.rate = rate.rate;
                break;
            }
            die -= rate.share_permille;
        }
        auto const node = network_.add_node(settings);
        fabric_.name_node(node, has_keys() ? p2p::peer_id_of(Fabric::make_key(seed_, i).public_key())
                                           : Fabric::make_peer(seed_, i));
        crowd_of_.push_back(roles[i]);
        is_dead_.push_back(roles[i] == 0 && dice.chance(scenario_.dead_permille, k_permille));
    }
    starts_.assign(roles.size(), 0);
}

void World::run() {
    workload_->prepare(*this);
    faults_->install();
    for (NodeId node = 0; node < node_count(); ++node) {
        if (!is_dead_[node]) start_node(node);
    }
    workload_->begin(*this);
    if (scenario_.check_every != 0) {
        network_.set_observer([this, left = scenario_.check_every](Event const&) mutable {
            if (--left != 0) return;
            left = scenario_.check_every;
            check();
        });
    }
    network_.run_until(scenario_.duration);
    ended_at_ = network_.now();
    if (violation().empty()) check();
}

void World::check() {
    if (network_.pending_frames() > k_pending_frames_per_node_max * node_count()) {
        violate(k_no_node, fmt::format("{} frames are under way", network_.pending_frames()));
    }
    workload_->check(*this);
}

SimulatedHost* World::host(NodeId node) { return static_cast<SimulatedHost*>(network_.program(node)); }

Program World::program(NodeId node) const {
    return crowd_of_[node] == 0 ? Program::honest : scenario_.crowds[crowd_of_[node] - 1].program;
}

Crowd const* World::crowd(NodeId node) const {
    return crowd_of_[node] == 0 ? nullptr : &scenario_.crowds[crowd_of_[node] - 1];
}

Multiaddr World::address(NodeId node) const { return Fabric::make_address(network_.endpoint(node)); }

bool World::has_keys() const {
    return scenario_.host.has_keys || scenario_.link.fidelity == Fidelity::wire;
}

std::unique_ptr<SimulatedHost> World::make_host(NodeId node) {
    if (scenario_.link.fidelity != Fidelity::wire) {
        return std::make_unique<VirtualHost>(fabric_, node, scenario_.host);
    }
    auto const dice = mix(seed_, static_cast<std::uint64_t>(Purpose::keys), mix(node, starts_[node]));
    return std::make_unique<WireHost>(fabric_, node, scenario_.host, Fabric::make_key(seed_, node), dice);
}

void World::start_node(NodeId node) {
    if (network_.is_up(node)) return;
    auto host = make_host(node);
    workload_->equip(*this, node, *host);
    ++starts_[node];
    network_.start(node, std::move(host));
}

void World::stop_node(NodeId node, StopKind kind, bool keeps_disk) {
    if (!network_.is_up(node)) return;
    workload_->on_stop(*this, node, keeps_disk);
    network_.stop(node, kind);
}

std::size_t World::expect_progress(NodeId node, std::string name, Nanos deadline) {
    auto const index = operations_.size();
    operations_.push_back({.node = node, .name = std::move(name), .is_over = false});
    network_.at(deadline, [this, index] {
        auto const& operation = operations_[index];
        if (operation.is_over) return;
        violate(operation.node, operation.name + " did not end in time");
    });
    return index;
}

double World::node_seconds() const {
    return static_cast<double>(ended_at_) / static_cast<double>(k_second) * static_cast<double>(node_count());
}

std::vector<Figure> World::figures() {
    std::vector<Figure> figures;
    auto const& counters = network_.counters();
    figures.push_back({"virtual_s", static_cast<double>(ended_at_) / static_cast<double>(k_second), 1});
    figures.push_back({"events", static_cast<double>(network_.trace().events()), 0});
    figures.push_back({"frames", static_cast<double>(counters.frames), 0});
    figures.push_back({"mbytes", static_cast<double>(counters.bytes) / 1e6, 1});
    figures.push_back({"dials", static_cast<double>(counters.dials), 0});
    figures.push_back({"dials_failed", static_cast<double>(counters.dials_failed), 0});
    workload_->conclude(*this, figures);
    return figures;
}

std::vector<std::string> World::unmet(std::vector<Figure> const& figures) const {
    std::vector<std::string> lines;
    for (auto const& wanted : scenario_.expectations) {
        auto const found = std::find_if(figures.begin(), figures.end(),
                                        [&](Figure const& figure) { return figure.name == wanted.figure; });
        if (found == figures.end()) {
            lines.push_back(fmt::format("{}: no such figure", wanted.figure));
        } else if (!(found->value >= wanted.least && found->value <= wanted.most)) {
            lines.push_back(fmt::format("{} is {:.{}f}, not {} to {}", found->name, found->value, found->digits + 2,
                                        wanted.least, wanted.most));
        }
    }
    return lines;
}

}  // namespace ggen::sim
