#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace asio {
class io_context;  // NOLINT(readability-identifier-naming): not ours
}

namespace ggen::p2p {

inline constexpr std::size_t k_multicast_interfaces_max = 16;
/// How often the interfaces of the machine are looked at again: cables are plugged, networks join.
inline constexpr std::chrono::seconds k_multicast_rescan{10};
inline constexpr std::size_t k_multicast_datagrams_per_turn_max = 64;

struct MulticastOptions {
    /// IPv4 addresses of the interfaces to use. Empty = all that are up and can do multicast, else loopback.
    std::vector<std::string> interfaces = {};
    std::string group = "224.0.0.251";  ///< of mDNS (RFC 6762 3)
    std::uint16_t port = 5353;          ///< shared with whoever else listens there
};

/// Datagrams to and from a multicast group of the local networks (IPv4). What comes from elsewhere is passed over
/// (RFC 6762 11); what cannot be sent now is lost, as datagrams are. One thread: that of the loop.
class MulticastSocket {
public:
    /// `is_own_machine`: the sender has an address of this machine.
    using Received = std::function<void(BytesView datagram, bool is_own_machine, TimePoint now)>;

    /// `io` must outlive the socket. Errors: invalid (an interface or the group is no IPv4 address), io (no socket, or
    /// the port belongs to somebody who does not share), unavailable (no interface joined the group).
    [[nodiscard]] static Result<std::unique_ptr<MulticastSocket>> create(asio::io_context& io,
                                                                         MulticastOptions const& options,
                                                                         Received received);
    ~MulticastSocket();
    MulticastSocket(MulticastSocket const&) = delete;
    MulticastSocket& operator=(MulticastSocket const&) = delete;

    /// Once on every interface.
    void send(BytesView datagram);
    [[nodiscard]] std::size_t interface_count() const;

private:
    struct Impl;
    explicit MulticastSocket(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
