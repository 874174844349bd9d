#include "p2p/kad/lookup.hpp"

#include <algorithm>

#include "base/result.hpp"

namespace ggen::p2p {

Lookup::Lookup(KadKey const& target, LookupSettings const& settings) : target_(target), settings_(settings) {
    settings_.paths = std::clamp<std::size_t>(settings_.paths, 1, 16);
    paths_.resize(settings_.paths);
}

Lookup::Candidate* Lookup::find(KadKey const& peer) {
    auto const distance = kad_distance(peer, target_);
    auto const at =
        std::lower_bound(candidates_.begin(), candidates_.end(), distance,
                         [](Candidate const& candidate, KadKey const& value) { return candidate.distance < value; });
    return at != candidates_.end() && at->distance == distance ? &*at : nullptr;
}

bool Lookup::insert(KadContact contact, std::size_t path) {
    auto const distance = kad_distance(contact.key, target_);
    auto const bit = static_cast<std::uint16_t>(1U << path);
    auto const at =
        std::lower_bound(candidates_.begin(), candidates_.end(), distance,
                         [](Candidate const& candidate, KadKey const& value) { return candidate.distance < value; });
    if (at != candidates_.end() && at->distance == distance) {
        auto const is_new = (at->heard_by & bit) == 0;
        at->heard_by |= bit;
        if (at->contact.addresses.is_empty()) at->contact.addresses = std::move(contact.addresses);
        return is_new;
    }
    Candidate added{distance, std::move(contact), State::fresh, 0, bit};
    if (candidates_.size() >= k_kad_lookup_candidates_max) {
        if (at == candidates_.end() || candidates_.back().state == State::asked) return false;
        auto const index = at - candidates_.begin();
        candidates_.pop_back();
        candidates_.insert(candidates_.begin() + index, std::move(added));
        return true;
    }
    candidates_.insert(at, std::move(added));
    return true;
}

void Lookup::add_seed(KadContact contact) {
    if (find(contact.key) != nullptr) return;
    insert(std::move(contact), turn_);
    turn_ = (turn_ + 1) % paths_.size();
}

void Lookup::add_hint(KadContact contact) {
    if (find(contact.key) == nullptr) insert(std::move(contact), paths_.size() - 1);
}

void Lookup::age(TimePoint now) {
    for (auto& candidate : candidates_) {
        if (candidate.state != State::asked) continue;
        candidate.is_hedged = candidate.is_hedged || now >= candidate.hedge_at;
        if (now >= candidate.slow_at) candidate.state = State::slow;
    }
}

std::size_t Lookup::parallel_of(std::size_t path) const {
    auto const share = [&](std::size_t total) {
        return std::max<std::size_t>(1, (total + paths_.size() - 1) / paths_.size());
    };
    auto const usual = share(settings_.parallel);
    return paths_[path].idle_answers >= usual ? std::max(usual, share(settings_.goal)) : usual;
}

/// Whether a peer at `distance` still matters when `count` nearer ones were met.
bool Lookup::is_within(KadKey const& distance, std::size_t count) const {
    return count < settings_.goal || (distance <= settings_.region && count < k_kad_region_peers_max);
}

bool Lookup::is_likely(Candidate const& candidate) const {
    return settings_.cost && candidate.distance <= settings_.likely;
}

Lookup::Candidate* Lookup::next_of(std::size_t path) {
    auto const bit = static_cast<std::uint16_t>(1U << path);
    std::size_t in_flight = 0;
    std::size_t likely_in_flight = 0;
    std::size_t met = 0;
    Candidate* fresh = nullptr;
    auto least = std::chrono::microseconds::max();
    for (auto& candidate : candidates_) {
        if (candidate.state == State::asked && !candidate.is_hedged) {
            if (candidate.owner == path) ++in_flight;
            if (is_likely(candidate)) ++likely_in_flight;
        }
        if ((candidate.heard_by & bit) == 0 || candidate.state == State::failed || candidate.state == State::slow)
            continue;
        if (candidate.state == State::fresh && is_within(candidate.distance, met)) {
            auto const cost = is_likely(candidate) ? settings_.cost(candidate.contact.key)
                                                   : std::chrono::microseconds::max();
            if (fresh == nullptr || cost < least) fresh = &candidate;
            least = std::min(least, cost);
        }
        ++met;
    }
    if (in_flight < parallel_of(path)) return fresh;
    auto const is_asked_too =
        fresh != nullptr && is_likely(*fresh) && likely_in_flight < settings_.parallel_likely;
    return is_asked_too ? fresh : nullptr;
}

KadContact const* Lookup::next(TimePoint now) {
    age(now);  // first: `wake_at` must not name this moment again
    if (request_count_ >= k_kad_lookup_requests_max) return nullptr;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        auto const path = (turn_ + i) % paths_.size();
        if (is_arrived(path)) continue;
        auto* const candidate = next_of(path);
        if (candidate == nullptr) continue;
        candidate->state = State::asked;
        candidate->owner = static_cast<std::uint8_t>(path);
        turn_ = (path + 1) % paths_.size();
        ++request_count_;
        return &candidate->contact;
    }
    return nullptr;
}

