#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "base/cancel.hpp"
#include "base/result.hpp"
#include "base/wake_event.hpp"
#include "codec/json.hpp"
#include "net/local_socket.hpp"

namespace ggen::p2p {

/// Commands that are carried out at the same time; further ones are told to come again.
inline constexpr std::size_t k_control_sessions_max = 16;
/// How long a connection may stay without asking anything.
inline constexpr std::chrono::minutes k_control_idle_max{10};

/// One connection of a command, while it is answered.
class ControlSession {
public:
    explicit ControlSession(LineSocket& socket, CancelToken const& stop) : socket_(socket), stop_(stop) {}

    /// Tells the caller what happens. Errors: cancelled (the caller went, or the node stops).
    Result<void> tell(Json event);
    /// Errors: cancelled, as above. To be asked while something is waited for.
    [[nodiscard]] Result<void> check() const;

private:
    LineSocket& socket_;
    CancelToken const& stop_;
};

/// Called on a thread of its own for each connection; blocks as long as it needs, but looks at `session.check()`.
using ControlHandler =
    std::function<Result<Json>(std::string const& call, Json const& arguments, ControlSession& session)>;

/// Takes commands for the node of a profile over a Unix socket: one JSON object a line
/// (docs/protocols/p2p-control.md). Only processes of this user are listened to. One thread that accepts, and one for
/// each of at most `k_control_sessions_max` connections.
class ControlServer {
public:
    /// `handler` outlives the server. Errors: io.
    [[nodiscard]] static Result<std::unique_ptr<ControlServer>> start(std::string const& path, ControlHandler handler);
    /// Waits for all sessions, which are told to end.
    ~ControlServer();
    ControlServer(ControlServer const&) = delete;
    ControlServer& operator=(ControlServer const&) = delete;

private:
    struct Session {
        explicit Session(LineSocket socket_in) : socket(std::move(socket_in)) {}
        LineSocket socket;
        std::atomic<bool> is_done{false};
        std::thread thread;
    };

    ControlServer(posix::Fd listener, std::string path, WakeEvent wake, ControlHandler handler);
    void accept_loop();
    void take(LineSocket socket);
    void serve(Session& session);
    [[nodiscard]] Result<Json> answer(std::string const& line, ControlSession& session);
    void reap(bool waits);

    posix::Fd listener_;
    std::string path_;
    WakeEvent wake_;  // Called with the stop, and when a session is done.
    ControlHandler handler_;
    CancelToken stop_;
    std::list<Session> sessions_;  // Of the accepting thread alone.
    std::thread thread_;
};

}  // namespace ggen::p2p
