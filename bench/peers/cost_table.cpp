#include "peers/cost_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "measure.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr double k_ns_per_ms = 1e6;

double median_ms(std::vector<Finished> const& costs, std::uint64_t Finished::* member) {
    Samples samples;
    for (auto const& cost : costs) samples.add(cost.*member);
    return static_cast<double>(samples.percentile(50)) / k_ns_per_ms;
}

}  // namespace

void CostTable::add(std::string const& what, std::string const& tool, Finished const& cost) {
    auto& costs = costs_[{what, tool}];
    if (costs.empty()) order_.emplace_back(what, tool);
    costs.push_back(cost);
}

double CostTable::wall_ms(std::string const& what, std::string const& tool) const {
    auto const found = costs_.find({what, tool});
    return found == costs_.end() ? 0 : median_ms(found->second, &Finished::wall_ns);
}

double CostTable::cpu_ms(std::string const& what, std::string const& tool) const {
    auto const found = costs_.find({what, tool});
    return found == costs_.end() ? 0 : median_ms(found->second, &Finished::cpu_ns);
}

void CostTable::print(std::string const& base, std::string title) const {
    Table table{{"case", "tool", "wall ms", "least", "CPU ms", "peak MB", "wall x " + base, "CPU x " + base},
                std::move(title)};
    for (auto const& key : order_) {
        auto const& costs = costs_.at(key);
        auto const least = std::min_element(costs.begin(), costs.end(),
                                            [](auto const& a, auto const& b) { return a.wall_ns < b.wall_ns; });
        std::uint64_t peak = 0;
        for (auto const& cost : costs) peak = std::max(peak, cost.peak_bytes);
        auto const wall = median_ms(costs, &Finished::wall_ns);
        auto const cpu = median_ms(costs, &Finished::cpu_ns);
        auto const ratio = [&](double own, double other) {
            return other > 0 ? fmt::format("{:.2f}", own / other) : std::string{};
        };
        table.add({key.first, key.second, fmt::format("{:.2f}", wall),
                   fmt::format("{:.2f}", static_cast<double>(least->wall_ns) / k_ns_per_ms), fmt::format("{:.2f}", cpu),
                   peak > 0 ? format_mb(peak) : "", ratio(wall, wall_ms(key.first, base)),
                   ratio(cpu, cpu_ms(key.first, base))});
    }
    table.print();
}

}  // namespace ggen::bench
