#include "p2p/exchange/question.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

constexpr std::size_t k_failure_growth = 2;
constexpr std::size_t k_lie_growth = 4;
/// Answers that wait to be judged, the one with the caller included: more are not asked for meanwhile.
constexpr std::size_t k_answers_max = 4;

}  // namespace

Question::Question(FetchId id, ObjectQuestion question, FetchContext context, TimePoint /*now*/)
    : id_(id), object_(std::move(question.object)), deadline_(question.deadline), context_(context) {}

void Question::add_provider(ContentHolder const& provider, Multiaddr const* connected_at) {
    if (providers_.add(provider, connected_at)) nobody_since_.reset();
}

void Question::on_outcome(ChannelOutcome outcome, TimePoint now) {
    auto const index = providers_.find(outcome.peer);
    auto const at = std::find_if(asked_.begin(), asked_.end(), [&](Asked const& one) { return one.provider == index; });
    if (is_over_ || at == asked_.end()) return;
    asked_.erase(at);
    if (outcome.result && outcome.result->status == ExchangeStatus::ok) {
        auto& answer = *outcome.result;
        if (answer.total - object_.offset <= object_.bytes_max) {
            ++answered_;
            context_.ledger.on_useful_bytes(outcome.peer, 0, outcome.took, now);
            answers_.emplace_back(*index, std::move(answer.bytes));
            offer_next();
            return;
        }
    }
    bool const has_nothing = outcome.result && outcome.result->status == ExchangeStatus::not_found;
    providers_.put_to_rest(*index, has_nothing, now);
    disappoint(k_failure_growth);
}

void Question::offer_next() {
    if (is_judged_now_ || answers_.empty()) return;
    is_judged_now_ = true;
    auto& [index, bytes] = answers_.front();
    context_.events.emplace_back(ObjectOffered{id_, providers_.at(index).provider.peer, std::move(bytes)});
}

void Question::accept(TimePoint now) {
    if (is_over_ || !is_judged_now_) return;
    context_.ledger.on_conduct(providers_.at(answers_.front().first).provider.peer, Conduct::useful, 1, now);
    context_.channels.cancel_fetch(id_, now);
    is_over_ = true;
}

void Question::reject(AnswerFault fault, TimePoint now) {
    if (is_over_ || !is_judged_now_) return;
    auto const index = answers_.front().first;
    auto const& peer = providers_.at(index).provider.peer;
    answers_.pop_front();
    is_judged_now_ = false;
    ++rejected_;
    if (fault == AnswerFault::lie) {
        context_.ledger.on_lie(peer, now);
        context_.outbox.put_output(DisconnectPeer{peer});
        providers_.exclude(index);
        disappoint(k_lie_growth);
    } else {
        providers_.put_to_rest(index, true, now);
        disappoint(k_failure_growth);
    }
    offer_next();
}

void Question::fail(Error error) {
    context_.channels.cancel_fetch(id_, deadline_);
    context_.events.emplace_back(QuestionFailed{id_, std::move(error)});
    is_over_ = true;
}

void Question::schedule(TimePoint now) {
    if (is_over_) return;
    scheduled_at_ = now;
    if (now >= deadline_) {
        fail(Error{Errc::timed_out, object_.path + ": no answer that is right within the time"});
        return;
    }
    providers_.wake(now);
    auto const patience = context_.channels.patience();
    std::size_t active = 0;
    for (auto& one : asked_) {
        bool const was_silent = std::exchange(one.is_silent, now - one.at >= patience);
        if (one.is_silent && !was_silent) disappoint(k_failure_growth);
        if (!one.is_silent) ++active;
    }
    if (width_ == 0 && providers_.size() != 0) {
        bool const has_known = providers_.has_known(context_.ledger, now);
        width_ = has_known ? k_exchange_first_known : k_exchange_first_strangers;
    }
    std::vector<std::size_t> busy;
    busy.reserve(asked_.size());
    for (auto const& one : asked_) {
        if (!one.is_silent) busy.push_back(one.provider);
    }
    ExchangeRequest const request{object_.log, object_.path, object_.offset, object_.bytes_max};
    while (active < width_ && asked_.size() - active < k_exchange_silent_peers_max && answers_.size() < k_answers_max) {
        auto const next = providers_.pick(context_.ledger, busy, width_, context_.random, now);
        if (!next) break;
        providers_.mark_asked(*next);
        asked_.push_back({*next, now, false});
        busy.push_back(*next);
        ++active;
        context_.channels.send(providers_.at(*next).provider, request, {id_, FetchTag::Purpose::question, 0},
                               k_exchange_floor_bytes_per_second, now);
    }
    if (!asked_.empty() || !answers_.empty() || providers_.count(ProviderSet::State::idle) != 0) {
        nobody_since_.reset();
        return;
    }
    bool const is_hopeless = providers_.count(ProviderSet::State::resting) == 0 || providers_.have_all_nothing();
    if (!is_hopeless) return;
    if (!nobody_since_) nobody_since_ = now;
    if (now - *nobody_since_ < k_exchange_grace) return;
    if (answered_ == 0 && rejected_ == 0) {
        auto const count = std::to_string(providers_.size());
        fail(Error{Errc::not_found, object_.path + ": no peer has it (" + count + " asked)"});
    } else {
        fail(Error{Errc::unavailable, object_.path + ": no answer was right (" + std::to_string(rejected_) + " of " +
                                          std::to_string(providers_.size()) + " peers refuted)"});
    }
}

std::optional<TimePoint> Question::next_deadline() const {
    if (is_over_) return std::nullopt;
    auto const now = scheduled_at_;
    auto next = deadline_;
    auto const at = [&](std::optional<TimePoint> when) {
        if (when && *when > now) next = std::min(next, *when);
    };
    for (auto const& one : asked_) {
        if (!one.is_silent) at(one.at + context_.channels.patience());
    }
    at(providers_.next_wake());
    if (nobody_since_) at(*nobody_since_ + k_exchange_grace);
    return next;
}

}  // namespace ggen::p2p
