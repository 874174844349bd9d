#include "net/daemon/witness_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ggen::p2p {
namespace {

/// What is read and dropped behind a request, so that closing does not take its answer along.
constexpr std::size_t k_drained_bytes_max = std::size_t{1024} * 1024;

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    bool const is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole ? std::optional{port} : std::nullopt;
}

Result<posix::Fd> listen_at(std::string const& address, std::string* url) {
    auto const invalid = [&] {
        return Error{Errc::invalid, ErrorId::config_invalid, "\"" + address + "\" is no IPV4:PORT to witness at"};
    };
    auto const colon = address.rfind(':');
    if (colon == std::string::npos) return invalid();
    sockaddr_in where{};
    where.sin_family = AF_INET;
    auto const port = parse_port(std::string_view{address}.substr(colon + 1));
    if (!port || ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &where.sin_addr) != 1) {
        return invalid();
    }
    where.sin_port = htons(*port);
    posix::Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    int const yes = 1;
    auto* const raw = reinterpret_cast<sockaddr*>(&where);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    socklen_t size = sizeof where;
    bool const is_listening = socket.is_open() &&
                              ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                              ::bind(socket.get(), raw, size) == 0 && ::listen(socket.get(), 64) == 0 &&
                              ::getsockname(socket.get(), raw, &size) == 0;
    if (!is_listening) {
        auto error = posix::errno_error("listen at", address);
        error.code = Errc::unavailable;
        return error;
    }
    *url = "http://" + address.substr(0, colon) + ":" + std::to_string(ntohs(where.sin_port)) + "/";
    return socket;
}

}  // namespace

WitnessServer::WitnessServer(posix::Fd listener, WakeEvent wake, std::string url, Witness& witness)
    : listener_(std::move(listener)), wake_(std::move(wake)), url_(std::move(url)), witness_(witness) {}

Result<std::unique_ptr<WitnessServer>> WitnessServer::start(std::string const& address, Witness& witness) {
    std::string url;
    ASSIGN_OR_RETURN(auto wake, WakeEvent::create());
    ASSIGN_OR_RETURN(auto listener, listen_at(address, &url));
    std::unique_ptr<WitnessServer> server{
        new WitnessServer{std::move(listener), std::move(wake), std::move(url), witness}};
    server->thread_ = std::thread{[raw = server.get()] { raw->loop(); }};
    return server;
}

WitnessServer::~WitnessServer() {
    stop_.cancel();
    wake_.call();
    if (thread_.joinable()) thread_.join();
}

void WitnessServer::loop() {
    std::vector<pollfd> polled;
    while (!stop_.is_cancelled()) {
        polled.clear();
        polled.reserve(connections_.size() + 2);
        bool const has_room = connections_.size() < k_witness_connections_max;
        polled.push_back({listener_.get(), static_cast<short>(has_room ? POLLIN : 0), 0});
        for (auto const& one : connections_) {
            polled.push_back({one.socket.get(), static_cast<short>(one.out.empty() ? POLLIN : POLLOUT), 0});
        }
        polled.push_back({wake_.descriptor(), POLLIN, 0});
        int const wait = WakeEvent::poll_milliseconds(first_deadline());
        if (::poll(polled.data(), polled.size(), wait) < 0 && errno != EINTR) return;
        auto const now = std::chrono::steady_clock::now();
        std::vector<Connection> kept;
        kept.reserve(connections_.size() + 1);
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            auto const events = polled[i + 1].revents;
            bool const is_ready = (events & (POLLIN | POLLOUT | POLLHUP | POLLERR)) != 0;
            bool const goes_on = now < connections_[i].deadline &&
                                 (!is_ready || step(connections_[i]));
            if (goes_on) kept.push_back(std::move(connections_[i]));
        }
        connections_ = std::move(kept);
        if ((polled[0].revents & POLLIN) != 0) accept_some();
    }
}

/// When the first connection has had its time.
WakeEvent::Deadline WitnessServer::first_deadline() const {
    WakeEvent::Deadline first;
    for (auto const& one : connections_) first = first ? std::min(*first, one.deadline) : one.deadline;
    return first;
}

void WitnessServer::accept_some() {
    while (connections_.size() < k_witness_connections_max) {
        posix::Fd socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!socket.is_open()) return;
        auto const deadline = std::chrono::steady_clock::now() + k_witness_request_max;
        connections_.push_back({std::move(socket), deadline, WitnessHttp{witness_}});
    }
}

bool WitnessServer::step(Connection& connection) {
    if (connection.out.empty()) {
        std::array<char, 16 * k_kib> piece{};
        auto const got = ::recv(connection.socket.get(), piece.data(), piece.size(), 0);
        if (got == 0) return false;
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        auto const size = static_cast<std::size_t>(got);
        if (connection.is_answered) {
            connection.drained += size;
            return connection.drained <= k_drained_bytes_max;
        }
        connection.out = connection.http.feed({piece.data(), size});
        connection.is_answered = !connection.out.empty();
        if (!connection.is_answered) return true;
    }
    auto const sent = ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.out.erase(0, static_cast<std::size_t>(sent));
    return !connection.out.empty() || ::shutdown(connection.socket.get(), SHUT_WR) == 0;
}

}  // namespace ggen::p2p
