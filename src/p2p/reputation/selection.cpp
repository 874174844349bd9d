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

/// One right answer counts: the few who gave one among many that did not are whom to ask for the next.
bool was_useful(Standing const& standing) { return !standing.is_stranger || standing.score > 0; }

/// A fifth; where that is a fraction, the lot decides.
std::size_t draw_stranger_slots(std::size_t slots, SeededRandom& random) {
    double const share = static_cast<double>(slots) * k_stranger_share;
    auto const whole = static_cast<std::size_t>(share);
    return whole + (random.chance(share - static_cast<double>(whole)) ? 1 : 0);
}

}  // namespace

std::optional<std::size_t> pick_peer(Ledger const& ledger, std::span<Candidate const> asked,
                                     std::span<Candidate const> idle, std::size_t slots, SeededRandom& random,
                                     TimePoint now) {
    std::map<std::string, std::size_t> per_network;
    std::size_t known_asked = 0;
    for (auto const& one : asked) {
        ++per_network[network_of(one.address)];
        if (was_useful(ledger.standing(one.peer, now))) ++known_asked;
    }
    struct Best {
        std::optional<std::size_t> index;
        double score = 0;
        std::uint64_t ties = 0;
    };
    Best known;
    Best strangers;
    Best bad;
    for (std::size_t i = 0; i < idle.size(); ++i) {
        auto const network = network_of(idle[i].address);
        if (!network.empty() && per_network[network] >= k_slots_per_network) continue;
        auto const standing = ledger.standing(idle[i].peer, now);
        if (standing.is_banned) continue;
        bool const is_bad = standing.score < 0;
        bool const is_known = was_useful(standing);
        auto& group = is_bad ? bad : is_known ? known : strangers;
        // Strangers are drawn by lot, the others by score and equals by lot.
        double const score = is_bad || is_known ? standing.score : 0;
        if (group.index && score < group.score) continue;
        if (group.index && score > group.score) group.ties = 0;
        ++group.ties;
        if (group.ties == 1 || random.below(group.ties) == 0) group.index = i;
        group.score = score;
    }
    bool const is_strangers_turn = known_asked + draw_stranger_slots(slots, random) >= slots;
    if (known.index && !(is_strangers_turn && strangers.index)) return known.index;
    return strangers.index ? strangers.index : bad.index;
}

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
