#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/scenario.hpp"
#include "sim/simulated_host.hpp"

namespace ggen::sim {

class Faults;
class World;

/// What a run found, in the order in which it is printed.
struct Figure {
    std::string name;
    double value = 0;
    int digits = 0;  ///< after the point
};

/// What the nodes of a scenario do. One object for the whole run.
class Workload {
public:
    virtual ~Workload() = default;
    /// All nodes have their names and none runs.
    virtual void prepare(World& /*world*/) {}
    /// Adds the protocols of `node`, at its first start and after each restart.
    virtual void equip(World& world, NodeId node, SimulatedHost& host) = 0;
    /// The node is down. With `keeps_disk` what it had stored is there again when it starts.
    virtual void on_stop(World& /*world*/, NodeId /*node*/, bool /*keeps_disk*/) {}
    /// All nodes that start at the beginning run.
    virtual void begin(World& /*world*/) {}
    /// Invariants: tells what is broken by `World::violate`.
    virtual void check(World& /*world*/) {}
    virtual void conclude(World& /*world*/, std::vector<Figure>& /*figures*/) {}
};

/// One run of a scenario: its nodes, their conduct, its faults and invariants.
class World {
public:
    World(Scenario scenario, std::uint64_t seed, std::unique_ptr<LatencyModel const> latency,
          std::unique_ptr<Workload> workload);
    ~World();

    /// Runs to the end of the scenario, or to the first broken invariant.
    void run();

    [[nodiscard]] Scenario const& scenario() const { return scenario_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] Fabric& fabric() { return fabric_; }
    [[nodiscard]] Workload& workload() { return *workload_; }
    [[nodiscard]] Nanos now() const { return network_.now(); }
    [[nodiscard]] TimePoint time_point() const { return to_time_point(now()); }

    /// Regular nodes come first, then those that byzantine crowds add.
    [[nodiscard]] std::uint32_t node_count() const { return static_cast<std::uint32_t>(crowd_of_.size()); }
    [[nodiscard]] SimulatedHost* host(NodeId node);  ///< null while it is down
    [[nodiscard]] bool is_dead(NodeId node) const { return is_dead_[node]; }  ///< never starts
    [[nodiscard]] Program program(NodeId node) const;
    [[nodiscard]] Crowd const* crowd(NodeId node) const;
    [[nodiscard]] bool is_honest(NodeId node) const { return program(node) == Program::honest && !is_dead_[node]; }
    /// Runs without a break since the start.
    [[nodiscard]] bool is_stable(NodeId node) const { return is_honest(node) && starts_[node] == 1 &&
        network_.is_up(node); }
    [[nodiscard]] Multiaddr address(NodeId node) const;
    [[nodiscard]] std::uint32_t starts(NodeId node) const { return starts_[node]; }
    void start_node(NodeId node);
    void stop_node(NodeId node, StopKind kind, bool keeps_disk);

    void violate(NodeId node, std::string what) { fabric_.violate(node, std::move(what)); }
    [[nodiscard]] std::string const& violation() const { return fabric_.violation(); }
    /// An operation that has to end before `deadline`; `name` is told when it does not.
    [[nodiscard]] std::size_t expect_progress(NodeId node, std::string name, Nanos deadline);
    void end_progress(std::size_t operation) { operations_[operation].is_over = true; }

    /// Figures of the engine and of the workload.
    [[nodiscard]] std::vector<Figure> figures();
    /// The expectations of the scenario that `figures` does not meet, one line each; empty = all met.
    [[nodiscard]] std::vector<std::string> unmet(std::vector<Figure> const& figures) const;
    /// Node-seconds that were simulated.
    [[nodiscard]] double node_seconds() const;

private:
    struct Operation {
        NodeId node;
        std::string name;
        bool is_over = false;
    };

    [[nodiscard]] bool has_keys() const;
    [[nodiscard]] std::unique_ptr<SimulatedHost> make_host(NodeId node);
    void add_nodes();
    void check();

    Scenario scenario_;
    std::uint64_t seed_;
    Network network_;
    Fabric fabric_;
    std::unique_ptr<Workload> workload_;
    std::unique_ptr<Faults> faults_;
    std::vector<std::uint32_t> crowd_of_;  ///< index + 1 of its crowd; 0 = honest
    std::vector<bool> is_dead_;
    std::vector<std::uint32_t> starts_;
    std::vector<Operation> operations_;
    Nanos ended_at_ = 0;
};

/// A public address; distinct for distinct numbers, spread over all of IPv4 as strangers are.
[[nodiscard]] Endpoint draw_endpoint(std::uint64_t seed, std::uint64_t number);

/// The workload that a scenario names. Errors: invalid (unknown name, or a mistake in its options).
[[nodiscard]] Result<std::unique_ptr<Workload>> make_workload(Scenario const& scenario);

}  // namespace ggen::sim
