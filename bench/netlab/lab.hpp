#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/posix_file.hpp"
#include "base/result.hpp"

namespace ggen::bench {

/// Hosts on one machine: each is a network namespace of its own whose only way out is a TUN device that this process
/// holds (kernel: Documentation/networking/tuntap.rst). What reads and writes the devices is the network between them
/// (router.hpp). Gone with its object and the processes that were started inside.
class Lab {
public:
    /// A host for each IPv4 address, in host byte order; addresses are distinct, and any may be used, since nothing
    /// leaves the lab. Errors: unavailable (not root, or a kernel without TUN; says what is missing), io.
    [[nodiscard]] static Result<std::unique_ptr<Lab>> create(std::vector<std::uint32_t> const& addresses);

    [[nodiscard]] std::size_t size() const { return hosts_.size(); }
    [[nodiscard]] std::uint32_t address(std::size_t host) const { return hosts_[host].address; }
    /// Reads and writes whole IP packets, without blocking.
    [[nodiscard]] int device(std::size_t host) const { return hosts_[host].device.get(); }
    /// Calls `work` on a thread that is inside of `host`: sockets that it makes and processes that it starts belong to
    /// that host. Waits for its end. Errors: io (the namespace cannot be entered), and those of `work`.
    [[nodiscard]] Result<void> inside(std::size_t host, std::function<Result<void>()> const& work) const;

private:
    struct Host {
        std::uint32_t address = 0;
        posix::Fd space;
        posix::Fd device;
    };
    Lab() = default;
    std::vector<Host> hosts_;
};

/// "11.2.3.4"
[[nodiscard]] std::string ipv4_text(std::uint32_t address);

}  // namespace ggen::bench
