#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "p2p/gossip/rpc.hpp"

namespace ggen::p2p::testing {

/// Copies of what stood in an RPC.
struct SentRpc {
    std::vector<std::pair<std::string, bool>> subscriptions;
    std::vector<Bytes> messages;  // their data
    std::vector<std::string> message_topics;
    std::map<std::string, std::vector<MessageId>> ihaves;
    std::vector<MessageId> iwants;
    std::vector<std::string> grafts;
    struct Prune {
        std::string topic;
        std::uint64_t backoff_seconds = 0;
        std::vector<std::pair<Bytes, Bytes>> peers;
    };
    std::vector<Prune> prunes;
    std::vector<MessageId> idontwants;

    void add(Rpc const& rpc) {
        for (auto const& one : rpc.subscriptions) subscriptions.emplace_back(one.topic, one.is_subscribe);
        for (auto const& one : rpc.messages) {
            messages.emplace_back(one.data.begin(), one.data.end());
            message_topics.emplace_back(one.topic);
        }
        for (auto const& one : rpc.ihaves) {
            auto& ids = ihaves[std::string{one.topic}];
            for (std::size_t i = 0; i < one.count; ++i) ids.emplace_back(rpc.ihave_ids[one.first + i]);
        }
        for (auto const id : rpc.iwant_ids) iwants.emplace_back(id);
        for (auto const topic : rpc.grafts) grafts.emplace_back(topic);
        for (auto const& one : rpc.prunes) {
            Prune prune{std::string{one.topic}, one.backoff_seconds, {}};
            for (std::size_t i = 0; i < one.count; ++i) {
                auto const& peer = rpc.exchange[one.first + i];
                prune.peers.emplace_back(to_bytes(as_text(peer.peer)), to_bytes(as_text(peer.record)));
            }
            prunes.push_back(std::move(prune));
        }
        for (auto const id : rpc.idontwant_ids) idontwants.emplace_back(id);
    }
};

}  // namespace ggen::p2p::testing
