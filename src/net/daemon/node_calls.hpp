#pragma once

#include <string>

#include "net/daemon/block_service.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/daemon.hpp"
#include "net/daemon/market_service.hpp"
#include "net/daemon/search_service.hpp"
#include "net/daemon/witness_service.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_watch.hpp"

namespace ggen::p2p {

inline constexpr std::uint64_t k_call_timeout_seconds_max = 3600;

/// What a node answers to commands (docs/protocols/p2p-control.md). Called on the threads of sessions; whatever belongs
/// to the node is asked for on its own thread.
class NodeCalls {
public:
    struct Parts {
        Node& node;
        PeerWatch& watch;
        DaemonOptions const& options;
        MarketService& market;
        SearchService& search;
        WitnessService& witnesses;
        BlockService& blocks;
    };
    explicit NodeCalls(Parts parts);

    /// Errors: invalid (an unknown call, bad arguments), and those of the call.
    [[nodiscard]] Result<Json> answer(std::string const& call, Json const& arguments, ControlSession& session);

private:
    [[nodiscard]] Result<Json> status(ControlSession const& session);
    [[nodiscard]] Result<Json> peers(ControlSession const& session);
    [[nodiscard]] Result<Json> connect(Json const& arguments, ControlSession const& session);
    [[nodiscard]] Result<Json> disconnect(Json const& arguments, ControlSession const& session);

    Parts parts_;
    TimePoint started_;
};

}  // namespace ggen::p2p
