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
#include "registry/witness.hpp"

namespace ggen::p2p {

/// Connections at once; the next waits in the kernel.
inline constexpr std::size_t k_witness_connections_max = 64;
inline constexpr std::size_t k_witness_head_bytes_max = std::size_t{16} * 1024;
/// From the first byte to the last of a request and its answer.
inline constexpr std::chrono::seconds k_witness_request_max{10};

/// A witness over HTTP/1.1: `POST /add-checkpoint`, `GET /<SHA-256 of the origin in hex>/checkpoint`. One request a
/// connection, one thread for all. Behind whatever speaks TLS.
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
        std::string in = {};
        std::string out = {};
    };

    WitnessServer(posix::Fd listener, std::string url, Witness& witness);
    void loop();
    void accept_some();
    /// False when the connection is over.
    bool step(Connection& connection, bool is_readable, bool is_writable);

    posix::Fd listener_;
    std::string url_;
    Witness& witness_;
    CancelToken stop_;
    std::vector<Connection> connections_;  // Of the thread alone.
    std::thread thread_;
};

/// The answer to the bytes of a request: empty while more have to come. What HTTP says twice or in another way than
/// this server reads it is refused, so that nobody in between can read it otherwise.
[[nodiscard]] std::string answer_witness_request(std::string_view bytes, Witness& witness);

}  // namespace ggen::p2p
