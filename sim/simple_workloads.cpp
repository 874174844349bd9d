// The workloads "echo" and "flood".
#include "sim/simple_workloads.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/byzantine.hpp"
#include "sim/fields.hpp"
#include "sim/samples.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::sim {

namespace {
constexpr std::uint64_t k_size_bytes_max = 16 * k_mib;

/// Each node asks a random other one, again and again.
class EchoWorkload final : public Workload {
public:
    [[nodiscard]] static Result<std::unique_ptr<Workload>> make(Scenario const& scenario) {
        auto workload = std::make_unique<EchoWorkload>();
        Fields fields{&scenario.options, "options"};
        workload->period_ = std::max(fields.seconds("period_s", 10 * k_second), k_millisecond);
        workload->limit_ = fields.seconds("limit_s", 120 * k_second);
        workload->size_bytes_ = fields.number("size_bytes", 64, k_size_bytes_max);
        RETURN_IF_ERROR(fields.finish());
        return workload;
    }
    void equip(World& world, NodeId node, SimulatedHost& host) override {
        host.add(make_conduct(world, node, std::make_unique<Echo>()));
    }
    void begin(World& world) override {
        Bytes question(static_cast<std::size_t>(size_bytes_) + 1, 0x3f);
        question_ = std::make_shared<Bytes const>(std::move(question));
        for (NodeId node = 0; node < world.node_count(); ++node) {
            auto const first = scale(mix(world.seed(), node), static_cast<std::uint64_t>(period_));
            world.network().at(static_cast<Nanos>(first), [this, &world, node] { ask(world, node, 0); });
        }
    }
    void conclude(World& /*world*/, std::vector<Figure>& figures) override {
        figures.push_back({"asked", static_cast<double>(asked_), 0});
        figures.push_back({"answered", static_cast<double>(answered_), 0});
        figures.push_back({"fresh_rtt_p50", static_cast<double>(fresh_permille_.at(500)) / 1'000, 3});
        figures.push_back({"warm_rtt_p50", static_cast<double>(warm_permille_.at(500)) / 1'000, 3});
        times_.put(figures, "echo");
    }

private:
    void ask(World& world, NodeId node, std::uint64_t round) {
        if (world.now() + limit_ < world.scenario().duration) {
            world.network().at(world.now() + period_, [this, &world, node, round] { ask(world, node, round + 1); });
        } else {
            return;
        }
        auto* const host = world.host(node);
        auto const to = static_cast<NodeId>(scale(mix(world.seed(), node, round), world.node_count()));
        if (host == nullptr || to == node || !world.is_honest(node)) return;
        auto const peers = host->connected_peers();
        bool const is_fresh = std::find(peers.begin(), peers.end(), to) == peers.end();
        auto const rtt = 2 * world.network().latency(node, to);
        ++asked_;
        auto const operation = world.expect_progress(node, "an echo", world.now() + limit_);
        auto& echo = static_cast<Echo&>(inner_protocol(host->protocol(0)));
        echo.ask(world.fabric().peer(to), {world.address(to)}, question_,
                 [this, &world, operation, is_fresh, rtt, start = world.now()](bool is_right, TimePoint first) {
                     world.end_progress(operation);
                     if (!is_right) return;
                     ++answered_;
                     auto const time = from_time_point(first) - start;
                     times_.add(time);
                     (is_fresh ? fresh_permille_ : warm_permille_).add(time * 1'000 / rtt);
                 });
        host->pump();
    }

    Nanos period_ = 0;
    Nanos limit_ = 0;
    std::uint64_t size_bytes_ = 0;
    p2p::Block question_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    Samples times_;
    Samples fresh_permille_;
    Samples warm_permille_;
};

/// Messages from random nodes through a random graph.
class FloodWorkload final : public Workload {
public:
    [[nodiscard]] static Result<std::unique_ptr<Workload>> make(Scenario const& scenario) {
        auto workload = std::make_unique<FloodWorkload>();
        Fields fields{&scenario.options, "options"};
        workload->degree_ = fields.number("degree", 6, 100);
        workload->messages_ = fields.number("messages", 20, 1'000'000);
        workload->start_ = fields.seconds("start_s", 10 * k_second);
        workload->period_ = fields.seconds("period_s", k_second);
        workload->size_bytes_ = fields.number("size_bytes", 1024, Flood::k_message_bytes_max);
        RETURN_IF_ERROR(fields.finish());
        return workload;
    }
    void equip(World& world, NodeId node, SimulatedHost& host) override {
        std::vector<std::pair<PeerId, Multiaddr>> neighbours;
        Dice dice{world.seed(), Purpose::wiring, node};
        for (std::uint64_t i = 0; i < degree_ / 2; ++i) {
            auto const other = static_cast<NodeId>(dice.below(world.node_count()));
            if (other != node) neighbours.emplace_back(world.fabric().peer(other), world.address(other));
        }
        auto received = [this](std::uint64_t id, TimePoint now) {
            times_.add(from_time_point(now) - published_[id]);
        };
        host.add(make_conduct(world, node, std::make_unique<Flood>(std::move(neighbours), std::move(received))));
    }
    void begin(World& world) override {
        published_.assign(messages_, 0);
        for (std::uint64_t id = 0; id < messages_; ++id) {
            auto const at = start_ + static_cast<Nanos>(id) * period_;
            world.network().at(at, [this, &world, id] {
                auto node = static_cast<NodeId>(scale(mix(world.seed(), id), world.node_count()));
                while (!world.is_honest(node) || world.host(node) == nullptr) node = (node + 1) % world.node_count();
                published_[id] = world.now();
                ++sent_;
                flood(*world.host(node)).publish(id, static_cast<std::size_t>(size_bytes_));
                world.host(node)->pump();
            });
        }
    }
    void conclude(World& world, std::vector<Figure>& figures) override {
        std::uint64_t copies = 0;
        for (NodeId node = 0; node < world.node_count(); ++node) {
            if (auto* const host = world.host(node)) copies += flood(*host).copies();
        }
        auto const deliveries = static_cast<double>(times_.count());
        auto const wanted = static_cast<double>(sent_) * (static_cast<double>(world.node_count()) - 1);
        figures.push_back({"delivered_percent", wanted > 0 ? 100 * deliveries / wanted : 0, 3});
        figures.push_back({"copies", deliveries > 0 ? static_cast<double>(copies) / deliveries : 0, 2});
        times_.put(figures, "flood");
    }

private:
    static Flood& flood(SimulatedHost& host) { return static_cast<Flood&>(inner_protocol(host.protocol(0))); }

    std::uint64_t degree_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t sent_ = 0;
    Nanos start_ = 0;
    Nanos period_ = 0;
    std::uint64_t size_bytes_ = 0;
    std::vector<Nanos> published_;
    Samples times_;
};

}  // namespace

Result<std::unique_ptr<Workload>> make_echo_workload(Scenario const& scenario) { return EchoWorkload::make(scenario); }
Result<std::unique_ptr<Workload>> make_flood_workload(Scenario const& scenario) {
    return FloodWorkload::make(scenario); }

}  // namespace ggen::sim
