#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace ggen::testing {

/// What a HostileServer does with one connection, in order.
struct Step {
    enum class Kind {
        send,         ///< Sends `text`.
        send_slowly,  ///< Sends `text`, one byte every `milliseconds`.
        stall,        ///< Nothing for `milliseconds` or until the peer leaves.
        endless,      ///< Sends 'x' until the peer leaves or 64 MiB went out.
        close,
    };
    Kind kind = Kind::close;
    std::string text;
    int milliseconds = 0;
};

/// A server on 127.0.0.1 whose answer to each request is a script: for trying a client against drops,
/// stalls, lies and floods. Reads one request per connection, then plays the steps and closes.
class HostileServer {
public:
    /// `script(request_head, number)` is called for every connection, number from 0.
    explicit HostileServer(std::function<std::vector<Step>(std::string const&, int)> script);
    ~HostileServer();
    HostileServer(HostileServer const&) = delete;
    HostileServer& operator=(HostileServer const&) = delete;

    [[nodiscard]] std::string url() const;
    [[nodiscard]] int connections() const { return connections_.load(); }

private:
    void serve();
    void play(int socket, std::vector<Step> const& steps) const;

    std::function<std::vector<Step>(std::string const&, int)> script_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace ggen::testing
