#include "p2p/swarm/dial_plan.hpp"

#include <algorithm>

#include "p2p/swarm/ip_address.hpp"

namespace ggen::p2p {
namespace {

struct Candidate {
    Multiaddr address;
    IpEndpoint endpoint;
};

/// The first of the other family goes to the second place, so that a dead family costs one step.
void put_other_family_second(std::vector<Candidate>& row) {
    std::stable_partition(row.begin(), row.end(), [](auto const& one) { return !one.endpoint.is_v4(); });
    if (row.size() < 3 || row[0].endpoint.is_v4()) return;
    auto const other = std::find_if(row.begin(), row.end(), [](auto const& one) { return one.endpoint.is_v4(); });
    if (other != row.end()) std::rotate(row.begin() + 1, other, other + 1);
}

void append_row(std::vector<DialStep>& out, std::vector<Candidate>& row, std::chrono::milliseconds step) {
    put_other_family_second(row);
    std::chrono::milliseconds delay{0};
    for (auto& candidate : row) {
        out.push_back({std::move(candidate.address), delay});
        delay += step;
    }
}

}  // namespace

std::vector<DialStep> plan_dial(std::vector<Multiaddr> const& addresses) {
    std::vector<Candidate> near;
    std::vector<Candidate> far;
    for (auto const& address : addresses) {
        auto const endpoint = IpEndpoint::of(address);
        if (!endpoint || endpoint->port == 0 || endpoint->scope() == IpScope::none) continue;
        auto& row = endpoint->scope() == IpScope::global ? far : near;
        bool const is_known =
            std::any_of(row.begin(), row.end(), [&](auto const& one) { return one.endpoint == *endpoint; });
        if (is_known || near.size() + far.size() == k_dial_addresses_max) continue;
        row.push_back({address, *endpoint});
    }
    std::vector<DialStep> steps;
    append_row(steps, near, k_dial_step_private);
    append_row(steps, far, k_dial_step);
    std::stable_sort(steps.begin(), steps.end(), [](auto const& a, auto const& b) { return a.delay < b.delay; });
    return steps;
}

}  // namespace ggen::p2p
