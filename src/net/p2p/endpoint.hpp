#pragma once

#include <vector>

#include <asio/ip/tcp.hpp>

#include "codec/multiaddr.hpp"

namespace ggen::p2p {

/// The endpoint that `/ip4|ip6/…/tcp/…` names. Errors: invalid (any other address).
[[nodiscard]] Result<asio::ip::tcp::endpoint> to_endpoint(Multiaddr const& address);
[[nodiscard]] Multiaddr to_multiaddr(asio::ip::tcp::endpoint const& endpoint);
/// What a socket bound to `endpoint` can be reached at: itself, or for the unspecified address one for each address
/// of the machine's interfaces that are up (link-local IPv6 left out, since it needs a zone).
[[nodiscard]] std::vector<Multiaddr> listening_addresses(asio::ip::tcp::endpoint const& endpoint);

}  // namespace ggen::p2p
