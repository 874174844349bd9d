#include "p2p/reputation/selection.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ggen::p2p {
namespace {

struct Ranked {
    Candidate const* candidate;
    double score;
};

/// Moves peers from `from` to `out` while there are slots and their networks are not full.
void take(std::vector<Ranked> const& from, std::size_t slots, std::map<std::string, std::size_t>& per_network,
          std::vector<PeerId>& out) {
    for (auto const& one : from) {
        if (out.size() >= slots) return;
        if (std::find(out.begin(), out.end(), one.candidate->peer) != out.end()) continue;
        auto const network = network_of(one.candidate->address);
        if (!network.empty() && per_network[network]++ >= k_slots_per_network) continue;
        out.push_back(one.candidate->peer);
    }
}

}  // namespace

std::vector<PeerId> select_peers(Ledger const& ledger, std::span<Candidate const> candidates, std::size_t slots,
                                 SeededRandom& random, TimePoint now) {
    std::vector<Ranked> known;
    std::vector<Ranked> strangers;
    std::vector<Ranked> bad;
    for (auto const& candidate : candidates) {
        auto const standing = ledger.standing(candidate.peer, now);
        if (standing.is_banned) continue;
        auto& group = standing.score < 0 ? bad : standing.is_stranger ? strangers : known;
        group.push_back({&candidate, standing.score});
    }
    auto const is_better = [](Ranked const& a, Ranked const& b) { return a.score > b.score; };
    for (auto* const group : {&known, &strangers, &bad}) random.shuffle(*group);
    std::stable_sort(known.begin(), known.end(), is_better);
    std::stable_sort(bad.begin(), bad.end(), is_better);

    auto const share = static_cast<std::size_t>(static_cast<double>(slots) * k_stranger_share);
    std::size_t const for_strangers = strangers.empty() ? 0 : std::max<std::size_t>(1, share);
    std::vector<PeerId> out;
    std::map<std::string, std::size_t> per_network;
    take(known, slots - std::min(slots, for_strangers), per_network, out);
    take(strangers, slots, per_network, out);
    take(known, slots, per_network, out);
    take(bad, slots, per_network, out);
    return out;
}

}  // namespace ggen::p2p
