#include "netlab/lab.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>
#include <utility>

namespace ggen::bench {
namespace {

constexpr char const* k_device = "lab0";

Error no_lab(std::string_view doing) {
    auto error = posix::errno_error(doing, "");
    return {Errc::unavailable, ErrorId::none, error.context,
            "run it as root on a kernel with network namespaces and /dev/net/tun"};
}

ifreq request_of(char const* device) {
    ifreq request{};
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    return request;
}

sockaddr socket_address(std::uint32_t address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(address);
    sockaddr out{};
    static_assert(sizeof out == sizeof in);
    std::memcpy(&out, &in, sizeof out);
    return out;
}

Result<void> raise_device(int socket, char const* device) {
    auto request = request_of(device);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (::ioctl(socket, SIOCSIFFLAGS, &request) != 0) return no_lab("setting a device up");
    return ok();
}

/// In the namespace of the calling thread: a TUN device with `address`, and everything goes there.
Result<posix::Fd> make_device(std::uint32_t address) {
    posix::Fd device{::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)};
    if (!device.is_open()) return no_lab("opening /dev/net/tun");
    auto request = request_of(k_device);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (::ioctl(device.get(), TUNSETIFF, &request) != 0) return no_lab("making a TUN device");
    posix::Fd const socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) return no_lab("opening a socket");
    request = request_of(k_device);
    request.ifr_addr = socket_address(address);
    if (::ioctl(socket.get(), SIOCSIFADDR, &request) != 0) return no_lab("giving a device its address");
    request.ifr_netmask = socket_address(0xffff'ffffU);
    if (::ioctl(socket.get(), SIOCSIFNETMASK, &request) != 0) return no_lab("giving a device its mask");
    RETURN_IF_ERROR(raise_device(socket.get(), k_device));
    RETURN_IF_ERROR(raise_device(socket.get(), "lo"));
    rtentry route{};
    route.rt_dst = socket_address(0);
    route.rt_genmask = socket_address(0);
    route.rt_flags = RTF_UP;
    std::string name{k_device};
    route.rt_dev = name.data();
    if (::ioctl(socket.get(), SIOCADDRT, &route) != 0) return no_lab("setting a route");
    return device;
}

}  // namespace

std::string ipv4_text(std::uint32_t address) {
    return fmt::format("{}.{}.{}.{}", address >> 24U, address >> 16U & 0xffU, address >> 8U & 0xffU, address & 0xffU);
}

Result<std::unique_ptr<Lab>> Lab::create(std::vector<std::uint32_t> const& addresses) {
    std::unique_ptr<Lab> lab{new Lab};
    lab->hosts_.reserve(addresses.size());
    auto const make = [&]() -> Result<void> {
        for (auto const address : addresses) {
            if (::unshare(CLONE_NEWNET) != 0) return no_lab("making a network namespace");
            ASSIGN_OR_RETURN(auto device, make_device(address));
            posix::Fd space{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
            if (!space.is_open()) return no_lab("opening a network namespace");
            lab->hosts_.push_back({address, std::move(space), std::move(device)});
        }
        return ok();
    };
    // A thread of its own: it ends in the last namespace, this one stays where it is.
    auto made = ok();
    std::thread{[&] { made = make(); }}.join();
    if (!made) return made.error();
    return lab;
}

Result<void> Lab::inside(std::size_t host, std::function<Result<void>()> const& work) const {
    auto done = ok();
    std::thread{[&] {
        if (::setns(hosts_[host].space.get(), CLONE_NEWNET) != 0)
            done = posix::errno_error("entering a network namespace", "");
        else
            done = work();
    }}.join();
    return done;
}

}  // namespace ggen::bench
