#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "codec/peer_id.hpp"
#include "node/search_message.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p {

/// One peer's answer while it comes in. On the node's thread.
class SearchAnswer {
public:
    enum class State : std::uint8_t { waiting, whole, malformed };

    /// What arrived. Says whether it is whole now, or no answer at all.
    State feed(BytesView bytes);
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] std::vector<PeerSearchHit>& hits() { return hits_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t matches() const { return summary_ ? summary_->matches : 0; }

private:
    [[nodiscard]] State take(BytesView message);

    MessageReader reader_{k_search_hit_bytes_max};
    std::optional<PeerSearchSummary> summary_;
    std::vector<PeerSearchHit> hits_;
    std::uint64_t bytes_ = 0;
    State state_ = State::waiting;
};

/// What several peers answered to one question: proven, each package once, in the order of our own search.
class SearchGathering {
public:
    explicit SearchGathering(PeerSearchRequest request) : request_(std::move(request)) {}

    /// What a hit is good for.
    enum class Worth : std::uint8_t {
        fresh,      ///< proven, and not known before
        duplicate,  ///< somebody else gave it already
        useless,    ///< not understood here, or of a log that was not asked about
        lie         ///< false: whoever gave it knows
    };
    Worth add(PeerId const& from, PeerSearchHit const& hit);
    /// The best of them; those that do not match the question are left out.
    [[nodiscard]] Json ordered() const;
    [[nodiscard]] std::size_t size() const { return found_.size(); }

private:
    struct Found {
        ProvenHit hit;
        std::vector<PeerId> from;
    };
    using Key = std::pair<LogId, std::string>;
    static void add_teller(Found& found, std::uint64_t index, PeerId const& from);

    std::map<Key, Found> found_;  // By log and name: the highest version.
    struct Known {
        Key key;
        std::uint64_t index = 0;  // Of the record that was given.
    };
    std::map<Digest, Known> known_;  // By what was given.
    PeerSearchRequest request_;
};

}  // namespace ggen::p2p
