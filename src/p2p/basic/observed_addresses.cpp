#include "p2p/basic/observed_addresses.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

MultiaddrPart const& first_of(Multiaddr const& address) { return address.parts().front(); }

bool is_ip4(MultiaddrPart const& part) { return part.code == MultiaddrCode::ip4; }
bool is_ip6(MultiaddrPart const& part) { return part.code == MultiaddrCode::ip6; }

bool is_all_zero(BytesView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_loopback_part(MultiaddrPart const& part) {
    if (is_ip4(part)) return part.value[0] == 127;
    return is_ip6(part) && is_all_zero(BytesView(part.value).first(15)) && part.value[15] == 1;
}

}  // namespace

bool is_loopback(Multiaddr const& address) { return is_loopback_part(first_of(address)); }

bool is_routable(Multiaddr const& address) {
    auto const& part = first_of(address);
    if (is_loopback_part(part)) return false;
    auto const& ip = part.value;
    if (is_ip4(part)) return ip[0] != 0 && ip[0] < 224 && !(ip[0] == 169 && ip[1] == 254);
    if (is_ip6(part)) return !is_all_zero(ip) && ip[0] != 0xff && !(ip[0] == 0xfe && (ip[1] & 0xc0U) == 0x80);
    return false;
}

std::string observer_network(Multiaddr const& address) {
    auto const& part = first_of(address);
    if (!is_ip4(part) && !is_ip6(part)) return {};
    auto const prefix = BytesView(part.value).first(is_ip4(part) ? 2 : 4);
    return std::string(as_text(prefix));
}

bool ObservedAddresses::add(Multiaddr const& address, Multiaddr const& observer, TimePoint now) {
    auto const network = observer_network(observer);
    if (network.empty() || !is_routable(address)) return false;
    if (!seen_.contains(address)) make_room();
    auto& seen = seen_[address];
    seen.last_seen = now;
    std::erase_if(seen.networks, [&](auto const& row) { return now - row.second > k_observation_lifetime; });
    if (seen.networks.size() < k_observers_needed || seen.networks.contains(network)) seen.networks[network] = now;
    if (seen.is_believed || seen.networks.size() < k_observers_needed) return false;
    seen.is_believed = true;
    return true;
}

void ObservedAddresses::make_room() {
    if (seen_.size() < k_observed_addresses_max) return;
    auto const oldest = std::min_element(seen_.begin(), seen_.end(), [](auto const& a, auto const& b) {
        if (a.second.is_believed != b.second.is_believed) return b.second.is_believed;
        return a.second.last_seen < b.second.last_seen;
    });
    seen_.erase(oldest);
}

}  // namespace ggen::p2p
