#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "p2p/exchange/limits.hpp"
#include "p2p/exchange/requests.hpp"
#include "p2p/reputation/selection.hpp"

namespace ggen::p2p {

/// The providers of one object and what came of them: k_exchange_providers_max are remembered. Those that failed
/// rest, each time for twice as long, and are asked again; those that lied are out.
class ProviderSet {
public:
    enum class State : std::uint8_t { idle, asked, resting, out };
    struct Entry {
        ContentHolder provider;
        Candidate candidate;  ///< where it is, for the limits of one network
        State state = State::idle;
        bool has_nothing = false;  ///< says that it does not have the object
        bool is_gone = false;      ///< could not be reached when it was asked last
        TimePoint rests_until{};
        std::chrono::nanoseconds rest{k_exchange_retry_first};
        std::chrono::nanoseconds nap{k_exchange_have_nap};
        std::uint32_t times_asked = 0;
    };

    /// `connected_at`: where the peer is seen, when it is connected. nullopt when it is known, or the set is full.
    std::optional<std::size_t> add(ContentHolder const& provider, Multiaddr const* connected_at);
    [[nodiscard]] std::optional<std::size_t> find(PeerId const& peer) const;
    [[nodiscard]] Entry const& at(std::size_t index) const { return entries_[index]; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::size_t count(State state) const { return counts_[static_cast<std::size_t>(state)]; }

    /// Whether any of them was useful before.
    [[nodiscard]] bool has_known(Ledger const& ledger, TimePoint now) const;
    /// Whom to ask next beside those in `asked` (trust.md 6.2), of those that are idle.
    [[nodiscard]] std::optional<std::size_t> pick(Ledger const& ledger, std::vector<std::size_t> const& asked,
                                                  std::size_t slots, SeededRandom& random, TimePoint now);
    void mark_asked(std::size_t index);
    /// It is idle and may be asked again at once.
    void release(std::size_t index);
    void put_to_rest(std::size_t index, bool has_nothing, TimePoint now);
    /// It has nothing that is needed for the moment: asked again soon, without blame.
    void let_nap(std::size_t index, TimePoint since);
    /// It rests and was not there.
    void mark_gone(std::size_t index) { entries_[index].is_gone = true; }
    void exclude(std::size_t index);
    /// Not asked until `recall`.
    void set_aside(std::size_t index);
    void recall();
    /// It was of use: its next rest is a short one.
    void praise(std::size_t index);
    /// Ends the rest of those that have rested.
    void wake(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_wake() const;
    /// All that are not out have said so.
    [[nodiscard]] bool have_all_nothing() const;
    /// Somebody who is not out may still give it: has not said that he has nothing, and was there.
    [[nodiscard]] bool has_hope() const;

private:
    void set(std::size_t index, State state);

    std::vector<Entry> entries_;
    std::map<PeerId, std::size_t> by_peer_;
    std::size_t counts_[4] = {};
};

}  // namespace ggen::p2p
