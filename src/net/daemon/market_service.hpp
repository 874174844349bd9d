#pragma once

#include <memory>
#include <string>

#include "codec/json.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/daemon.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_exchange.hpp"
#include "node/peer_watch.hpp"
#include "node/served_folders.hpp"
#include "registry/witness.hpp"

namespace ggen::p2p {

/// Registries that a node follows at once: each has a topic, and half of those are for what else a node does.
inline constexpr std::size_t k_follows_max = 48;
/// How long a followed log rests between two looks at peers when nothing is told of it.
inline constexpr std::chrono::seconds k_follow_interval{30};
/// How often a node looks whether something was published in its own registry when the system does not tell it.
inline constexpr std::chrono::seconds k_own_interval{2};

/// The marketplace part of a node: serves its own registry and tells of it, follows those of others, and brings blobs.
/// One thread of its own, which waits for peers and writes mirrors; calls come from the threads of sessions.
class MarketService {
public:
    struct Parts {
        Node& node;
        PeerWatch& watch;
        PeerExchange& exchange;
        ServedFolders& served;
        DaemonOptions const& options;
        Witness* witness = nullptr;  ///< Cosigns the logs that are followed.
    };

    /// Loads what is followed, and joins its topics. To be called before the node runs in earnest. Errors: io.
    [[nodiscard]] static Result<std::unique_ptr<MarketService>> start(Parts parts);
    ~MarketService();
    MarketService(MarketService const&) = delete;
    MarketService& operator=(MarketService const&) = delete;
    /// Begins to end.
    void stop();
    /// Waits for its thread, which may wait for the node's: that one must run. The object outlives what the node still
    /// has to carry out.
    void finish();

    /// `registry`: a peer id. Returns when the log was mirrored once. Errors: invalid, not_found (p2p_not_held),
    /// refused (p2p_follow_refused, log_fork), too_large, and those of LogMirror::update.
    [[nodiscard]] Result<Json> follow(Json const& arguments, ControlSession& session);
    /// Forgets it, and the mirror with it. Errors: not_found.
    [[nodiscard]] Result<Json> unfollow(Json const& arguments);
    /// What is served and followed.
    [[nodiscard]] Json registries() const;
    /// Looks at the own registry at once; whom its newest checkpoint was told. Errors: not_found (nothing published).
    [[nodiscard]] Result<Json> announce(ControlSession const& session);
    /// Asks everybody who may mirror the own registry, and takes back what is missing here. With `alone`: what stands
    /// here is all there is. Errors: those of OwnLogKeeper::recover.
    [[nodiscard]] Result<Json> recover(Json const& arguments, ControlSession& session);
    /// A blob of a followed registry, brought to its mirror: the path of the file.
    /// Errors: invalid, not_found (p2p_not_held), those of PeerExchange::fetch_blob.
    [[nodiscard]] Result<Json> blob(Json const& arguments, ControlSession& session);

private:
    class Impl;
    explicit MarketService(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
