#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "codec/json.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/gossip/gossip.hpp"
#include "p2p/kad/kad.hpp"

namespace ggen::p2p::interop {

using Answer = Result<Json>;

/// Messages are signed, and named as `whose` does by default: go, js or rust.
[[nodiscard]] TopicOptions signed_topic(std::string_view whose);

/// Every value is valid, the first is best: namespaces that only tests have.
class AnyValue final : public RecordValidator {
public:
    [[nodiscard]] Result<void> validate(BytesView /*key*/, BytesView /*value*/) const override { return ok(); }
    [[nodiscard]] std::size_t select(BytesView /*key*/, std::span<BytesView const> /*values*/) const override {
        return 0;
    }
};

/// The kad and gossip commands of a test peer. Values of namespace `v` are all valid, the first one is best, as in
/// peer.mjs; topics are those of `signed_topic`.
class PeerOverlay {
public:
    using Tell = std::function<void(std::int64_t id, Answer const& answer)>;

    /// `options`: "kad" = protocol id, "gossip" = true; absent = without. "messageIds" = whose rule (go).
    PeerOverlay(Ed25519PrivateKey const& key, Json const& options, Random& random, TimePoint now);

    [[nodiscard]] std::vector<Protocol*> protocols();
    /// False when `name` is none of its commands. Answers come through `tell`, now or later.
    [[nodiscard]] bool perform(std::int64_t id, std::string const& name, Json const& command, TimePoint now,
                               Tell const& tell);
    /// Answers that have come; messages as events.
    void poll(Tell const& tell, std::function<void(Json const&)> const& say);

private:
    struct Question {
        std::int64_t id = 0;
        std::size_t wanted = 1;  // providers
        std::vector<std::string> providers = {};
    };
    [[nodiscard]] std::optional<QueryId> start_query(std::string const& name, Json const& command, TimePoint now);
    [[nodiscard]] Answer gossip_command(std::string const& name, Json const& command, TimePoint now);
    void on_event(KadEvent const& event, Tell const& tell);
    void answer(QueryId query, Answer const& result, Tell const& tell);
    [[nodiscard]] Answer gossip_counters() const;
    [[nodiscard]] Answer mesh(std::string const& topic) const;

    std::string message_ids_;
    std::unique_ptr<Kad> kad_;
    std::unique_ptr<Gossip> gossip_;
    std::map<QueryId, Question> questions_;
};

}  // namespace ggen::p2p::interop
