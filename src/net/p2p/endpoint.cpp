#include "net/p2p/endpoint.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace ggen::p2p {
namespace {

template <class Address>
MultiaddrPart ip_part(MultiaddrCode code, Address const& address) {
    auto const bytes = address.to_bytes();
    return MultiaddrPart{code, Bytes(bytes.begin(), bytes.end())};
}

/// Addresses of the interfaces that are up, of the family of `wanted`.
std::vector<asio::ip::address> interface_addresses(asio::ip::address const& wanted) {
    std::vector<asio::ip::address> out;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return out;
    for (auto const* at = first; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
        if (wanted.is_v4() && at->ifa_addr->sa_family == AF_INET) {
            sockaddr_in raw{};
            std::memcpy(&raw, at->ifa_addr, sizeof raw);
            out.emplace_back(asio::ip::address_v4{ntohl(raw.sin_addr.s_addr)});
        } else if (wanted.is_v6() && at->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 raw{};
            std::memcpy(&raw, at->ifa_addr, sizeof raw);
            asio::ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
            asio::ip::address_v6 const address{bytes};
            if (!address.is_link_local()) out.emplace_back(address);
        }
    }
    freeifaddrs(first);
    return out;
}

}  // namespace

Result<asio::ip::tcp::endpoint> to_endpoint(Multiaddr const& address) {
    auto const& parts = address.parts();
    bool const is_ip4 = parts[0].code == MultiaddrCode::ip4;
    if (parts.size() != 2 || parts[1].code != MultiaddrCode::tcp || (!is_ip4 && parts[0].code != MultiaddrCode::ip6)) {
        return Error{Errc::invalid, address.text() + ": no TCP address here (wanted /ip4|ip6/ADDRESS/tcp/PORT)"};
    }
    auto const& ip = parts[0].value;
    if (is_ip4) {
        asio::ip::address_v4::bytes_type bytes{};
        std::copy_n(ip.begin(), bytes.size(), bytes.begin());
        return asio::ip::tcp::endpoint{asio::ip::address_v4{bytes}, parts[1].port()};
    }
    asio::ip::address_v6::bytes_type bytes{};
    std::copy_n(ip.begin(), bytes.size(), bytes.begin());
    return asio::ip::tcp::endpoint{asio::ip::address_v6{bytes}, parts[1].port()};
}

Multiaddr to_multiaddr(asio::ip::tcp::endpoint const& endpoint) {
    auto const address = endpoint.address();
    auto const port = endpoint.port();
    MultiaddrPart tcp{MultiaddrCode::tcp, {static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port)}};
    auto ip = address.is_v4() ? ip_part(MultiaddrCode::ip4, address.to_v4())
                              : ip_part(MultiaddrCode::ip6, address.to_v6());
    return Multiaddr::from_parts({std::move(ip), std::move(tcp)}).value();
}

std::vector<Multiaddr> listening_addresses(asio::ip::tcp::endpoint const& endpoint) {
    std::vector<Multiaddr> out;
    if (!endpoint.address().is_unspecified()) {
        out.push_back(to_multiaddr(endpoint));
        return out;
    }
    for (auto const& address : interface_addresses(endpoint.address())) {
        out.push_back(to_multiaddr(asio::ip::tcp::endpoint{address, endpoint.port()}));
    }
    return out;
}

}  // namespace ggen::p2p
