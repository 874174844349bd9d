#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "p2p/kad/key.hpp"
#include "p2p/kad/limits.hpp"
#include "p2p/kad/routing_table.hpp"

namespace ggen::p2p {

struct LookupSettings {
    std::size_t goal = k_kad_bucket_peers;            ///< nearest peers that count
    /// Nearest that must have answered before the rest of the goal is believed unasked; 0 = all of the goal.
    std::size_t resilience = 0;
    std::size_t parallel = k_kad_parallel_requests;
    std::size_t paths = k_kad_paths;                  ///< 1 to 16
    /// All peers nearer than this count, past the goal up to k_kad_region_peers_max; zero = no such region.
    KadKey region{};
    /// Peers nearer than this are likely to hold what is looked for: of those a path asks the one that `cost` says
    /// will answer soonest, where it else asks the nearest. Zero = nobody is.
    KadKey likely{};
    /// So many of them may be asked at a time, whatever each path has under way: the first answer is what counts.
    std::size_t parallel_likely = 0;
    std::function<std::chrono::microseconds(KadKey const&)> cost{};
};

/// Walks towards a target: says whom to ask next, learns from answers, knows when it has arrived. Pure, without
/// messages (the shape of rust-libp2p's ClosestPeersIter). One engine for every kind of query.
///
/// - **Disjoint paths** (S/Kademlia): each peer is asked by one path only and tells only that path, so a liar
///   misleads one of `paths` and the others still arrive.
/// - **Patience**: an asked peer that takes longer than usual frees its place (`hedge_at`), later no longer holds up
///   the end (`slow_at`); its answer counts whenever it comes.
/// - **Stall**: a path whose last answers brought nobody nearer asks the whole of its goal at once.
class Lookup {
public:
    Lookup(KadKey const& target, LookupSettings const& settings);

    /// Where to begin, nearest first; the paths take turns. Nothing happens for a peer that is known already.
    void add_seed(KadContact contact);
    /// Somebody that this node was only told of earlier. One path alone begins with such peers, so that invented ones
    /// cost that path and not the lookup.
    void add_hint(KadContact contact);
    /// Whom to ask now; nullptr = nobody at the moment. The peer counts as asked; `set_patience` follows. Valid
    /// until the next call.
    [[nodiscard]] KadContact const* next(TimePoint now);
    void set_patience(KadKey const& peer, TimePoint hedge_at, TimePoint slow_at);
    /// `closer`: whom it told of, at most `goal` nearest are taken. False when no answer was awaited from it.
    bool on_answer(KadKey const& peer, std::vector<KadContact> closer);
    void on_failure(KadKey const& peer);
    void set_region(KadKey const& region) { settings_.region = region; }
    [[nodiscard]] bool is_in_region(KadKey const& peer) const {
        return kad_distance(peer, target_) <= settings_.region;
    }

    /// Every path has arrived or has nobody left to ask.
    [[nodiscard]] bool is_done() const;
    /// When `next` or `is_done` may answer differently without an answer having come.
    [[nodiscard]] std::optional<TimePoint> wake_at() const;

    /// Nearest peers that answered, at most `count`.
    [[nodiscard]] std::vector<KadContact const*> answered(std::size_t count) const;
    /// Nearest peers that have not failed and are not slow, asked or not, at most `count`.
    [[nodiscard]] std::vector<KadContact const*> hopeful(std::size_t count) const;
    /// What is known of a peer that something may be stored at.
    enum class Standing : std::uint8_t { answered, unknown, slow };
    struct Prospect {
        KadContact const* contact = nullptr;
        Standing standing = Standing::unknown;
    };
    /// All peers that have not failed, nearest first.
    [[nodiscard]] std::vector<Prospect> prospects() const;
    [[nodiscard]] KadKey const& target() const { return target_; }
    [[nodiscard]] std::size_t request_count() const { return request_count_; }
    [[nodiscard]] std::size_t waiting_count() const;

private:
    enum class State : std::uint8_t { fresh, asked, slow, answered, failed };
    struct Candidate {
        KadKey distance;
        KadContact contact;
        State state = State::fresh;
        std::uint8_t owner = 0;       // path that asked it
        std::uint16_t heard_by = 0;   // paths that know it, one bit each
        bool is_hedged = false;       // it was asked, and its place is free again
        TimePoint hedge_at = TimePoint::max();
        TimePoint slow_at = TimePoint::max();
    };
    struct Path {
        std::size_t idle_answers = 0;  // since one brought somebody nearer
    };

    [[nodiscard]] Candidate* find(KadKey const& peer);
    /// True when the path did not know it yet.
    bool insert(KadContact contact, std::size_t path);
    void age(TimePoint now);
    [[nodiscard]] bool is_likely(Candidate const& candidate) const;
    [[nodiscard]] Candidate* next_of(std::size_t path);
    [[nodiscard]] bool is_arrived(std::size_t path) const;
    [[nodiscard]] bool is_within(KadKey const& distance, std::size_t count) const;
    [[nodiscard]] std::size_t parallel_of(std::size_t path) const;
    [[nodiscard]] KadKey const* nearest_of(std::size_t path) const;
    [[nodiscard]] std::size_t heard_count(std::size_t path) const;

    KadKey target_;
    LookupSettings settings_;
    std::vector<Candidate> candidates_;  // nearest first
    std::vector<Path> paths_;
    std::size_t turn_ = 0;
    std::size_t request_count_ = 0;
};

}  // namespace ggen::p2p
