#include "daemon_channel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "codec/varint.hpp"
#include "daemon_message.hpp"

namespace ggen::p2p::interop {
namespace {

Error io_error(char const* what) { return Error{Errc::io, std::string{what} + ": " + std::strerror(errno)}; }

Result<sockaddr_in> ip4_of(Multiaddr const& address) {
    auto const& parts = address.parts();
    if (parts.size() < 2 || parts[0].code != MultiaddrCode::ip4 || parts[1].code != MultiaddrCode::tcp) {
        return Error{Errc::invalid, address.text() + ": a client listens at /ip4/…/tcp"};
    }
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(parts[1].port());
    std::memcpy(&out.sin_addr, parts[0].value.data(), sizeof out.sin_addr);
    return out;
}

}  // namespace

DaemonChannel::~DaemonChannel() { ::close(socket_); }

Result<std::shared_ptr<DaemonChannel>> DaemonChannel::dial(Multiaddr const& address, Post post) {
    ASSIGN_OR_RETURN(auto const ip4, ip4_of(address));
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return io_error("socket");
    auto channel = std::make_shared<DaemonChannel>(socket, std::move(post));
    if (::connect(socket, reinterpret_cast<sockaddr const*>(&ip4), sizeof ip4) != 0) return io_error("connect");
    return channel;
}

void DaemonChannel::start(std::function<void(Bytes const&)> on_request) {
    auto const self = shared_from_this();
    std::thread{[self, on_request = std::move(on_request)] { self->read_all(on_request); }}.detach();
    std::thread{[self] { self->write_all(); }}.detach();
}

void DaemonChannel::send(Bytes frame) {
    bool is_full = false;
    {
        std::lock_guard const lock{mutex_};
        queue_bytes_ += frame.size();
        queue_.push_back(std::move(frame));
        is_full = queue_bytes_ > k_channel_queue_bytes_max;
    }
    changed_.notify_all();
    if (is_full) abort();
}

void DaemonChannel::finish() {
    {
        std::lock_guard const lock{mutex_};
        is_finishing_ = true;
    }
    changed_.notify_all();
}

void DaemonChannel::abort() {
    {
        std::lock_guard const lock{mutex_};
        is_aborted_ = true;
    }
    ::shutdown(socket_, SHUT_RDWR);
    changed_.notify_all();
}

void DaemonChannel::write_all() {
    std::unique_lock lock{mutex_};
    while (true) {
        changed_.wait(lock, [this] { return is_aborted_ || is_finishing_ || !queue_.empty(); });
        if (is_aborted_) return;
        if (queue_.empty()) break;
        auto const frame = std::move(queue_.front());
        queue_.pop_front();
        queue_bytes_ -= frame.size();
        lock.unlock();
        for (BytesView rest{frame}; !rest.empty();) {
            auto const sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent <= 0) return abort();
            rest = rest.subspan(static_cast<std::size_t>(sent));
        }
        lock.lock();
    }
    ::shutdown(socket_, SHUT_WR);
}

bool DaemonChannel::read_exact(std::span<std::uint8_t> out) const {
    while (!out.empty()) {
        auto const got = ::recv(socket_, out.data(), out.size(), 0);
        if (got <= 0) return false;
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

bool DaemonChannel::read_request(std::function<void(Bytes const&)> const& on_request) {
    Bytes head;
    while (true) {
        head.push_back(0);
        if (!read_exact(std::span{head}.last(1))) return false;
        auto const size = peek_uvarint(head);
        if (!size) return false;
        if (!*size) continue;
        if ((*size)->value > k_daemon_message_bytes_max) return false;
        Bytes message(static_cast<std::size_t>((*size)->value));
        if (!read_exact(message)) return false;
        // What the client sends next finds the taker that the request set.
        post_([&on_request, self = shared_from_this(), message = std::move(message)] {
            on_request(message);
            self->set_taken();
        });
        return wait_taken();
    }
}

void DaemonChannel::read_all(std::function<void(Bytes const&)> const& on_request) {
    bool is_open = !on_request || read_request(on_request);
    std::array<std::uint8_t, 64 * k_kib> room{};
    while (is_open) {
        auto const got = ::recv(socket_, room.data(), room.size(), 0);
        is_open = got > 0 && deliver(BytesView{room}.first(static_cast<std::size_t>(got)));
    }
    post_([self = shared_from_this()] {
        self->has_ended_ = true;
        if (self->on_end_) self->on_end_();
        self->taker_ = nullptr;
        self->on_end_ = nullptr;
    });
}

void DaemonChannel::set_taken() {
    {
        std::lock_guard const lock{mutex_};
        is_taken_ = true;
    }
    changed_.notify_all();
}

bool DaemonChannel::wait_taken() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return is_taken_ || is_aborted_; });
    return std::exchange(is_taken_, false);
}

bool DaemonChannel::deliver(BytesView bytes) {
    post_([self = shared_from_this(), piece = Bytes(bytes.begin(), bytes.end())]() mutable {
        self->offered_ = std::move(piece);
        self->retry();
    });
    return wait_taken();
}

void DaemonChannel::retry() {
    if (offered_.empty() || (taker_ && !taker_(offered_))) return;
    offered_.clear();
    set_taken();
}

void DaemonChannel::set_taker(Taker taker, std::function<void()> on_end) {
    taker_ = std::move(taker);
    on_end_ = std::move(on_end);
    if (has_ended_ && on_end_) on_end_();
}

Result<DaemonListener> DaemonListener::open() {
    DaemonListener out;
    out.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out.socket < 0) return io_error("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(out.socket, reinterpret_cast<sockaddr const*>(&address), size) != 0) return io_error("bind");
    if (::listen(out.socket, 64) != 0) return io_error("listen");
    if (::getsockname(out.socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return io_error("getsockname");
    out.port = ntohs(address.sin_port);
    return out;
}

Result<int> DaemonListener::accept() const {
    int const client = ::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return io_error("accept");
    return client;
}

}  // namespace ggen::p2p::interop
