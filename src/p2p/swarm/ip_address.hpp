#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "codec/multiaddr.hpp"

namespace ggen::p2p {

/// An IPv4 address stands in the IPv4-mapped block of IPv6 (RFC 4291 section 2.5.5.2), so that both spellings of it
/// are one value.
using IpBytes = std::array<std::uint8_t, 16>;

/// How far an address reaches (RFC 6890).
enum class IpScope : std::uint8_t { global, site, loopback, none };  // site: private, link-local, shared; none: no host

/// The end of a TCP connection, as `/ip4|ip6/…/tcp/…`.
struct IpEndpoint {
    IpBytes ip{};
    std::uint16_t port = 0;

    /// nullopt for every other form of address.
    [[nodiscard]] static std::optional<IpEndpoint> of(Multiaddr const& address);

    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] IpScope scope() const;

    friend auto operator<=>(IpEndpoint const&, IpEndpoint const&) = default;
};

/// What one party can have many addresses in: an IPv4 /24 or an IPv6 /56.
struct IpNetwork {
    IpBytes prefix{};
    [[nodiscard]] static IpNetwork of(IpEndpoint const& endpoint);
    friend auto operator<=>(IpNetwork const&, IpNetwork const&) = default;
};

}  // namespace ggen::p2p
