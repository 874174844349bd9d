#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// Who the host wants to deal with: the place where a reputation ledger or an operator's list decides. Asked beside
/// the bans of the swarm. Answers at once; calls nothing of the swarm. The default lets everybody in.
class Gate {
public:
    Gate() = default;
    virtual ~Gate() = default;
    Gate(Gate const&) = delete;
    Gate& operator=(Gate const&) = delete;

    [[nodiscard]] virtual bool may_dial(PeerId const& /*peer*/, Multiaddr const& /*address*/, TimePoint /*now*/) {
        return true;
    }
    /// Before anything is read from a socket.
    [[nodiscard]] virtual bool may_accept(Multiaddr const& /*address*/, TimePoint /*now*/) { return true; }
    /// Once a peer has shown who it is, in either direction.
    [[nodiscard]] virtual bool may_connect(PeerId const& /*peer*/, Multiaddr const& /*address*/, TimePoint /*now*/) {
        return true;
    }
    /// Asked after `on_conduct`: whether its connections go on.
    [[nodiscard]] virtual bool may_stay(PeerId const& /*peer*/, TimePoint /*now*/) { return true; }
    /// How much the peer may make us hold that it sent and nobody has used; the swarm keeps it between
    /// k_peer_window_bytes_min and k_peer_window_bytes_max.
    [[nodiscard]] virtual std::uint64_t receive_bytes_max(PeerId const& /*peer*/, TimePoint /*now*/) { return 0; }
    /// A protocol reported how a peer behaves; `address` is that of its connection.
    virtual void on_conduct(ReportPeer const& /*report*/, Multiaddr const& /*address*/, TimePoint /*now*/) {}
};

}  // namespace ggen::p2p
