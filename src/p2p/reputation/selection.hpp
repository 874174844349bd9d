#pragma once

#include <optional>
#include <span>
#include <vector>

#include "p2p/protocol/seeded_random.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

inline constexpr double k_stranger_share = 0.2;       ///< of slots, drawn by lot: how honest newcomers rise
inline constexpr std::size_t k_slots_per_network = 2; ///< diversity before score
inline constexpr double k_peer_share_max = 0.3;       ///< of the parallel requests for one object: what a score buys

struct Candidate {
    PeerId peer;
    Multiaddr address;
};

/// Whom to ask, best first: at most `slots` peers, at most two of one network (loopback and addresses without an IP
/// excepted). A fifth of the slots, and those that nobody else fills, go to strangers by lot; peers with a negative
/// score come last, banned ones never.
[[nodiscard]] std::vector<PeerId> select_peers(Ledger const& ledger, std::span<Candidate const> candidates,
                                               std::size_t slots, SeededRandom& random, TimePoint now);

/// Whom to ask beside those that are `asked` already, by the same rules: index in `idle`. `slots` are all that may be
/// asked at once. nullopt: nobody is left, or only peers of networks that have their two slots.
[[nodiscard]] std::optional<std::size_t> pick_peer(Ledger const& ledger, std::span<Candidate const> asked,
                                                   std::span<Candidate const> idle, std::size_t slots,
                                                   SeededRandom& random, TimePoint now);

}  // namespace ggen::p2p
