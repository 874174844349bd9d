#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "p2p/gossip/keyed_hash.hpp"
#include "p2p/gossip/rpc.hpp"
#include "p2p/gossip/seen_cache.hpp"

namespace ggen::p2p {

/// Messages that peers told of and that we asked for: who was asked, who else has them, and who broke its promise.
/// A message is asked from one peer at a time; the next one is asked when it has not come after `retry`.
class Wants {
public:
    static constexpr std::size_t k_announcers_max = 8;  ///< remembered per message

    struct Times {
        std::chrono::nanoseconds wait;      ///< for a copy that may be on its way, before the first question
        std::chrono::nanoseconds retry;     ///< until the next announcer is asked
        std::chrono::nanoseconds followup;  ///< until a promise is broken
    };

    Wants(Times times, std::size_t count_max, std::uint64_t secret)
        : times_(times), count_max_(count_max), by_id_(0, KeyedHash{secret}) {}

    /// `peer` says that it has the message. True when it is to be asked now: call `asked` then.
    [[nodiscard]] bool announce(std::string_view id, PeerSerial peer);
    /// In place of `asked`: asks at `wait` from now, if the message has not come.
    void ask_later(std::string_view id, PeerSerial peer, TimePoint now);
    /// An IWANT goes out. A peer is held to `is_promise` alone: one message of each IWANT.
    void asked(std::string_view id, PeerSerial peer, bool is_promise, TimePoint now);
    /// The message came, from whomever.
    void fulfil(std::string_view id);

    /// Whom to ask again, and who broke a promise, as of `now`. `ask(id, peer)` returns whether it did ask: not, when
    /// the peer has gone. Serials are never used twice, so nothing needs to be told of peers that go.
    void check(TimePoint now, std::function<bool(MessageId const&, PeerSerial)> const& ask,
               std::function<void(PeerSerial)> const& broken);
    [[nodiscard]] std::optional<TimePoint> next_check() const;
    [[nodiscard]] std::size_t size() const { return by_id_.size(); }

private:
    struct Ask {
        PeerSerial peer = k_nobody_serial;
        TimePoint at{};
        bool is_promise = false;
    };
    struct Want {
        std::vector<Ask> asked;
        std::vector<PeerSerial> announcers;  // Not asked yet.
    };
    struct Check {
        TimePoint at{};
        MessageId id;
    };

    using Checks = std::list<Check>;

    [[nodiscard]] Checks* due(TimePoint now);

    Times times_;
    std::size_t count_max_;
    std::unordered_map<MessageId, Want, KeyedHash, std::equal_to<>> by_id_;
    Checks waiting_;  // In order of time: each is `wait` after the moment it was put here.
    Checks checks_;   // Likewise with `retry`.
};

}  // namespace ggen::p2p
