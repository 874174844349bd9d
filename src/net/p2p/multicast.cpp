#include "net/p2p/multicast.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/ip/udp.hpp>

#include "p2p/discovery/limits.hpp"

namespace ggen::p2p {
namespace {

using asio::ip::address_v4;
using asio::ip::udp;

constexpr int k_hops = 255;  // RFC 6762 11

/// An interface that takes part, or could.
struct Interface {
    address_v4 address;
    std::uint32_t mask = 0;
    bool is_loopback = false;
};

address_v4 address_of(sockaddr const* raw) {
    sockaddr_in in{};
    std::memcpy(&in, raw, sizeof in);
    return address_v4{ntohl(in.sin_addr.s_addr)};
}

std::vector<Interface> machine_interfaces() {
    std::vector<Interface> out;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return out;
    for (auto const* at = first; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr || at->ifa_netmask == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
        if ((at->ifa_flags & IFF_UP) == 0) continue;
        auto const address = address_of(at->ifa_addr);
        if (!address.is_loopback() && (at->ifa_flags & IFF_MULTICAST) == 0) continue;
        out.push_back({address, address_of(at->ifa_netmask).to_uint(), address.is_loopback()});
    }
    freeifaddrs(first);
    return out;
}

}  // namespace

struct MulticastSocket::Impl {
    Impl(asio::io_context& io, Received received_in) : socket(io), received(std::move(received_in)) {}

    Result<void> open(MulticastOptions const& options);
    void rescan();
    void wait();
    void read();
    [[nodiscard]] bool is_chosen(Interface const& one, bool has_others) const;

    udp::socket socket;
    Received received;
    address_v4 group;
    std::uint16_t port = 0;
    std::vector<address_v4> wanted;    // empty = all
    std::vector<Interface> machine;    // all that are up
    std::vector<address_v4> joined;    // those that take part
    TimePoint scanned{};
    Bytes buffer = Bytes(k_mdns_accept_bytes_max + 1);
};

Result<std::unique_ptr<MulticastSocket>> MulticastSocket::create(asio::io_context& io, MulticastOptions const& options,
                                                                 Received received) {
    auto impl = std::make_unique<Impl>(io, std::move(received));
    RETURN_IF_ERROR(impl->open(options));
    impl->wait();
    return std::unique_ptr<MulticastSocket>{new MulticastSocket{std::move(impl)}};
}

MulticastSocket::MulticastSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MulticastSocket::~MulticastSocket() = default;

std::size_t MulticastSocket::interface_count() const { return impl_->joined.size(); }

Result<void> MulticastSocket::Impl::open(MulticastOptions const& options) {
    std::error_code error;
    group = asio::ip::make_address_v4(options.group, error);
    if (error || !group.is_multicast()) return Error{Errc::invalid, options.group + ": no multicast group of IPv4"};
    port = options.port;
    for (auto const& text : options.interfaces) {
        wanted.push_back(asio::ip::make_address_v4(text, error));
        if (error) return Error{Errc::invalid, text + ": no IPv4 address of an interface"};
    }
    socket.open(udp::v4(), error);
    if (!error) socket.set_option(udp::socket::reuse_address(true), error);
    if (!error) socket.bind(udp::endpoint{udp::v4(), port}, error);
    if (!error) socket.non_blocking(true, error);
    if (!error) socket.set_option(asio::ip::multicast::enable_loopback(true), error);
    if (!error) socket.set_option(asio::ip::multicast::hops(k_hops), error);
    if (error) return Error{Errc::io, "mDNS: UDP port " + std::to_string(port) + ": " + error.message()};
    rescan();
    if (joined.empty()) return Error{Errc::unavailable, "mDNS: no interface of this machine can do multicast"};
    return ok();
}

bool MulticastSocket::Impl::is_chosen(Interface const& one, bool has_others) const {
    if (wanted.empty()) return !one.is_loopback || !has_others;
    return std::find(wanted.begin(), wanted.end(), one.address) != wanted.end();
}

/// Joins the group where an interface is new. One that is gone left it by itself.
void MulticastSocket::Impl::rescan() {
    scanned = std::chrono::steady_clock::now();
    machine = machine_interfaces();
    bool const has_others =
        std::any_of(machine.begin(), machine.end(), [](auto const& one) { return !one.is_loopback; });
    std::vector<address_v4> now_joined;
    for (auto const& one : machine) {
        if (!is_chosen(one, has_others) || now_joined.size() == k_multicast_interfaces_max) continue;
        bool const was_joined = std::find(joined.begin(), joined.end(), one.address) != joined.end();
        std::error_code error;
        if (!was_joined) socket.set_option(asio::ip::multicast::join_group(group, one.address), error);
        // Two addresses of one interface: it takes part already.
        if (!error) now_joined.push_back(one.address);
    }
    joined = std::move(now_joined);
}

void MulticastSocket::send(BytesView datagram) {
    auto& self = *impl_;
    if (std::chrono::steady_clock::now() - self.scanned >= k_multicast_rescan) self.rescan();
    for (auto const& address : self.joined) {
        std::error_code error;
        self.socket.set_option(asio::ip::multicast::outbound_interface(address), error);
        if (error) continue;
        self.socket.send_to(asio::buffer(datagram.data(), datagram.size()), {self.group, self.port}, 0, error);
    }
}

void MulticastSocket::Impl::wait() {
    socket.async_wait(udp::socket::wait_read, [this](std::error_code const& error) {
        if (error == asio::error::operation_aborted) return;
        read();
        wait();
    });
}

void MulticastSocket::Impl::read() {
    for (std::size_t i = 0; i < k_multicast_datagrams_per_turn_max; ++i) {
        udp::endpoint from;
        std::error_code error;
        auto const size = socket.receive_from(asio::buffer(buffer), from, 0, error);
        if (error || !from.address().is_v4()) return;
        auto const sender = from.address().to_v4();
        bool is_own = sender.is_loopback();
        bool is_near = is_own;
        for (auto const& one : machine) {
            is_own = is_own || one.address == sender;
            is_near = is_near || ((one.address.to_uint() ^ sender.to_uint()) & one.mask) == 0;
        }
        if (is_near) received(BytesView{buffer}.first(size), is_own, std::chrono::steady_clock::now());
    }
}

}  // namespace ggen::p2p
