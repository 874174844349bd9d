#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "codec/multiaddr.hpp"

namespace ggen::p2p {

/// Whom an address can be dialed by.
enum class AddressReach : std::uint8_t {
    loopback,  ///< this machine
    local,     ///< private, shared and link-local ranges
    global,    ///< the rest, names among them
};

/// Binary multiaddrs in one block, each behind its length: what a table keeps of a peer it may never dial.
/// They are not checked until `decode`.
class AddressList {
public:
    AddressList() = default;
    [[nodiscard]] static AddressList from(std::span<Multiaddr const> addresses, std::size_t count_max);

    /// Precondition: at most k_kad_address_bytes_max bytes.
    void append(BytesView address);
    [[nodiscard]] bool is_empty() const { return packed_.empty(); }
    /// As one block, and back from what `packed` gave.
    [[nodiscard]] BytesView packed() const { return packed_; }
    [[nodiscard]] static AddressList from_packed(BytesView packed);
    /// Empty when there is none.
    [[nodiscard]] BytesView first() const;
    [[nodiscard]] std::size_t size() const;
    /// The binary forms; valid as long as the list is unchanged.
    [[nodiscard]] std::vector<BytesView> views() const;
    /// Those that are multiaddrs; a final /p2p is dropped, and those with nothing else.
    [[nodiscard]] std::vector<Multiaddr> decode() const;
    /// Without those of a lesser reach, cut to `count_max`.
    [[nodiscard]] AddressList reachable(AddressReach least, std::size_t count_max) const;

    friend bool operator==(AddressList const&, AddressList const&) = default;

private:
    Bytes packed_;
};

[[nodiscard]] AddressReach address_reach(BytesView address);

/// The neighbourhood of an address, which costs an attacker something to leave: IPv4 /16 (/8 for the old class A
/// blocks, which have one owner each), IPv6 /32. 0 when the address starts with no IP address.
[[nodiscard]] std::uint64_t address_group(BytesView address);

}  // namespace ggen::p2p