void Lookup::set_patience(KadKey const& peer, TimePoint hedge_at, TimePoint slow_at) {
    auto* const candidate = find(peer);
    GGEN_ASSERT(candidate != nullptr);
    candidate->hedge_at = hedge_at;
    candidate->slow_at = slow_at;
}

KadKey const* Lookup::nearest_of(std::size_t path) const {
    for (auto const& candidate : candidates_) {
        if ((candidate.heard_by >> path & 1U) != 0) return &candidate.distance;
    }
    return nullptr;
}

std::size_t Lookup::heard_count(std::size_t path) const {
    return static_cast<std::size_t>(
        std::count_if(candidates_.begin(), candidates_.end(),
                      [&](Candidate const& candidate) { return (candidate.heard_by >> path & 1U) != 0; }));
}

bool Lookup::on_answer(KadKey const& peer, std::vector<KadContact> closer) {
    auto* const candidate = find(peer);
    if (candidate == nullptr || (candidate->state != State::asked && candidate->state != State::slow)) return false;
    candidate->state = State::answered;
    auto const path = std::size_t{candidate->owner};
    auto const nearest_before = *nearest_of(path);
    auto const is_gathering = heard_count(path) < settings_.goal;
    std::sort(closer.begin(), closer.end(), [&](KadContact const& a, KadContact const& b) {
        return kad_distance(a.key, target_) < kad_distance(b.key, target_);
    });
    if (closer.size() > settings_.goal)
        closer.erase(closer.begin() + static_cast<std::ptrdiff_t>(settings_.goal), closer.end());
    bool is_progress = false;
    for (auto& contact : closer) {
        auto const distance = kad_distance(contact.key, target_);
        auto const is_new = insert(std::move(contact), path);
        is_progress = is_progress || (is_new && (is_gathering || distance < nearest_before));
    }
    auto& idle = paths_[path].idle_answers;
    idle = is_progress ? 0 : idle + 1;
    return true;
}

void Lookup::on_failure(KadKey const& peer) {
    auto* const candidate = find(peer);
    if (candidate == nullptr) return;
    if (candidate->state == State::asked || candidate->state == State::slow) candidate->state = State::failed;
}

bool Lookup::is_arrived(std::size_t path) const {
    auto const is_crowded = settings_.region != KadKey{};  // then nobody is believed unasked
    auto const needed = settings_.resilience == 0 || is_crowded ? settings_.goal
                                                                : std::min(settings_.resilience, settings_.goal);
    std::size_t answered = 0;
    std::size_t slow = 0;
    for (auto const& candidate : candidates_) {
        if ((candidate.heard_by >> path & 1U) == 0) continue;
        if (answered >= needed && (candidate.distance > settings_.region || answered >= k_kad_region_peers_max))
            return true;
        switch (candidate.state) {
            case State::failed: break;
            case State::slow: ++slow; break;
            case State::answered: ++answered; break;
            case State::fresh:
            case State::asked: return false;
        }
    }
    // Nobody is left to ask. When nearly everybody is slow, then so is this node: wait for them.
    return slow == 0 || answered >= std::min(k_kad_resilience, needed);
}

bool Lookup::is_done() const {
    if (request_count_ >= k_kad_lookup_requests_max && waiting_count() == 0) return true;
    std::size_t arrived = 0;
    for (std::size_t path = 0; path < paths_.size(); ++path) arrived += is_arrived(path) ? 1U : 0U;
    // Where not everybody need have answered, the last of several paths is not waited for either.
    auto const spared = settings_.resilience != 0 && paths_.size() > 2 && settings_.region == KadKey{} ? 1U : 0U;
    return arrived + spared >= paths_.size();
}

std::size_t Lookup::waiting_count() const {
    return static_cast<std::size_t>(
        std::count_if(candidates_.begin(), candidates_.end(),
                      [](Candidate const& candidate) { return candidate.state == State::asked; }));
}

std::optional<TimePoint> Lookup::wake_at() const {
    std::optional<TimePoint> wake;
    auto const consider = [&](TimePoint at) {
        if (at != TimePoint::max() && (!wake || at < *wake)) wake = at;
    };
    for (auto const& candidate : candidates_) {
        if (candidate.state != State::asked) continue;
        consider(candidate.is_hedged ? candidate.slow_at : candidate.hedge_at);
    }
    return wake;
}

std::vector<KadContact const*> Lookup::answered(std::size_t count) const {
    std::vector<KadContact const*> out;
    for (auto const& candidate : candidates_) {
        if (out.size() == count) break;
        if (candidate.state == State::answered) out.push_back(&candidate.contact);
    }
    return out;
}

std::vector<KadContact const*> Lookup::hopeful(std::size_t count) const {
    std::vector<KadContact const*> out;
    for (auto const& candidate : candidates_) {
        if (out.size() == count) break;
        if (candidate.state != State::failed && candidate.state != State::slow) out.push_back(&candidate.contact);
    }
    return out;
}

std::vector<Lookup::Prospect> Lookup::prospects() const {
    std::vector<Prospect> out;
    for (auto const& candidate : candidates_) {
        if (candidate.state == State::failed) continue;
        auto const standing = candidate.state == State::answered ? Standing::answered
                              : candidate.state == State::slow   ? Standing::slow
                                                                 : Standing::unknown;
        out.push_back({&candidate.contact, standing});
    }
    return out;
}

}  // namespace ggen::p2p
