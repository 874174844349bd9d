#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "net/daemon/log_providers.hpp"
#include "net/daemon/peer_source.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_exchange.hpp"
#include "node/peer_watch.hpp"
#include "registry/root_file.hpp"

namespace ggen::p2p {

/// What a user wants to follow: the registry of a peer, one whose root file he has, or the log of an id.
struct FollowWish {
    Digest log;
    std::optional<PeerId> peer = std::nullopt;
    std::optional<RootFile> root = std::nullopt;
    std::optional<Digest> fingerprint = std::nullopt;  ///< Which root file to take; else the one that is shown first.
    std::vector<std::string> sources = {};             ///< Folders and web servers of the same registry.

    /// `registry`: a peer id, or a log id in hex; or `root`: a root file. Errors: invalid.
    [[nodiscard]] static Result<FollowWish> parse(Json const& arguments);
    /// Names the mirror: the peer id, else the log's id in hex.
    [[nodiscard]] std::string label() const { return peer ? peer->text() : log.hex(); }
};

/// Finds who has a log among the peers, and in the network's table. Called from any thread but the node's.
class LogHolders {
public:
    struct Parts {
        Node& node;
        PeerWatch& watch;
        PeerExchange& exchange;
        LogProviders& providers;
    };
    using Check = PeerSource::Check;

    explicit LogHolders(Parts parts) : parts_(parts) {}

    /// Followers of the log, its origin, and whoever else is connected: asking costs one round trip. At most 16.
    [[nodiscard]] std::vector<Holder> of(Digest const& log, std::optional<PeerId> const& origin, Check const& check);
    /// For a blob of it, which many give in parts: all followers, up to 256, so that those who fetch it at the same
    /// time know each other and not all the same few.
    [[nodiscard]] std::vector<Holder> of_blob(Digest const& log, std::optional<PeerId> const& origin,
                                              Check const& check);
    /// The root file of the registry, and who showed it, first. Errors: not_found (p2p_not_held), refused
    /// (p2p_follow_refused: those that are shown are not the right one), check's.
    [[nodiscard]] Result<RootFile> find_root(FollowWish const& wish, std::vector<Holder>* holders, Check const& check);

private:
    [[nodiscard]] std::vector<Holder> gather(Digest const& log, std::optional<PeerId> const& origin,
                                             std::size_t followers_max, Check const& check);

    Parts parts_;
};

}  // namespace ggen::p2p
