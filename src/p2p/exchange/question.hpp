#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "p2p/exchange/fetch_context.hpp"
#include "p2p/exchange/provider_set.hpp"

namespace ggen::p2p {

/// One object from any of many peers (`Exchange::ask`). One is asked first; when it is silent, fails or lies, more are,
/// and the more of them disappoint, the more at once. The caller judges answers one by one. Over after `accept` and
/// after QuestionFailed.
class Question {
public:
    Question(FetchId id, ObjectQuestion question, FetchContext context, TimePoint now);

    void add_provider(ContentHolder const& provider, Multiaddr const* connected_at);
    void on_outcome(ChannelOutcome outcome, TimePoint now);
    void accept(TimePoint now);
    void reject(AnswerFault fault, TimePoint now);
    /// Asks whom there is to ask; after any call above.
    void schedule(TimePoint now);

    [[nodiscard]] bool is_over() const { return is_over_; }
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;

private:
    struct Asked {
        std::size_t provider = 0;
        TimePoint at;
        bool is_silent = false;
    };
    void offer_next();
    void fail(Error error);
    void disappoint(std::size_t by) { width_ = std::min(width_ + by, k_exchange_peers_max); }

    FetchId id_;
    ObjectRequest object_;
    TimePoint deadline_;
    FetchContext context_;
    ProviderSet providers_;
    std::vector<Asked> asked_;
    std::deque<std::pair<std::size_t, Bytes>> answers_;  // that wait to be judged; the first is with the caller
    bool is_judged_now_ = false;
    std::size_t width_ = 0;  // until there is somebody to ask
    std::size_t answered_ = 0;
    std::size_t rejected_ = 0;
    std::optional<TimePoint> nobody_since_;  // when the last one that could be asked was gone
    TimePoint scheduled_at_{};
    bool is_over_ = false;
};

}  // namespace ggen::p2p
