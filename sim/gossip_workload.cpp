#include "sim/gossip_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "p2p/gossip/gossip.hpp"
#include "sim/gossip_attack.hpp"
#include "sim/gossip_plan.hpp"
#include "sim/samples.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::sim {

namespace {
constexpr char const* k_topic = "sim";
constexpr std::size_t k_gossip_protocol = 1;  // 0 is that of links.
/// The published recovery from sybils twenty to one (PL-TechRep-2020-001).
constexpr double k_published_recovery_s = 90;
constexpr std::uint32_t k_permille = 1'000;

class GossipWorkload final : public Workload, public Application {
public:
    explicit GossipWorkload(GossipRunOptions options) : options_(options) {}

    void prepare(World& world) override;
    void equip(World& world, NodeId node, SimulatedHost& host) override;
    void begin(World& world) override;
    void check(World& world) override;
    void conclude(World& world, std::vector<Figure>& figures) override;
    [[nodiscard]] bool on_called(SimulatedHost& host, std::size_t protocol) override;

private:
    struct Message {
        Nanos published = -1;
        NodeId publisher = k_no_node;
        std::vector<bool> received;  ///< by node
        std::vector<std::pair<NodeId, Nanos>> latencies;
    };

    static p2p::Gossip& gossip(SimulatedHost& host) {
        return static_cast<p2p::Gossip&>(inner_protocol(host.protocol(k_gossip_protocol)));
    }
    [[nodiscard]] Links::Peers choose_links(World& world, NodeId node) const;
    [[nodiscard]] p2p::GossipOptions core_options(World const& world, NodeId node) const;
    void publish(World& world, std::uint64_t index);
    void send(World& world, NodeId publisher, BytesView data);
    void deliver(NodeId node, std::uint64_t index);
    void watch_meshes(World& world);
    [[nodiscard]] bool is_watched(World const& world, NodeId node) const;

