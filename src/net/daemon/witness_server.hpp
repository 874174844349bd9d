#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/posix_file.hpp"
#include "base/result.hpp"
#include "base/wake_event.hpp"
#include "net/daemon/witness_http.hpp"
#include "registry/witness.hpp"

namespace ggen::p2p {

/// Connections at once; the next waits in the kernel.
inline constexpr std::size_t k_witness_connections_max = 64;
/// From the first byte to the last of a request and its answer.
inline constexpr std::chrono::seconds k_witness_request_max{10};

/// A witness over HTTP/1.1 (WitnessHttp): one request a connection, one thread for all. Behind whatever speaks TLS.
class WitnessServer {
public:
    /// Listens at `address`, "IPV4:PORT"; port 0 takes a free one. `witness` outlives it. Errors: invalid, unavailable.
    [[nodiscard]] static Result<std::unique_ptr<WitnessServer>> start(std::string const& address, Witness& witness);
    ~WitnessServer();
    WitnessServer(WitnessServer const&) = delete;
    WitnessServer& operator=(WitnessServer const&) = delete;

    /// "http://IPV4:PORT/".
    [[nodiscard]] std::string const& url() const { return url_; }

private:
    struct Connection {
        posix::Fd socket;
        std::chrono::steady_clock::time_point deadline;
        WitnessHttp http;
        std::string out = {};
        bool is_answered = false;
        std::size_t drained = 0;
    };

    WitnessServer(posix::Fd listener, WakeEvent wake, std::string url, Witness& witness);
    void loop();
    void accept_some();
    [[nodiscard]] WakeEvent::Deadline first_deadline() const;
    /// False when the connection is over.
    bool step(Connection& connection);

    posix::Fd listener_;
    WakeEvent wake_;  // Called with the stop.
    std::string url_;
    Witness& witness_;
    CancelToken stop_;
    std::vector<Connection> connections_;  // Of the thread alone.
    std::thread thread_;
};

}  // namespace ggen::p2p
