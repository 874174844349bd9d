#include "sim/kad_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "p2p/kad/kad.hpp"
#include "sim/byzantine.hpp"
#include "sim/fields.hpp"
#include "sim/samples.hpp"

namespace ggen::sim {

namespace {
constexpr std::size_t k_closest = p2p::k_kad_bucket_peers;
constexpr std::uint8_t k_sha256_code = 0x12;
constexpr std::uint8_t k_sha256_bytes = 32;
/// A provider that comes back provides again when it has found its neighbours.
constexpr Nanos k_rejoin = 10 * k_second;
/// A query ends by itself after a minute; more is a hang.
constexpr Nanos k_limit = std::chrono::nanoseconds{p2p::k_kad_query_timeout}.count() + 15 * k_second;

struct Options {
    Nanos join = 60 * k_second;     ///< nodes come one after another within this time
    std::uint64_t introducers = 3;  ///< whom a node knows at first
    std::uint64_t keys = 50;        ///< published before the measurement, half values, half providers
    Nanos publish_at = 120 * k_second;
    Nanos measure_at = 300 * k_second;
    std::uint64_t operations = 200;  ///< of each kind
    Nanos period = 200 * k_millisecond;
    std::uint64_t book_slot_peers = p2p::k_kad_book_slot_peers;  ///< fewer when there is no memory for all
    bool is_survival = false;  ///< only providers are looked for: the keys have to live through the churn
};

Result<Options> parse_options(Json const& json) {
    Options options;
    Fields fields{&json, "options"};
    options.join = fields.seconds("join_s", options.join);
    options.introducers = fields.number("introducers", options.introducers, 100);
    options.keys = fields.number("keys", options.keys, 100'000);
    options.publish_at = fields.seconds("publish_at_s", options.publish_at);
    options.measure_at = fields.seconds("measure_at_s", options.measure_at);
    options.operations = fields.number("operations", options.operations, 1'000'000);
    options.period = fields.seconds("period_s", options.period);
    options.book_slot_peers = fields.number("book_slot_peers", options.book_slot_peers, p2p::k_kad_book_slot_peers);
    options.is_survival = fields.flag("survival", false);
    RETURN_IF_ERROR(fields.finish());
    return options;
}

/// Any value, the first one is the best.
class AnyValue final : public p2p::RecordValidator {
public:
    [[nodiscard]] Result<void> validate(BytesView /*key*/, BytesView /*value*/) const override { return ok(); }
    [[nodiscard]] std::size_t select(BytesView /*key*/, std::span<BytesView const> /*values*/) const override {
        return 0; }
};

enum class Kind : std::uint8_t { seed, value, providers, publish, closest };
constexpr std::size_t k_kinds = 5;

class KadWorkload final : public Workload, public Application {
public:
    explicit KadWorkload(Options options) : options_(options) {}

    void prepare(World& world) override;
    void equip(World& world, NodeId node, SimulatedHost& host) override;
    void on_stop(World& world, NodeId node, bool keeps_disk) override;
    void begin(World& world) override;
    void check(World& world) override;
    void conclude(World& world, std::vector<Figure>& figures) override;
    [[nodiscard]] bool on_called(SimulatedHost& host, std::size_t protocol) override;

private:
    struct Operation {
        Kind kind = Kind::seed;
        Nanos started = 0;
        std::size_t progress = 0;
        Bytes key;
        bool is_answered = false;
    };
    struct Tally {
        std::uint64_t started = 0;
        std::uint64_t answered = 0;
        std::uint64_t requests = 0;
        std::uint64_t holders = 0;
        std::uint64_t finished = 0;
        Samples times;
    };

    static p2p::Kad& kad(SimulatedHost& host) { return static_cast<p2p::Kad&>(inner_protocol(host.protocol(0))); }
    void join(World& world, NodeId node);
    [[nodiscard]] Bytes key_of(Kind kind, std::uint64_t number) const;
    [[nodiscard]] NodeId draw_node(World& world, Dice& dice) const;
    void start(World& world, NodeId node, Kind kind, Bytes key, bool is_value);
    void measure(World& world, std::uint64_t number, Kind kind);
    void on_event(NodeId node, p2p::KadEvent const& event);
    void answer(Operation& operation);
    void count_closest(Bytes const& key, std::vector<p2p::FoundPeer> const& found);

    Options options_;
    World* world_ = nullptr;
    std::vector<NodeId> honest_;
    std::vector<p2p::KadKey> kad_keys_;  ///< by node
    std::map<std::pair<NodeId, p2p::QueryId>, Operation> running_;
    std::vector<NodeId> seeders_;  ///< by key: who published it
    std::array<Tally, k_kinds> tallies_;
    std::vector<std::uint64_t> closest_hits_;
    std::map<NodeId, std::vector<Bytes>> provided_;  ///< survival: what a node provides again when it comes back
    std::size_t checked_ = 0;
};

void KadWorkload::prepare(World& world) {
    world_ = &world;
    for (NodeId node = 0; node < world.node_count(); ++node) {
        if (world.is_honest(node)) honest_.push_back(node);
        kad_keys_.push_back(p2p::kad_key_of(world.fabric().peer(node).bytes()));
    }
}

void KadWorkload::equip(World& world, NodeId node, SimulatedHost& host) {
    p2p::KadOptions options{.self = world.fabric().peer(node)};
    options.seed = mix(world.seed(), static_cast<std::uint64_t>(Purpose::program), mix(node, world.starts(node)));
    options.validators.add("sim", std::make_shared<AnyValue>());
    options.steady_at = to_time_point(0);
    options.book_slot_peers = options_.book_slot_peers;
    host.add(make_conduct(world, node, std::make_unique<p2p::Kad>(std::move(options))));
    host.set_application(this);
    auto const spread = static_cast<std::uint64_t>(options_.join) * node / world.node_count();
    auto const at = world.now() == 0 ? static_cast<Nanos>(spread) : world.now();
    world.network().at(at, [this, &world, node] { join(world, node); });
}

void KadWorkload::join(World& world, NodeId node) {
    auto* const host = world.host(node);
    if (host == nullptr) return;
    Dice dice{world.seed(), Purpose::wiring, mix(node, world.starts(node))};
    // At the start only those who came before are there; a restarted node finds whoever is.
    auto const most = world.starts(node) == 1 && world.now() <= options_.join ? node : world.node_count();
    std::vector<p2p::KadPeer> peers;
    for (std::uint64_t i = 0; i < options_.introducers * 4 && peers.size() < options_.introducers && most > 0; ++i) {
        auto const other = static_cast<NodeId>(dice.below(most));
        if (other == node || !world.network().is_up(other)) continue;
        std::vector<Multiaddr> const addresses{world.address(other)};
        peers.push_back({.id = world.fabric().peer(other), .addresses = p2p::AddressList::from(addresses, 8)});
    }
    (void)kad(*host).bootstrap(std::move(peers), world.time_point());
    host->pump();
    auto const provided = provided_.find(node);
    if (provided == provided_.end() || world.starts(node) == 1) return;
    world.network().at(world.now() + k_rejoin, [this, &world, node] {
        auto* const again = world.host(node);
        if (again == nullptr) return;
        for (auto const& key : provided_[node]) (void)kad(*again).provide(key, world.time_point());
        again->pump();
    });
}

void KadWorkload::on_stop(World& world, NodeId node, bool /*keeps_disk*/) {
    for (auto at = running_.lower_bound({node, 0}); at != running_.end() && at->first.first == node;) {
        world.end_progress(at->second.progress);
        if (!at->second.is_answered) --tallies_[static_cast<std::size_t>(at->second.kind)].started;
        at = running_.erase(at);
    }
}

Bytes KadWorkload::key_of(Kind kind, std::uint64_t number) const {
    Dice dice{world_->seed(), Purpose::workload, mix(static_cast<std::uint64_t>(kind), number)};
    Bytes key;
    if (kind == Kind::value) {
        key = to_bytes(fmt::format("/sim/{:016x}", dice.next()));
    } else {
        key = {k_sha256_code, k_sha256_bytes};
        for (int i = 0; i < k_sha256_bytes; ++i) key.push_back(static_cast<std::uint8_t>(dice.next()));
    }
    return key;
}

NodeId KadWorkload::draw_node(World& world, Dice& dice) const {
    for (int i = 0; i < 1'000; ++i) {
        auto const node = honest_[static_cast<std::size_t>(dice.below(honest_.size()))];
        if (world.network().is_up(node)) return node;
    }
    return k_no_node;
}

void KadWorkload::begin(World& world) {
    seeders_.assign(options_.keys, k_no_node);
    for (std::uint64_t i = 0; i < options_.keys; ++i) {
        world.network().at(options_.publish_at + static_cast<Nanos>(i) * 50 * k_millisecond, [this, &world, i] {
            Dice dice{world.seed(), Purpose::workload, mix(77, i)};
            bool const is_value = i % 2 == 0 && !options_.is_survival;
            auto const key = key_of(is_value ? Kind::value : Kind::providers, i);
            // Providers that are asked for a day later have to be there themselves.
            auto const node = options_.is_survival ? honest_[static_cast<std::size_t>(i % honest_.size())] :
                draw_node(world, dice);
            if (node == k_no_node) return;
            seeders_[i] = node;
            if (options_.is_survival) provided_[node].push_back(key);
            start(world, node, Kind::seed, key, is_value);
        });
    }
    auto const plan = [&](Kind kind, Nanos offset) {
        for (std::uint64_t i = 0; i < options_.operations; ++i) {
            world.network().at(options_.measure_at + static_cast<Nanos>(i) * options_.period + offset,
                               [this, &world, i, kind] { measure(world, i, kind); });
        }
    };
    plan(Kind::providers, 0);
    if (options_.is_survival) return;
    plan(Kind::value, options_.period / 4);
    plan(Kind::publish, options_.period / 2);
    plan(Kind::closest, options_.period / 4 * 3);
}

void KadWorkload::measure(World& world, std::uint64_t number, Kind kind) {
    Dice dice{world.seed(), Purpose::workload, mix(static_cast<std::uint64_t>(kind) + 100, number)};
    auto node = draw_node(world, dice);
    if (node == k_no_node || options_.keys < 2) return;
    auto which = dice.below(options_.keys);
    if (!options_.is_survival && kind == Kind::value) which &= ~1ULL;
    if (!options_.is_survival && kind == Kind::providers) which |= 1U;
    if (which >= options_.keys) which -= 2;
    // Whoever provides looks for the others: it does not find itself.
    while (seeders_[which] == node && honest_.size() > 1) {
        node = honest_[static_cast<std::size_t>(dice.below(honest_.size()))];
    }
    if (!world.network().is_up(node)) return;
    bool const is_new = kind == Kind::publish || kind == Kind::closest;
    start(world, node, kind, key_of(kind, is_new ? number : which), false);
}

void KadWorkload::start(World& world, NodeId node, Kind kind, Bytes key, bool is_value) {
    auto* const host = world.host(node);
    if (host == nullptr) return;
    auto& core = kad(*host);
    auto const now = world.time_point();
    p2p::QueryId id = 0;
    switch (kind) {
        case Kind::seed: id = is_value ? core.put_value(key, Bytes(64, 1), now) : core.provide(key, now); break;
        case Kind::publish: id = core.provide(key, now); break;
        case Kind::value: id = core.get_value(key, now); break;
        case Kind::providers: id = core.find_providers(key, now); break;
        case Kind::closest: id = core.closest_peers(key, now); break;
    }
    ++tallies_[static_cast<std::size_t>(kind)].started;
    running_[{node, id}] = {.kind = kind, .started = world.now(),
                            .progress = world.expect_progress(node, "a query", world.now() + k_limit),
                            .key = std::move(key), .is_answered = false};
    host->pump();
}

bool KadWorkload::on_called(SimulatedHost& host, std::size_t protocol) {
    if (protocol != 0) return false;
    while (auto const event = kad(host).poll_event()) on_event(host.self(), *event);
    return false;
}

void KadWorkload::answer(Operation& operation) {
    if (std::exchange(operation.is_answered, true)) return;
    auto& tally = tallies_[static_cast<std::size_t>(operation.kind)];
    ++tally.answered;
    tally.times.add(world_->now() - operation.started);
}

void KadWorkload::on_event(NodeId node, p2p::KadEvent const& event) {
    auto const id = std::visit([](auto const& one) { return one.query; }, event);
    auto const found = running_.find({node, id});
    if (found == running_.end()) return;  // Its own upkeep, or one of before a restart.
    auto& operation = found->second;
    if (std::holds_alternative<p2p::ValueFound>(event) || std::holds_alternative<p2p::ProvidersFound>(event) ||
        std::holds_alternative<p2p::Published>(event)) {
        answer(operation);
    } else if (auto const* const peers = std::get_if<p2p::PeersFound>(&event)) {
        answer(operation);
        count_closest(operation.key, peers->peers);
    } else if (auto const* const finished = std::get_if<p2p::QueryFinished>(&event)) {
        auto& tally = tallies_[static_cast<std::size_t>(operation.kind)];
        ++tally.finished;
        tally.requests += finished->requests;
        tally.holders += finished->holders;
        world_->end_progress(operation.progress);
        running_.erase(found);
    }
}

void KadWorkload::count_closest(Bytes const& key, std::vector<p2p::FoundPeer> const& found) {
    auto const target = p2p::kad_key_of(key);
    std::vector<std::pair<p2p::KadKey, NodeId>> distances;
    for (auto const node : honest_) {
        if (world_->network().is_up(node)) distances.emplace_back(p2p::kad_distance(kad_keys_[node], target), node);
    }
    auto const count = std::min(k_closest, distances.size());
    std::partial_sort(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count), distances.end());
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& peer = world_->fabric().peer(distances[i].second);
        if (std::any_of(found.begin(), found.end(), [&](p2p::FoundPeer const& one) { return one.id == peer; })) ++hits;
    }
    // In a network of fewer than k, all that are there count as k.
    closest_hits_.push_back(count == 0 ? 0 : hits * k_closest / count);
}

void KadWorkload::check(World& world) {
    for (std::size_t i = 0; i < 8 && !honest_.empty(); ++i) {
        auto const node = honest_[checked_++ % honest_.size()];
        auto* const host = world.host(node);
        if (host == nullptr) continue;
        auto const status = kad(*host).status();
        auto const hold = [&](bool is_held, char const* what) {
            if (!is_held) world.violate(node, fmt::format("kad holds more than it may: {}", what));
        };
        hold(status.queries <= p2p::k_kad_queries_max + 32, "queries");
        hold(status.records <= p2p::k_kad_records_max, "records");
        hold(status.record_bytes <= p2p::k_kad_records_bytes_max, "record_bytes");
        hold(status.provider_keys <= p2p::k_kad_provider_keys_max, "provider_keys");
        hold(status.providers <= p2p::k_kad_providers_max, "providers");
        hold(status.inbound_streams <= p2p::k_kad_inbound_streams_max, "inbound_streams");
        hold(status.inbound_buffered_bytes <= p2p::k_kad_inbound_buffered_bytes_max, "inbound_buffered_bytes");
        hold(status.connected_peers <= world.scenario().host.connections_max, "connected_peers");
    }
}

void KadWorkload::conclude(World& world, std::vector<Figure>& figures) {
    std::uint64_t table = 0;
    std::uint64_t connections = 0;
    std::uint64_t up = 0;
    for (auto const node : honest_) {
        auto* const host = world.host(node);
        if (host == nullptr) continue;
        ++up;
        table += kad(*host).table().size();
        connections += host->connection_count();
    }
    auto const ratio = [](std::uint64_t part, std::uint64_t whole) {
        return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
    };
    figures.push_back({"up", static_cast<double>(up), 0});
    figures.push_back({"table_mean", ratio(table, up), 1});
    figures.push_back({"connections_mean", ratio(connections, up), 1});
    constexpr std::array<char const*, k_kinds> k_names = {"seed", "value", "providers", "publish", "closest"};
    for (std::size_t i = 0; i < k_kinds; ++i) {
        auto& tally = tallies_[i];
        if (tally.started == 0) continue;
        std::string const name = k_names[i];
        figures.push_back({name + "_count", static_cast<double>(tally.started), 0});
        figures.push_back({name + "_success_percent", 100 * ratio(tally.answered, tally.started), 2});
        tally.times.put(figures, name);
        figures.push_back({name + "_requests_mean", ratio(tally.requests, tally.finished), 1});
        if (tally.holders != 0) figures.push_back({name + "_holders_mean", ratio(tally.holders, tally.finished), 2});
    }
    if (closest_hits_.empty()) return;
    std::sort(closest_hits_.begin(), closest_hits_.end());
    std::uint64_t sum = 0;
    for (auto const hits : closest_hits_) sum += hits;
    figures.push_back({"true_closest_mean", ratio(sum, closest_hits_.size()), 2});
    figures.push_back({"true_closest_p5", static_cast<double>(closest_hits_[closest_hits_.size() / 20]), 0});
    figures.push_back({"true_closest_least", static_cast<double>(closest_hits_.front()), 0});
}

}  // namespace

Result<std::unique_ptr<Workload>> make_kad_workload(Scenario const& scenario) {
    ASSIGN_OR_RETURN(auto const options, parse_options(scenario.options));
    return std::make_unique<KadWorkload>(options);
}

}  // namespace ggen::sim
