#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.hpp"
#include "p2p/kad/key.hpp"

namespace ggen::p2p {

/// How many peers the network has, from how densely they lie around random keys: among N peers the k-th nearest
/// stands at about k/N of the key space. Takes the median of the last samples, so that a crowd around one key does
/// not move it (go-libp2p-kad-dht netsize has the idea; there it is a regression over all ranks).
class SizeEstimate {
public:
    /// The `rank`-th nearest peer of a finished lookup for a random key stood at `distance`. Precondition: `rank` > 1.
    void add(std::size_t rank, KadKey const& distance, TimePoint now);
    /// Peers; nullopt until k_samples_min lookups of the last two hours have told. When the latest say more than all
    /// of them, the network has grown and they are right.
    [[nodiscard]] std::optional<double> peers(TimePoint now) const;

    static constexpr std::size_t k_samples_min = 5;

private:
    static constexpr std::size_t k_samples_max = 16;
    struct Sample {
        double peers = 0;
        TimePoint at;
    };
    std::array<Sample, k_samples_max> samples_{};
    std::size_t count_ = 0;  // of all that were added
};

/// x such that a gamma variable of `shape` (a sum of that many gaps between neighbours) is at most x with
/// `probability`, for 0.001 to 0.999; Wilson and Hilferty's approximation, good to 1 % for shapes from 5 on.
[[nodiscard]] double gamma_quantile(double shape, double probability);

}  // namespace ggen::p2p
