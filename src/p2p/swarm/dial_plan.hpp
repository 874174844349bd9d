#pragma once

#include <chrono>
#include <vector>

#include "codec/multiaddr.hpp"
#include "p2p/swarm/limits.hpp"

namespace ggen::p2p {

/// When an address is tried, counted from the start of the dial.
struct DialStep {
    Multiaddr address;
    std::chrono::milliseconds delay{0};
};

/// The order in which the addresses of one peer are tried, as go-libp2p ranks them: IPv6 first, IPv4 second, then
/// the rest, 250 ms apart; those of the own site and loopback in a row of their own, 30 ms apart, since a dead one
/// costs a connection attempt on the local network only. Both rows start at once. At most 8 are kept; what is not
/// `/ip4|ip6/…/tcp/…` of a host is left out.
[[nodiscard]] std::vector<DialStep> plan_dial(std::vector<Multiaddr> const& addresses);

}  // namespace ggen::p2p
