#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/dice.hpp"
#include "sim/event_queue.hpp"

namespace ggen::sim {

/// A rolling hash of everything that happened: time, node, kind and payload of each event. Two runs are equal when
/// their digests are; where they part is found from the digests kept every `k_events_per_checkpoint` events.
class Trace {
public:
    static constexpr std::uint64_t k_events_per_checkpoint = 1'000;

    void add(Nanos time, NodeId node, EventKind kind, std::uint64_t payload) {
        auto const place = static_cast<std::uint64_t>(node) << 8U | static_cast<std::uint64_t>(kind);
        digest_ = mix(digest_ ^ static_cast<std::uint64_t>(time), place ^ (payload * 0x9fb21c651e98df25U));
        if (++events_ % k_events_per_checkpoint == 0) checkpoints_.push_back(digest_);
    }
    [[nodiscard]] std::uint64_t digest() const { return digest_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::vector<std::uint64_t> const& checkpoints() const { return checkpoints_; }

private:
    std::uint64_t digest_ = 0;
    std::uint64_t events_ = 0;
    std::vector<std::uint64_t> checkpoints_;
};

/// The number of the first checkpoint at which two runs differ: the first difference lies in the thousand events
/// before it. nullopt when one list begins the other.
[[nodiscard]] std::optional<std::size_t> first_divergence(std::vector<std::uint64_t> const& a,
                                                          std::vector<std::uint64_t> const& b);

}  // namespace ggen::sim
