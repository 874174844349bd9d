#include "net/daemon/control_server.hpp"

#include <unistd.h>

#include <utility>

#include "net/control_client.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_accept_pause{200};  ///< after an error, which would come again at once

Json error_answer(Error const& error) { return Json::object().set("error", control_error(error)); }

}  // namespace

Result<void> ControlSession::tell(Json event) {
    RETURN_IF_ERROR(check());
    return socket_.write_line(Json::object().set("event", std::move(event)).dump());
}

Result<void> ControlSession::check() const {
    RETURN_IF_ERROR(stop_.check());
    if (socket_.is_hung_up()) return Error{Errc::cancelled, "the caller went"};
    return ok();
}

ControlServer::ControlServer(posix::Fd listener, std::string path, WakeEvent wake, ControlHandler handler)
    : listener_(std::move(listener)), path_(std::move(path)), wake_(std::move(wake)), handler_(std::move(handler)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::start(std::string const& path, ControlHandler handler) {
    ASSIGN_OR_RETURN(auto wake, WakeEvent::create());
    ASSIGN_OR_RETURN(auto listener, listen_local(path));
    std::unique_ptr<ControlServer> server{
        new ControlServer{std::move(listener), path, std::move(wake), std::move(handler)}};
    server->thread_ = std::thread{[raw = server.get()] { raw->accept_loop(); }};
    return server;
}

ControlServer::~ControlServer() {
    stop_.cancel();
    wake_.call();
    if (thread_.joinable()) thread_.join();
    ::unlink(path_.c_str());
}

void ControlServer::accept_loop() {
    while (!stop_.is_cancelled()) {
        bool const has_come = wake_.wait(listener_.get());
        reap(false);
        if (!has_come) continue;
        auto socket = accept_local(listener_);
        if (socket && *socket) take(*std::move(*socket));
        if (!socket) wake_.wait(-1, std::chrono::steady_clock::now() + k_accept_pause);
    }
    reap(true);
}

void ControlServer::take(LineSocket socket) {
    auto const uid = socket.peer_uid();
    if (!uid || *uid != ::geteuid()) {
        static_cast<void>(socket.write_line(
            error_answer(Error{Errc::refused, ErrorId::p2p_control, "this node takes commands of its own user alone",
                               "each user runs a node of his own: ggen p2p start --daemon"})
                .dump()));
        return;
    }
    if (sessions_.size() >= k_control_sessions_max) {
        static_cast<void>(socket.write_line(
            error_answer(Error{Errc::unavailable, "the node carries out 16 commands already; try again"}).dump()));
        return;
    }
    auto& session = sessions_.emplace_back(std::move(socket));
    session.thread = std::thread{[this, &session] {
        serve(session);
        session.is_done = true;
        wake_.call();
    }};
}

void ControlServer::reap(bool waits) {
    for (auto at = sessions_.begin(); at != sessions_.end();) {
        if (!waits && !at->is_done) {
            ++at;
            continue;
        }
        at->thread.join();
        at = sessions_.erase(at);
    }
}

void ControlServer::serve(Session& session) {
    ControlSession face{session.socket, stop_};
    for (;;) {
        auto const line = session.socket.read_line(&stop_, k_control_idle_max);
        if (!line || !*line) return;
        auto const result = answer(**line, face);
        auto const document = result ? Json::object().set("result", *result) : error_answer(result.error());
        if (!session.socket.write_line(document.dump())) return;
    }
}

Result<Json> ControlServer::answer(std::string const& line, ControlSession& session) {
    ASSIGN_OR_RETURN(auto const request, Json::parse(line));
    auto const* const call = request.find("call");
    auto const* const name = call != nullptr ? call->if_string() : nullptr;
    if (name == nullptr) return Error{Errc::invalid, "control: the request names no call"};
    auto const* const arguments = request.find("arguments");
    return handler_(*name, arguments != nullptr ? *arguments : Json::object(), session);
}

}  // namespace ggen::p2p
