#include "p2p/gossip/wants.hpp"

#include <algorithm>

namespace ggen::p2p {

bool Wants::announce(std::string_view id, PeerSerial peer) {
    auto const at = by_id_.find(id);
    if (at == by_id_.end()) return by_id_.size() < count_max_;
    auto& want = at->second;
    auto const is_peer = [&](Ask const& ask) { return ask.peer == peer; };
    bool const is_known = std::find(want.announcers.begin(), want.announcers.end(), peer) != want.announcers.end() ||
                          std::any_of(want.asked.begin(), want.asked.end(), is_peer);
    if (!is_known && want.announcers.size() < k_announcers_max) want.announcers.push_back(peer);
    return false;
}

void Wants::ask_later(std::string_view id, PeerSerial peer, TimePoint now) {
    auto const at = by_id_.emplace(MessageId{id}, Want{}).first;
    at->second.announcers.push_back(peer);
    waiting_.push_back({now + times_.wait, at->first});
}

void Wants::asked(std::string_view id, PeerSerial peer, bool is_promise, TimePoint now) {
    auto at = by_id_.find(id);
    if (at == by_id_.end()) {
        at = by_id_.emplace(MessageId{id}, Want{}).first;
        checks_.push_back({now + times_.retry, at->first});
    }
    at->second.asked.push_back({peer, now, is_promise});
}

void Wants::fulfil(std::string_view id) {
    // Its check finds nothing and goes.
    if (auto const at = by_id_.find(id); at != by_id_.end()) by_id_.erase(at);
}

std::optional<TimePoint> Wants::next_check() const {
    if (waiting_.empty() && checks_.empty()) return std::nullopt;
    if (waiting_.empty()) return checks_.front().at;
    return checks_.empty() ? waiting_.front().at : std::min(waiting_.front().at, checks_.front().at);
}

Wants::Checks* Wants::due(TimePoint now) {
    for (auto* const checks : {&waiting_, &checks_}) {
        if (!checks->empty() && checks->front().at <= now) return checks;
    }
    return nullptr;
}

void Wants::check(TimePoint now, std::function<bool(MessageId const&, PeerSerial)> const& ask,
                  std::function<void(PeerSerial)> const& broken) {
    while (auto* const checks = due(now)) {
        auto const check = std::move(checks->front());
        checks->pop_front();
        auto const at = by_id_.find(check.id);
        if (at == by_id_.end()) continue;
        auto& want = at->second;
        std::erase_if(want.asked, [&](Ask const& one) {
            if (now - one.at < times_.followup) return false;
            if (one.is_promise) broken(one.peer);
            return true;
        });
        while (!want.announcers.empty()) {
            PeerSerial const next = want.announcers.front();
            want.announcers.erase(want.announcers.begin());
            if (!ask(check.id, next)) continue;
            want.asked.push_back({next, now, true});
            break;
        }
        if (want.asked.empty()) {
            by_id_.erase(at);
        } else {
            checks_.push_back({now + times_.retry, check.id});
        }
    }
}

}  // namespace ggen::p2p
