#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "codec/multiaddr.hpp"

namespace ggen::p2p {

/// Observers of distinct networks that must agree before an address is believed.
inline constexpr std::size_t k_observers_needed = 4;
inline constexpr std::size_t k_observed_addresses_max = 32;
inline constexpr std::chrono::minutes k_observation_lifetime{30};

/// Whether `address` begins with an IP address of this machine itself (127.0.0.0/8, ::1).
[[nodiscard]] bool is_loopback(Multiaddr const& address);
/// Whether `address` begins with an IP address that others could dial: not loopback, unspecified, link-local or
/// multicast.
[[nodiscard]] bool is_routable(Multiaddr const& address);
/// The network that an IP address belongs to, as one owner: /16 of IPv4, /32 of IPv6. Empty without an IP address.
[[nodiscard]] std::string observer_network(Multiaddr const& address);

/// Where peers say that they see this host. One liar, or one who owns many ids on one network, must not decide what
/// the host announces: an address counts once observers on four distinct networks agree within half an hour.
/// Bounded: 32 addresses; the one that was seen longest ago makes room.
class ObservedAddresses {
public:
    /// True when this observation makes `address` believed; only once for each address.
    [[nodiscard]] bool add(Multiaddr const& address, Multiaddr const& observer, TimePoint now);

    [[nodiscard]] std::size_t size() const { return seen_.size(); }

private:
    struct Seen {
        std::map<std::string, TimePoint> networks;
        TimePoint last_seen{};
        bool is_believed = false;
    };
    void make_room();
    std::map<Multiaddr, Seen> seen_;
};

}  // namespace ggen::p2p
