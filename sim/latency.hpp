#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/dice.hpp"
#include "sim/types.hpp"

namespace ggen::sim {

/// Where a node stands: a region of the shipped model or a host of a matrix, and its own way there.
struct Place {
    std::uint32_t site = 0;
    std::uint32_t height_us = 0;
};

inline constexpr std::size_t k_rtt_matrix_bytes_max = 64 * k_mib;
inline constexpr std::size_t k_rtt_matrix_hosts_max = 2'000;

/// How long light and queues take between two places. Symmetric; equal for one pair of nodes for the whole run.
class LatencyModel {
public:
    virtual ~LatencyModel() = default;
    [[nodiscard]] virtual Place draw(Dice& dice) const = 0;
    /// One way. `pair` names the pair of nodes, the same in both directions.
    [[nodiscard]] virtual Nanos one_way(Place a, Place b, std::uint64_t pair) const = 0;
};

/// Sixteen regions, fitted to 490 PlanetLab hosts by tools/fit_latency.py. Round trips of the matrix and of the model,
/// in ms: p10 32 / 33, p50 135 / 133, p90 291 / 271, p95 325 / 318, p99 413 / 414.
[[nodiscard]] std::unique_ptr<LatencyModel const> make_shipped_latency();
/// The same way between all.
[[nodiscard]] std::unique_ptr<LatencyModel const> make_constant_latency(Nanos one_way);
/// A matrix of round trips as text: one row a line, milliseconds between blanks; nodes are put on hosts at random.
/// Errors: invalid (not square, no number, under 2 hosts), too_large (over `k_rtt_matrix_hosts_max`).
[[nodiscard]] Result<std::unique_ptr<LatencyModel const>> parse_latency_matrix(std::string_view text);
/// Reads such a file, compressed with zstd when its name ends in ".zst". Errors: io, corrupt, and as above.
[[nodiscard]] Result<std::unique_ptr<LatencyModel const>> load_latency_matrix(std::string const& path);

}  // namespace ggen::sim
