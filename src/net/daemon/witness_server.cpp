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

constexpr int k_poll_ms = 200;
constexpr std::string_view k_head_end = "\r\n\r\n";

std::string_view reason(int status) {
    switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 409: return "Conflict";
        case 411: return "Length Required";
        case 413: return "Content Too Large";
        case 422: return "Unprocessable Entity";
        default: return "Internal Server Error";
    }
}

std::string print(WitnessAnswer const& answer) {
    std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " " + std::string{reason(answer.status)} + "\r\n";
    out += answer.is_size ? "Content-Type: text/x.tlog.size\r\n" : "Content-Type: text/plain; charset=utf-8\r\n";
    out += "Content-Length: " + std::to_string(answer.body.size()) + "\r\nConnection: close\r\n\r\n" + answer.body;
    return out;
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

struct Head {
    std::string_view method;
    std::string_view path;
    std::optional<std::size_t> length;
    int fault = 0;  ///< A status; 0 = none.
};

std::optional<std::size_t> parse_length(std::string_view text) {
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const is_whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return is_whole ? std::optional{value} : std::nullopt;
}

Head parse_head(std::string_view text) {
    Head head;
    auto const line_end = text.find("\r\n");
    auto const line = text.substr(0, line_end);
    auto const first = line.find(' ');
    auto const second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    bool const is_http = second != std::string_view::npos && line.substr(second + 1) == "HTTP/1.1";
    head.fault = is_http ? 0 : 400;
    if (!is_http) return head;
    head.method = line.substr(0, first);
    head.path = line.substr(first + 1, second - first - 1);
    auto rest = text.substr(line_end + 2);
    while (!rest.empty() && head.fault == 0) {
        auto const end = rest.find("\r\n");
        auto const field = rest.substr(0, end);
        rest.remove_prefix(std::min(rest.size(), end + 2));
        auto const colon = field.find(':');
        constexpr auto k_none = std::string_view::npos;
        bool const is_named = colon != k_none && colon > 0 && field.substr(0, colon).find_first_of(" \t") == k_none;
        if (!is_named || field.find_first_of("\r\n") != k_none) {
            head.fault = 400;
            break;
        }
        auto const name = lower(field.substr(0, colon));
        auto value = field.substr(colon + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
        if (name == "transfer-encoding" || name == "expect") head.fault = 411;
        if (name != "content-length") continue;
        auto const length = parse_length(value);
        if (!length || head.length) head.fault = 400;
        else head.length = length;
    }
    return head;
}

WitnessAnswer fault(int status) { return {status, std::string{reason(status)} + "\n"}; }

Result<posix::Fd> listen_at(std::string const& address, std::string* url) {
    auto const invalid = [&] {
        return Error{Errc::invalid, ErrorId::config_invalid, "\"" + address + "\" is no IPV4:PORT to witness at"};
    };
    auto const colon = address.rfind(':');
    if (colon == std::string::npos) return invalid();
    sockaddr_in where{};
    where.sin_family = AF_INET;
    auto const port = parse_length(std::string_view{address}.substr(colon + 1));
    constexpr std::size_t k_port_max = 65'535;
    if (!port || *port > k_port_max || ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &where.sin_addr) != 1) {
        return invalid();
    }
    where.sin_port = htons(static_cast<std::uint16_t>(*port));
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

std::string answer_witness_request(std::string_view bytes, Witness& witness) {
    auto const head_end = bytes.find(k_head_end);
    if (head_end == std::string_view::npos) {
        return bytes.size() > k_witness_head_bytes_max ? print(fault(400)) : std::string{};
    }
    if (head_end > k_witness_head_bytes_max) return print(fault(400));
    auto const head = parse_head(bytes.substr(0, head_end + 2));
    if (head.fault != 0) return print(fault(head.fault));
    auto const body = bytes.substr(head_end + k_head_end.size());
    if (head.method == "POST") {
        if (head.path != "/add-checkpoint") return print(fault(404));
        if (!head.length) return print(fault(411));
        if (*head.length > k_witness_request_bytes_max) return print(fault(413));
        if (body.size() < *head.length) return {};
        return print(witness.add_checkpoint(body.substr(0, *head.length)));
    }
    if (head.method != "GET") return print(fault(405));
    constexpr std::string_view k_tail = "/checkpoint";
    constexpr std::size_t k_hex = 2 * Digest::k_bytes;
    bool const is_checkpoint = head.path.size() == 1 + k_hex + k_tail.size() && head.path.ends_with(k_tail);
    auto const note = is_checkpoint ? witness.checkpoint_at(head.path.substr(1, k_hex)) : std::nullopt;
    return print(note ? WitnessAnswer{200, *note} : fault(404));
}

WitnessServer::WitnessServer(posix::Fd listener, std::string url, Witness& witness)
    : listener_(std::move(listener)), url_(std::move(url)), witness_(witness) {}

Result<std::unique_ptr<WitnessServer>> WitnessServer::start(std::string const& address, Witness& witness) {
    std::string url;
    ASSIGN_OR_RETURN(auto listener, listen_at(address, &url));
    std::unique_ptr<WitnessServer> server{new WitnessServer{std::move(listener), std::move(url), witness}};
    server->thread_ = std::thread{[raw = server.get()] { raw->loop(); }};
    return server;
}

WitnessServer::~WitnessServer() {
    stop_.cancel();
    if (thread_.joinable()) thread_.join();
}

void WitnessServer::loop() {
    std::vector<pollfd> polled;
    while (!stop_.is_cancelled()) {
        polled.clear();
        polled.reserve(connections_.size() + 1);
        bool const has_room = connections_.size() < k_witness_connections_max;
        polled.push_back({listener_.get(), static_cast<short>(has_room ? POLLIN : 0), 0});
        for (auto const& one : connections_) {
            polled.push_back({one.socket.get(), static_cast<short>(one.out.empty() ? POLLIN : POLLOUT), 0});
        }
        if (::poll(polled.data(), polled.size(), k_poll_ms) < 0 && errno != EINTR) return;
        auto const now = std::chrono::steady_clock::now();
        std::vector<Connection> kept;
        kept.reserve(connections_.size() + 1);
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            auto const events = polled[i + 1].revents;
            bool const is_ready = (events & (POLLIN | POLLOUT | POLLHUP | POLLERR)) != 0;
            bool const goes_on = now < connections_[i].deadline &&
                                 (!is_ready || step(connections_[i], connections_[i].out.empty(), true));
            if (goes_on) kept.push_back(std::move(connections_[i]));
        }
        connections_ = std::move(kept);
        if ((polled[0].revents & POLLIN) != 0) accept_some();
    }
}

void WitnessServer::accept_some() {
    while (connections_.size() < k_witness_connections_max) {
        posix::Fd socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!socket.is_open()) return;
        connections_.push_back({std::move(socket), std::chrono::steady_clock::now() + k_witness_request_max});
    }
}

bool WitnessServer::step(Connection& connection, bool is_readable, bool is_writable) {
    if (is_readable && connection.out.empty()) {
        std::array<char, 16 * k_kib> piece{};
        auto const got = ::recv(connection.socket.get(), piece.data(), piece.size(), 0);
        if (got == 0) return false;
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        connection.in.append(piece.data(), static_cast<std::size_t>(got));
        connection.out = answer_witness_request(connection.in, witness_);
        constexpr auto k_all_max = k_witness_head_bytes_max + k_witness_request_bytes_max + 4;
        if (connection.out.empty()) return connection.in.size() <= k_all_max;
    }
    if (!is_writable || connection.out.empty()) return true;
    auto const sent = ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.out.erase(0, static_cast<std::size_t>(sent));
    return !connection.out.empty();
}

}  // namespace ggen::p2p
