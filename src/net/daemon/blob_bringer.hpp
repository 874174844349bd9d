#pragma once

#include <vector>

#include "codec/json.hpp"
#include "market/market.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/followed_log.hpp"
#include "net/daemon/log_providers.hpp"
#include "net/daemon/peer_source.hpp"
#include "net/daemon/place_reader.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_exchange.hpp"

namespace ggen::p2p {

inline constexpr std::chrono::hours k_blob_max{12};
/// How long a blob may stay without a byte from anybody: longer than one peer may stall.
inline constexpr std::chrono::seconds k_blob_silence_max{20};

/// Brings archives of followed registries into their mirrors: from all holders at once, from those that the network's
/// table names, and from the other places of the registry. Called from the threads of sessions.
class BlobBringer {
public:
    struct Parts {
        Node& node;
        PeerExchange& exchange;
        LogProviders& providers;
        SourceOpener& opener;
        EndedReaders& ended;
    };
    explicit BlobBringer(Parts parts) : parts_(parts) {}

    /// Tells `session` how it comes in; the path of its file. Errors: not_found (p2p_not_held), unavailable
    /// (p2p_not_held: nobody gave it, or what came was wrong), those of PeerExchange::fetch_blob, check's, io.
    [[nodiscard]] Result<Json> bring(FollowedLog& followed, BlobRef const& blob, std::vector<Holder> holders,
                                     PeerSource::Check const& check, ControlSession& session);

private:
    Parts parts_;
};

}  // namespace ggen::p2p
