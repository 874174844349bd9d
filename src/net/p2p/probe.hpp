#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "net/p2p/asio_driver.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/basic/perf.hpp"

// One question to one peer, from a host that exists only for it: a new key, no listener, no memory. Each call blocks
// until it has its answer. Address: anything that ends in /p2p/<peer>, names included.
// Errors of all: invalid (the address names no peer), not_found (no such name, nothing to dial), unavailable (nobody
// answers there, or the peer hung up), refused (the peer is another, or does not speak the protocol), timed_out,
// cancelled, and those of the protocol.
namespace ggen::p2p {

struct ProbeOptions {
    std::chrono::nanoseconds timeout{std::chrono::seconds{10}};  ///< to be connected, and again for each answer
    CancelToken const* cancel = nullptr;                          ///< looked at ten times a second
    std::string agent = "ggen";
    AsioDriverOptions driver = {};
};

struct PingOptions {
    std::uint64_t count = 4;
    std::chrono::nanoseconds interval{std::chrono::seconds{1}};
    /// Called with each answer as it comes.
    std::function<void(std::uint64_t number, std::chrono::nanoseconds round_trip)> on_answer = {};
};
/// The round trips, in order. The first ping that fails ends it: over TCP nothing is lost alone.
[[nodiscard]] Result<std::vector<std::chrono::nanoseconds>> ping_peer(Multiaddr const& address,
                                                                      PingOptions const& ping,
                                                                      ProbeOptions const& options, Random& random);

struct IdentifyReport {
    PeerIdentity identity;
    Multiaddr remote;                       ///< where it was reached
    std::chrono::nanoseconds connected{0};  ///< from the dial to the secured connection
};
[[nodiscard]] Result<IdentifyReport> identify_peer(Multiaddr const& address, ProbeOptions const& options,
                                                   Random& random);

struct PerfOptions {
    std::uint64_t upload_bytes = 0;    ///< of each stream
    std::uint64_t download_bytes = 0;  ///< of each stream
    std::uint32_t streams = 1;         ///< at once, 1 to 128
};
struct PerfTotals {
    std::chrono::nanoseconds upload{0};    ///< until the last stream had its first answer
    std::chrono::nanoseconds download{0};  ///< of the stream that took longest
};
[[nodiscard]] Result<PerfTotals> measure_peer(Multiaddr const& address, PerfOptions const& perf,
                                              ProbeOptions const& options, Random& random);

}  // namespace ggen::p2p
