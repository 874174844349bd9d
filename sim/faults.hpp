#pragma once

#include <vector>

#include "sim/world.hpp"

namespace ggen::sim {

/// Puts the faults and the churn of a scenario into a world: who is hit is drawn by the seed.
class Faults {
public:
    explicit Faults(World& world) : world_(world) {}
    /// Plans everything. Once, before the run.
    void install();

private:
    /// Frames that do not pass while it stands.
    struct Barrier {
        std::vector<bool> is_chosen;
        bool is_up = false;       ///< stands now
        bool is_one_way = false;  ///< only from the chosen to the others
        bool is_around_each = false;  ///< the chosen do not hear each other either
        [[nodiscard]] bool stops(NodeId from, NodeId to) const;
    };

    [[nodiscard]] std::vector<NodeId> choose(std::size_t fault, std::uint32_t share_permille) const;
    void plan(std::size_t index, Fault const& fault);
    void plan_barrier(Fault const& fault, std::vector<NodeId> const& chosen);
    void swing(std::size_t barrier, bool is_up, Nanos half_period, Nanos end);
    void set_barrier(std::size_t barrier, bool is_up);
    void plan_churn();
    void schedule_departure(NodeId node, std::uint64_t session);
    void schedule_return(NodeId node, std::uint64_t session);
    [[nodiscard]] Nanos draw_session(NodeId node, std::uint64_t session, std::uint32_t weight_permille) const;

    World& world_;
    std::vector<Barrier> barriers_;
};

}  // namespace ggen::sim