    GossipRunOptions options_;
    World* world_ = nullptr;
    std::vector<NodeId> honest_;
    std::vector<NodeId> publishers_;
    NodeId target_ = k_no_node;
    std::vector<Message> messages_;
    std::size_t checked_ = 0;
    // Attacks: once a second, the honest share of the meshes under attack.
    std::vector<std::pair<Nanos, std::uint64_t>> mesh_shares_;  ///< time, permille
};

void GossipWorkload::prepare(World& world) {
    world_ = &world;
    for (NodeId node = 0; node < world.node_count(); ++node) {
        if (world.is_honest(node)) honest_.push_back(node);
    }
    publishers_ = draw_publishers(world.seed(), options_.publishers, honest_);
    if (!publishers_.empty()) target_ = publishers_.front();
    messages_.resize(options_.messages);
}

Links::Peers GossipWorkload::choose_links(World& world, NodeId node) const {
    bool const is_sybil = world.program(node) == Program::sybil;
    auto const* from = &honest_;
    auto count = options_.links;
    std::vector<NodeId> const target{target_};
    if (is_sybil) {
        count = options_.attack.links;
        if (options_.attack.kind == GossipAttack::eclipse_target) from = &target;
        if (options_.attack.kind == GossipAttack::eclipse_publishers) from = &publishers_;
    }
    auto chosen = draw_links(world.seed(), node, count, *from);
    if (is_sybil && options_.attack.kind == GossipAttack::censor) {
        chosen.erase(std::remove(chosen.begin(), chosen.end(), target_), chosen.end());
        chosen.insert(chosen.begin(), target_);
        if (chosen.size() > count) chosen.pop_back();
    }
    Links::Peers peers;
    for (auto const other : chosen) peers.emplace_back(world.fabric().peer(other), world.address(other));
    return peers;
}

p2p::GossipOptions GossipWorkload::core_options(World const& world, NodeId node) const {
    p2p::GossipOptions core;
    if (world.program(node) == Program::sybil) {
        // Asks for a place in every mesh it can reach.
        core.mesh_size = 60;
        core.mesh_low = 50;
        core.mesh_high = 120;
    } else if (options_.mesh_size != 0) {
        core.mesh_size = static_cast<std::size_t>(options_.mesh_size);
        core.mesh_low = core.mesh_size - std::min<std::size_t>(core.mesh_size / 4, 2);
        core.mesh_high = core.mesh_size * 2;
        core.mesh_best = std::min(core.mesh_best, core.mesh_size);
    }
    return core;
}

void GossipWorkload::equip(World& world, NodeId node, SimulatedHost& host) {
    bool const is_sybil = world.program(node) == Program::sybil;
    auto const start = is_sybil ? options_.attack.joins_at() : std::max(world.now(), options_.link_at);
    host.add(std::make_unique<Links>(choose_links(world, node), to_time_point(start)));
    auto const seed = mix(world.seed(), static_cast<std::uint64_t>(Purpose::program), mix(node, world.starts(node)));
    auto core = std::make_unique<p2p::Gossip>(world.fabric().peer(node), core_options(world, node), seed,
        world.time_point());
    auto topic = p2p::TopicOptions{};
    topic.message_bytes_max = p2p::k_gossip_message_bytes_max;
    topic.is_validated_later = options_.check > 0;
    GGEN_ASSERT(core->join(k_topic, topic, world.time_point()).has_value());
    if (is_sybil) {
        host.add(std::make_unique<GossipSybil>(options_.attack, target_, std::move(core), seed));
    } else {
        host.add(make_conduct(world, node, std::move(core)));
        host.set_application(this);
    }
}

void GossipWorkload::begin(World& world) {
    for (std::uint64_t i = 0; i < options_.messages; ++i) {
        world.network().at(options_.start + static_cast<Nanos>(i) * options_.period, [this, &world, i] {
            publish(world, i); });
    }
    if (options_.attack.kind != GossipAttack::none) {
        for (Nanos at = options_.attack.at; at < world.scenario().duration; at += k_second) {
            world.network().at(at, [this, &world] { watch_meshes(world); });
        }
    }
}

void GossipWorkload::publish(World& world, std::uint64_t index) {
    auto publisher = draw_publisher(world.seed(), index, publishers_);
    if (options_.attack.kind == GossipAttack::censor && index % 2 == 0) publisher = target_;
    if (world.host(publisher) == nullptr) return;
    Dice dice{world.seed(), Purpose::workload, index + 1};
    (void)dice.next();  // That one chose the publisher.
    Bytes data(static_cast<std::size_t>(options_.size_bytes));
    for (std::size_t i = 0; i < data.size(); i += 8) {
        auto word = dice.next();
        for (std::size_t j = i; j < std::min(i + 8, data.size()); ++j, word >>= 8U) data[j] =
            static_cast<std::uint8_t>(word);
    }
    GossipStamp{.index = index, .publisher = publisher}.write(data);
    auto& message = messages_[index];
    message.published = world.now();
    message.publisher = publisher;
    message.received.assign(world.node_count(), false);
    message.received[publisher] = true;
    if (options_.proof == 0) return send(world, publisher, data);
    world.network().at(world.now() + options_.proof, [this, &world, publisher, data = std::move(data)] {
        send(world, publisher, data);
    });
}

void GossipWorkload::send(World& world, NodeId publisher, BytesView data) {
    auto* const host = world.host(publisher);
    if (host == nullptr) return;
    auto const result = gossip(*host).publish(k_topic, data, world.time_point());
    if (!result && result.error().code != Errc::unavailable) world.violate(publisher,
        "publish: " + result.error().context);
    host->pump();
}

bool GossipWorkload::on_called(SimulatedHost& host, std::size_t protocol) {
    if (protocol != k_gossip_protocol) return false;
    auto const node = host.self();
    auto& core = gossip(host);
    while (auto const event = core.poll_event()) {
        auto const* const received = std::get_if<p2p::MessageReceived>(&*event);
        if (received == nullptr) continue;
        auto const stamp = GossipStamp::read(received->message->data());
        if (stamp.index >= messages_.size() || messages_[stamp.index].published < 0) {
            world_->violate(node, "a message arrived that nobody published");
            continue;
        }
        if (!received->is_verdict_needed) {
            deliver(node, stamp.index);
            continue;
        }
        world_->network().at(world_->now() + options_.check,
                             [this, node, index = stamp.index, id = received->message->id()] {
            auto* const checked = world_->host(node);
            if (checked == nullptr) return;
            deliver(node, index);
            (void)gossip(*checked).report_validation(id, p2p::Verdict::accept, world_->time_point());
            checked->pump();
        });
    }
    return false;
}

void GossipWorkload::deliver(NodeId node, std::uint64_t index) {
    auto& message = messages_[index];
    if (message.received[node]) {
        if (world_->starts(node) == 1)
            world_->violate(node, fmt::format("message {} was delivered twice", index));
        return;
    }
    message.received[node] = true;
    message.latencies.emplace_back(node, world_->now() - message.published);
}

bool GossipWorkload::is_watched(World const& world, NodeId node) const {
    switch (options_.attack.kind) {
        case GossipAttack::eclipse_target: return node == target_;
        case GossipAttack::eclipse_publishers:
            return std::find(publishers_.begin(), publishers_.end(), node) != publishers_.end();
        default: return world.is_honest(node);
    }
}

void GossipWorkload::watch_meshes(World& world) {
    std::uint64_t of_honest = 0;
    std::uint64_t all = 0;
    for (auto const node : honest_) {
        auto* const host = world.host(node);
        if (host == nullptr || !is_watched(world, node)) continue;
        for (auto const& peer : gossip(*host).mesh(k_topic)) {
            ++all;
            if (world.is_honest(world.fabric().intern(peer))) ++of_honest;
        }
    }
    mesh_shares_.emplace_back(world.now(), all == 0 ? 0 : of_honest * k_permille / all);
}

void GossipWorkload::check(World& world) {
    // A few nodes at each look, all of them in turn: sizes() walks through a core.
    for (std::size_t i = 0; i < 8 && !honest_.empty(); ++i) {
        auto const node = honest_[checked_++ % honest_.size()];
        auto* const host = world.host(node);
        if (host == nullptr) continue;
        auto const sizes = gossip(*host).sizes();
        auto const hold = [&](bool is_held, char const* what) {
            if (!is_held) world.violate(node, fmt::format("gossip holds more than it may: {}", what));
        };
        hold(sizes.peers <= world.scenario().host.connections_max, "peers");
        hold(sizes.seen <= p2p::k_gossip_seen_max, "seen");
        hold(sizes.cached_bytes <= p2p::k_gossip_cache_bytes_max, "cached_bytes");
        hold(sizes.validating <= p2p::k_gossip_validating_max, "validating");
        hold(sizes.partial_bytes <= p2p::k_gossip_partial_bytes_max, "partial_bytes");
        hold(sizes.queued_bytes <= sizes.peers * p2p::k_gossip_queue_bytes_max, "queued_bytes");
        hold(sizes.events == 0, "events");
        hold(gossip(*host).mesh(k_topic).size() <= sizes.peers, "mesh");
    }
}

void GossipWorkload::conclude(World& world, std::vector<Figure>& figures) {
    std::vector<NodeId> stable;
    p2p::GossipCounters sum;
    for (auto const node : honest_) {
        if (auto* const host = world.host(node)) {
            auto const& counters = gossip(*host).counters();
            sum.received += counters.received;
            sum.duplicates += counters.duplicates;
            sum.forwarded += counters.forwarded;
            sum.dropped += counters.dropped;
        }
        if (world.is_stable(node)) stable.push_back(node);
    }
    bool const is_attack = options_.attack.kind != GossipAttack::none;
    auto const attack_at = is_attack ? options_.attack.at : k_never;
    Samples before;
    Samples after;
    std::uint64_t wanted = 0;
    std::uint64_t delivered = 0;
    std::uint64_t published = 0;
    std::uint64_t incomplete = 0;
    Nanos last_incomplete = attack_at;
    for (auto const& message : messages_) {
        if (message.published < 0) continue;
        ++published;
        std::uint64_t missed = 0;
        for (auto const node : stable) {
            if (options_.attack.kind == GossipAttack::eclipse_target && message.published >= attack_at &&
                node != target_) {
                continue;  // What the attack is about.
            }
            ++wanted;
            message.received[node] ? ++delivered : ++missed;
        }
        if (missed > 0) {
            ++incomplete;
            if (is_attack) last_incomplete = std::max(last_incomplete, message.published);
        }
        for (auto const& [node, latency] : message.latencies) {
            if (world.is_stable(node)) (message.published >= attack_at ? after : before).add(latency);
        }
    }
    auto const seconds = [](Nanos time) { return static_cast<double>(time) / static_cast<double>(k_second); };
    figures.push_back({"published", static_cast<double>(published), 0});
    figures.push_back({"delivered_percent",
        wanted > 0 ? 100.0 * static_cast<double>(delivered) / static_cast<double>(wanted) : 0, 3});
    figures.push_back({"incomplete", static_cast<double>(incomplete), 0});
    figures.push_back({"copies",
        sum.received > 0 ? 1 + static_cast<double>(sum.duplicates) / static_cast<double>(sum.received) : 0, 2});
    figures.push_back({"queue_drops", static_cast<double>(sum.dropped), 0});
    before.put(figures, "gossip");
    figures.push_back({"gossip_max_ms", before.ms(1'000), 1});
    figures.push_back({"gossip_mean_ms", before.mean_ms(), 1});
    if (!is_attack) return;
    after.put(figures, "attacked");
    Nanos recovered_at = attack_at;
    std::uint64_t worst = k_permille;
    for (auto const& [time, share] : mesh_shares_) {
        worst = std::min(worst, share);
        if (share < k_permille / 2) recovered_at = time + k_second;
    }
    figures.push_back({"mesh_honest_worst_percent", static_cast<double>(worst) / 10, 1});
    figures.push_back({"mesh_honest_end_percent",
                       mesh_shares_.empty() ? 0 : static_cast<double>(mesh_shares_.back().second) / 10, 1});
    figures.push_back({"mesh_recovery_s", seconds(recovered_at - attack_at), 1});
    figures.push_back({"delivery_recovery_s", incomplete == 0 ? 0 : seconds(last_incomplete - attack_at), 1});
    figures.push_back({"published_recovery_s", k_published_recovery_s, 0});
}

}  // namespace

Result<std::unique_ptr<Workload>> make_gossip_workload(Scenario const& scenario) {
    ASSIGN_OR_RETURN(auto const options, parse_gossip_options(scenario.options));
    return std::make_unique<GossipWorkload>(options);
}

}  // namespace ggen::sim
