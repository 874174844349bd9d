#include "p2p/kad/address_list.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "p2p/kad/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint8_t k_code_ip4 = 4;
constexpr std::uint8_t k_code_ip6 = 41;
constexpr std::uint8_t k_code_ip6zone = 42;
constexpr std::size_t k_ip4_bytes = 4;
constexpr std::size_t k_ip6_bytes = 16;

/// The IP address that a binary multiaddr starts with; empty when there is none.
BytesView leading_ip(BytesView address) {
    if (!address.empty() && address[0] == k_code_ip6zone) {
        address = address.subspan(1);
        if (!read_length_prefixed(address)) return {};
    }
    if (address.empty()) return {};
    auto const size = address[0] == k_code_ip4 ? k_ip4_bytes : address[0] == k_code_ip6 ? k_ip6_bytes : 0;
    if (size == 0 || address.size() < 1 + size) return {};
    return address.subspan(1, size);
}

/// ::ffff:a.b.c.d is a.b.c.d.
BytesView unmapped(BytesView ip) {
    if (ip.size() != k_ip6_bytes) return ip;
    auto const is_zero = std::all_of(ip.begin(), ip.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
    return is_zero && ip[10] == 0xff && ip[11] == 0xff ? ip.subspan(12) : ip;
}

AddressReach reach_of_ip4(BytesView ip) {
    if (ip[0] == 127) return AddressReach::loopback;
    auto const is_local = ip[0] == 10 || ip[0] == 0 || (ip[0] == 172 && (ip[1] & 0xf0U) == 16) ||
                          (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
                          (ip[0] == 100 && (ip[1] & 0xc0U) == 64);
    return is_local ? AddressReach::local : AddressReach::global;
}

AddressReach reach_of_ip6(BytesView ip) {
    auto const is_small = std::all_of(ip.begin(), ip.end() - 1, [](std::uint8_t byte) { return byte == 0; });
    if (is_small && ip[15] == 1) return AddressReach::loopback;
    auto const is_local = is_small || (ip[0] & 0xfeU) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0U) == 0x80);
    return is_local ? AddressReach::local : AddressReach::global;
}

}  // namespace

AddressReach address_reach(BytesView address) {
    auto const ip = unmapped(leading_ip(address));
    if (ip.empty()) return AddressReach::global;
    return ip.size() == k_ip4_bytes ? reach_of_ip4(ip) : reach_of_ip6(ip);
}

std::uint64_t address_group(BytesView address) {
    auto const ip = unmapped(leading_ip(address));
    if (ip.empty()) return 0;
    if (ip.size() == k_ip4_bytes) {
        // The blocks that IANA gave whole to one organisation before 1995 and that it still has.
        constexpr std::uint8_t class_a[] = {12, 17, 19, 38, 48, 56, 73, 53};
        auto const is_whole = std::find(std::begin(class_a), std::end(class_a), ip[0]) != std::end(class_a);
        return std::uint64_t{1} << 40U | std::uint64_t{ip[0]} << 8U | (is_whole ? 0U : ip[1]);
    }
    return std::uint64_t{2} << 40U | std::uint64_t{ip[0]} << 24U | std::uint64_t{ip[1]} << 16U |
           std::uint64_t{ip[2]} << 8U | ip[3];
}

AddressList AddressList::from(std::span<Multiaddr const> addresses, std::size_t count_max) {
    AddressList list;
    for (auto const& address : addresses.first(std::min(count_max, addresses.size()))) {
        auto const bytes = address.encode();
        if (bytes.size() <= k_kad_address_bytes_max) list.append(bytes);
    }
    list.packed_.shrink_to_fit();
    return list;
}

AddressList AddressList::from_packed(BytesView packed) {
    AddressList list;
    list.packed_.assign(packed.begin(), packed.end());
    return list;
}

void AddressList::append(BytesView address) {
    append_length_prefixed(packed_, address);
}

std::size_t AddressList::size() const {
    return views().size();
}

std::vector<BytesView> AddressList::views() const {
    std::vector<BytesView> out;
    auto rest = BytesView(packed_);
    while (!rest.empty()) out.push_back(*read_length_prefixed(rest));  // written by append alone
    return out;
}

BytesView AddressList::first() const {
    auto rest = BytesView(packed_);
    return rest.empty() ? BytesView{} : *read_length_prefixed(rest);
}

std::vector<Multiaddr> AddressList::decode() const {
    std::vector<Multiaddr> out;
    for (auto const view : views()) {
        auto address = Multiaddr::decode(view);
        if (!address) continue;
        if (!address->peer_id()) {
            out.push_back(std::move(*address));
            continue;
        }
        auto parts = address->parts();
        parts.pop_back();
        auto bare = Multiaddr::from_parts(std::move(parts));
        if (bare) out.push_back(std::move(*bare));
    }
    return out;
}

AddressList AddressList::reachable(AddressReach least, std::size_t count_max) const {
    AddressList out;
    out.packed_.reserve(packed_.size());  // almost always all of them
    std::size_t count = 0;
    for (auto rest = BytesView(packed_); !rest.empty() && count < count_max;) {
        auto const whole = rest;
        if (address_reach(*read_length_prefixed(rest)) < least) continue;
        auto const entry = whole.first(whole.size() - rest.size());
        out.packed_.insert(out.packed_.end(), entry.begin(), entry.end());
        ++count;
    }
    out.packed_.shrink_to_fit();
    return out;
}

}  // namespace ggen::p2p
