#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/p2p/dns_resolver.hpp"
#include "p2p/swarm/transport.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_socket_read_bytes_max = 64 * k_kib;  ///< one read; one buffer serves all sockets
/// How much of one socket is read or written before the others get their turn.
inline constexpr std::size_t k_socket_turn_bytes_max = 1024 * k_kib;
inline constexpr std::size_t k_lingering_sockets_max = 64;
/// How long the other side may take to close after an orderly end of ours.
inline constexpr std::chrono::seconds k_linger_timeout{2};
/// Pause after the system had no descriptor left for a connection that waits.
inline constexpr std::chrono::milliseconds k_accept_pause{100};
inline constexpr int k_listen_backlog = 512;

struct AsioDriverOptions {
    DnsResolverOptions dns;
};

/// Gives a `TransportEvents` (the swarm) real sockets: TCP over IPv4 and IPv6, DNS, time. One thread: the one that
/// runs it; plain callbacks, no thread of its own. An idle connection holds no buffer. Errors of sockets are told
/// to the swarm; nothing is thrown, whatever peers or the system do.
class AsioDriver {
public:
    /// `events` must outlive the driver. Errors: io (no descriptor left for the event queue).
    [[nodiscard]] static Result<std::unique_ptr<AsioDriver>> create(TransportEvents& events,
                                                                    AsioDriverOptions options = {});
    ~AsioDriver();
    AsioDriver(AsioDriver const&) = delete;
    AsioDriver& operator=(AsioDriver const&) = delete;

    /// Called after each turn of the loop, on its thread: where an application reads results and gives new work to
    /// protocols (and tells the swarm so). Called again as long as it returns true: there are commands to carry out.
    void set_turn_hook(std::function<bool(TimePoint now)> hook);
    /// Runs until `stop`, or until `deadline` has passed. May be called again. Blocks.
    void run_until(TimePoint deadline);
    /// Ends `run_until` after the current turn, or the next one that is called. From any thread, and from the hook.
    void stop();
    /// Runs `work` on the thread of the loop in its next turn. From any thread.
    void post(std::function<void(TimePoint now)> work);
    /// Calls `handler` on the thread of the loop when `descriptor`, which the caller keeps open as long as the driver
    /// lives, can be read; once. Before the loop runs. Errors: io (no descriptor left).
    [[nodiscard]] Result<void> when_readable(int descriptor, std::function<void()> handler);

    /// The loop, for other things that run on its thread.
    [[nodiscard]] asio::io_context& io();
    /// Sockets that the swarm has not closed.
    [[nodiscard]] std::size_t socket_count() const;

private:
    struct Impl;
    explicit AsioDriver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
