#include "net/testing/hostile_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/result.hpp"

namespace ggen::testing {
namespace {

bool send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        auto const n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

/// Waits until the peer closes or the time is over. False when the peer left.
bool wait_for(int socket, int milliseconds) {
    pollfd entry{socket, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) == 0;
}

std::string read_head(int socket) {
    std::string head;
    char buffer[1024];
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < 65'536) {
        if (wait_for(socket, 5'000)) return head;
        auto const n = ::recv(socket, buffer, sizeof buffer, 0);
        if (n <= 0) return head;
        head.append(buffer, static_cast<std::size_t>(n));
    }
    return head;
}

}  // namespace

HostileServer::HostileServer(std::function<std::vector<Step>(std::string const&, int)> script)
    : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    GGEN_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    GGEN_ASSERT(::listen(listener_, 64) == 0);
    socklen_t length = sizeof address;
    GGEN_ASSERT(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
}

HostileServer::~HostileServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
}

std::string HostileServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void HostileServer::serve() {
    while (!stopping_) {
        if (wait_for(listener_, 20)) continue;
        int const socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) continue;
        auto const head = read_head(socket);
        play(socket, script_(head, connections_.fetch_add(1)));
        ::close(socket);
    }
}

void HostileServer::play(int socket, std::vector<Step> const& steps) const {
    for (auto const& step : steps) {
        switch (step.kind) {
            case Step::Kind::send:
                if (!send_all(socket, step.text)) return;
                break;
            case Step::Kind::send_slowly:
                for (char const c : step.text) {
                    if (stopping_ || !send_all(socket, {&c, 1}) || !wait_for(socket, step.milliseconds)) return;
                }
                break;
            case Step::Kind::stall:
                if (!wait_for(socket, step.milliseconds)) return;
                break;
            case Step::Kind::endless: {
                std::string const block(65'536, 'x');
                for (int i = 0; i < 1'024 && !stopping_; ++i) {
                    if (!send_all(socket, block)) return;
                }
                break;
            }
            case Step::Kind::close: return;
        }
    }
}

}  // namespace ggen::testing
