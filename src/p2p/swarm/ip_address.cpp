#include "p2p/swarm/ip_address.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

constexpr IpBytes k_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr std::size_t k_mapped_bytes = 12;
constexpr std::size_t k_network_bytes_v4 = k_mapped_bytes + 3;  // /24
constexpr std::size_t k_network_bytes_v6 = 7;                   // /56

IpScope scope_v4(std::uint8_t a, std::uint8_t b) {
    if (a == 127) return IpScope::loopback;
    if (a == 0 || a >= 224) return IpScope::none;
    bool const is_site = a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
                         (a == 169 && b == 254) || (a == 100 && b >= 64 && b < 128);
    return is_site ? IpScope::site : IpScope::global;
}

IpScope scope_v6(IpBytes const& ip) {
    bool const is_low = std::all_of(ip.begin(), ip.end() - 1, [](auto byte) { return byte == 0; });
    if (is_low) return ip.back() == 1 ? IpScope::loopback : IpScope::none;
    if (ip[0] == 0xff) return IpScope::none;
    bool const is_unique_local = (ip[0] & 0xfeU) == 0xfc;
    bool const is_link_local = ip[0] == 0xfe && (ip[1] & 0xc0U) == 0x80;
    return is_unique_local || is_link_local ? IpScope::site : IpScope::global;
}

}  // namespace

std::optional<IpEndpoint> IpEndpoint::of(Multiaddr const& address) {
    auto const& parts = address.parts();
    if (parts.size() != 2 || parts[1].code != MultiaddrCode::tcp) return std::nullopt;
    IpEndpoint out;
    out.port = parts[1].port();
    if (parts[0].code == MultiaddrCode::ip4) {
        out.ip = k_mapped;
        std::copy(parts[0].value.begin(), parts[0].value.end(), out.ip.begin() + k_mapped_bytes);
    } else if (parts[0].code == MultiaddrCode::ip6) {
        std::copy(parts[0].value.begin(), parts[0].value.end(), out.ip.begin());
    } else {
        return std::nullopt;
    }
    return out;
}

bool IpEndpoint::is_v4() const { return std::equal(ip.begin(), ip.begin() + k_mapped_bytes, k_mapped.begin()); }

IpScope IpEndpoint::scope() const { return is_v4() ? scope_v4(ip[12], ip[13]) : scope_v6(ip); }

IpNetwork IpNetwork::of(IpEndpoint const& endpoint) {
    IpNetwork out{endpoint.ip};
    auto const kept = static_cast<std::ptrdiff_t>(endpoint.is_v4() ? k_network_bytes_v4 : k_network_bytes_v6);
    std::fill(out.prefix.begin() + kept, out.prefix.end(), std::uint8_t{0});
    return out;
}

}  // namespace ggen::p2p
