#include "p2p/kad/size_estimate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace ggen::p2p {
namespace {

constexpr std::chrono::hours k_sample_age_max{2};
constexpr std::size_t k_latest_samples = 8;

/// The point that a standard normal variable stays under with `probability` (Abramowitz and Stegun 26.2.23).
double normal_quantile(double probability) {
    auto const tail = std::min(probability, 1 - probability);
    auto const t = std::sqrt(-2 * std::log(tail));
    auto const value = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) /
                               (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
    return probability < 0.5 ? -value : value;
}

double median(std::vector<double> values) {
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

void SizeEstimate::add(std::size_t rank, KadKey const& distance, TimePoint now) {
    auto const share = kad_share(distance);
    if (share <= 0) return;
    samples_.at(count_ % k_samples_max) = {static_cast<double>(rank - 1) / share, now};
    ++count_;
}

std::optional<double> SizeEstimate::peers(TimePoint now) const {
    std::vector<double> values;  // the latest first
    values.reserve(k_samples_max);
    for (std::size_t back = 1; back <= std::min(count_, k_samples_max); ++back) {
        auto const& sample = samples_.at((count_ - back) % k_samples_max);
        if (now - sample.at <= k_sample_age_max) values.push_back(sample.peers);
    }
    if (values.size() < k_samples_min) return std::nullopt;
    auto const latest = median({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(
                                                                     std::min(values.size(), k_latest_samples))});
    return std::max(latest, median(std::move(values)));
}

double gamma_quantile(double shape, double probability) {
    auto const spread = 1 / (9 * shape);
    auto const root = 1 - spread + normal_quantile(probability) * std::sqrt(spread);
    return shape * root * root * root;
}

}  // namespace ggen::p2p
