#include "net/p2p/asio_driver.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "net/p2p/endpoint.hpp"

namespace ggen::p2p {
namespace {

using asio::ip::tcp;

/// A wait of the event queue takes no longer one; a timer takes any.
constexpr std::chrono::seconds k_queue_wait_max{1};
/// Handlers that run before time is looked at again.
constexpr int k_handlers_per_turn_max = 64;

TimePoint now() { return std::chrono::steady_clock::now(); }

Error socket_error(std::error_code const& error, std::string const& what) {
    auto const text = what + ": " + error.message();
    if (error == asio::error::access_denied) return Error{Errc::refused, text};
    if (error == asio::error::timed_out) return Error{Errc::timed_out, text};
    if (error == asio::error::address_in_use) return Error{Errc::conflict, text};
    return Error{Errc::unavailable, text};
}

}  // namespace

struct AsioDriver::Impl {
    explicit Impl(TransportEvents& events_in) : events(events_in), work(asio::make_work_guard(io)) {}

    struct Connection {
        Connection(asio::io_context& io) : socket(io) {}
        explicit Connection(tcp::socket socket_in) : socket(std::move(socket_in)) {}
        tcp::socket socket;
        Bytes out;                   // the WriteSocket under way
        std::size_t out_at = 0;
        bool is_closing = false;     // an orderly close waits for `out`
    };
    struct Listener {
        explicit Listener(asio::io_context& io) : acceptor(io), pause(io) {}
        tcp::acceptor acceptor;
        asio::steady_timer pause;
    };
    /// A socket whose end was sent; what still comes is thrown away until the other side closes too.
    struct Lingering {
        explicit Lingering(tcp::socket socket_in) : socket(std::move(socket_in)), timer(socket.get_executor()) {}
        tcp::socket socket;
        asio::steady_timer timer;
    };

    // Commands of the swarm.
    void perform_all();
    void perform(ListenOn const& command);
    void perform(StopListening const& command) { listeners.erase(command.listener); }
    void perform(ResolveAddress const& command);
    void perform(ConnectSocket const& command);
    void perform(WriteSocket& command);
    void perform(CloseSocket const& command);

    void accept_next(ListenerKey key);
    void on_accepted(ListenerKey key, std::error_code const& error, tcp::socket socket);
    void wait_readable(SocketKey key);
    void on_readable(SocketKey key);
    void write_on(SocketKey key, bool is_within_turn);
    void written(SocketKey key);
    void lost(SocketKey key);
    void end_orderly(SocketKey key);
    void discard(std::shared_ptr<Lingering> const& lingering);
    bool open_listener(ListenOn const& command, Listener& listener, std::error_code& error);
    void turn();
    void sleep_until(TimePoint wake);

    [[nodiscard]] Connection* find(SocketKey key) {
        auto const at = connections.find(key);
        return at == connections.end() ? nullptr : at->second.get();
    }

    TransportEvents& events;
    AsioDriverOptions options;
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work;
    asio::steady_timer alarm{io};
    TimePoint alarm_at = TimePoint::max();  // max = it does not run
    std::vector<asio::posix::stream_descriptor> watched;
    std::unique_ptr<DnsResolver> resolver;  // made with the first name
    std::unordered_map<SocketKey, std::unique_ptr<Connection>> connections;
    std::unordered_map<ListenerKey, std::unique_ptr<Listener>> listeners;
    std::size_t lingering_count = 0;
    Bytes read_buffer = Bytes(k_socket_read_bytes_max);
    std::function<bool(TimePoint)> hook;
    std::atomic<bool> is_stopped{false};
};

Result<std::unique_ptr<AsioDriver>> AsioDriver::create(TransportEvents& events, AsioDriverOptions options) {
    try {
        auto impl = std::make_unique<Impl>(events);
        impl->options = std::move(options);
        return std::unique_ptr<AsioDriver>(new AsioDriver(std::move(impl)));
    } catch (std::system_error const& error) {
        return Error{Errc::io, std::string{"event queue: "} + error.what()};
    }
}

AsioDriver::AsioDriver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AsioDriver::~AsioDriver() = default;

void AsioDriver::set_turn_hook(std::function<bool(TimePoint)> hook) { impl_->hook = std::move(hook); }
std::size_t AsioDriver::socket_count() const { return impl_->connections.size(); }

asio::io_context& AsioDriver::io() { return impl_->io; }

void AsioDriver::stop() {
    impl_->is_stopped = true;
    asio::post(impl_->io, [] {});  // wakes the loop
}

void AsioDriver::post(std::function<void(TimePoint)> work) {
    asio::post(impl_->io, [work = std::move(work)] { work(now()); });
}

Result<void> AsioDriver::when_readable(int descriptor, std::function<void()> handler) {
    int const own = ::dup(descriptor);
    if (own < 0) return Error{Errc::io, "no descriptor is left"};
    try {
        auto& watched = impl_->watched.emplace_back(impl_->io, own);
        watched.async_wait(asio::posix::stream_descriptor::wait_read,
                           [handler = std::move(handler)](std::error_code const& error) {
                               if (!error) handler();
                           });
        return ok();
    } catch (std::system_error const& error) {
        ::close(own);
        return Error{Errc::io, std::string{"event queue: "} + error.what()};
    }
}

void AsioDriver::run_until(TimePoint deadline) {
    auto& self = *impl_;
    self.turn();
    while (!self.is_stopped.exchange(false)) {
        auto const next = self.events.next_deadline();
        auto const wake = next && *next < deadline ? *next : deadline;
        self.sleep_until(wake);
        for (int i = 0; i < k_handlers_per_turn_max && self.io.poll_one() != 0; ++i) self.perform_all();
        self.turn();
        if (now() >= deadline) return;
    }
}

/// Runs one handler, or none when nothing came until then. Who has nothing to do for long sleeps as long: the timer
/// that wakes it is set anew only when it would be late.
void AsioDriver::Impl::sleep_until(TimePoint wake) {
    if (wake - now() <= k_queue_wait_max) {
        io.run_one_until(wake);
        return;
    }
    if (wake < alarm_at) {
        alarm_at = wake;
        alarm.expires_at(wake);
        alarm.async_wait([this](std::error_code const& error) {
            if (!error) alarm_at = TimePoint::max();
        });
    }
    io.run_one();
}

/// Time, then the application, then what came of both.
void AsioDriver::Impl::turn() {
    perform_all();
    auto const at = now();
    auto const deadline = events.next_deadline();
    if (deadline && *deadline <= at) events.on_deadline(at);
    perform_all();
    while (hook && hook(now())) perform_all();
}

void AsioDriver::Impl::perform_all() {
    while (auto command = events.poll_command()) {
        std::visit([&](auto& one) { perform(one); }, *command);
    }
}

bool AsioDriver::Impl::open_listener(ListenOn const& command, Listener& listener, std::error_code& error) {
    auto const endpoint = to_endpoint(command.address);
    if (!endpoint) {
        events.on_listen_failed(command.listener, endpoint.error(), now());
        return false;
    }
    auto& acceptor = listener.acceptor;
    acceptor.open(endpoint->protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    // Both families have their own listener: no mapped addresses.
    if (!error && endpoint->protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(k_listen_backlog, error);
    if (!error) acceptor.non_blocking(true, error);
    if (!error) return true;
    events.on_listen_failed(command.listener, socket_error(error, command.address.text()), now());
    return false;
}

void AsioDriver::Impl::perform(ListenOn const& command) {
    auto listener = std::make_unique<Listener>(io);
    std::error_code error;
    if (!open_listener(command, *listener, error)) return;
    auto const local = listener->acceptor.local_endpoint(error);
    listeners[command.listener] = std::move(listener);
    for (auto const& address : listening_addresses(local)) events.on_listening(command.listener, address, now());
    accept_next(command.listener);
}

void AsioDriver::Impl::accept_next(ListenerKey key) {
    auto const at = listeners.find(key);
    if (at == listeners.end()) return;
    at->second->acceptor.async_accept(
        [this, key](std::error_code const& error, tcp::socket socket) { on_accepted(key, error, std::move(socket)); });
}

void AsioDriver::Impl::on_accepted(ListenerKey key, std::error_code const& error, tcp::socket socket) {
    auto const at = listeners.find(key);
    if (at == listeners.end() || error == asio::error::operation_aborted) return;
    if (error == asio::error::no_descriptors || error == std::errc::too_many_files_open_in_system ||
        error == asio::error::no_memory || error == asio::error::no_buffer_space) {
        auto& pause = at->second->pause;
        pause.expires_after(k_accept_pause);
        pause.async_wait([this, key](std::error_code const& ended) {
            if (!ended) accept_next(key);
        });
        return;
    }
    std::error_code failed = error;
    auto const remote = failed ? tcp::endpoint{} : socket.remote_endpoint(failed);
    auto const local = failed ? tcp::endpoint{} : socket.local_endpoint(failed);
    if (!failed) socket.non_blocking(true, failed);
    if (!failed) {
        std::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto const id = events.on_socket_accepted(key, to_multiaddr(local), to_multiaddr(remote), now());
        if (id) {
            connections.emplace(*id, std::make_unique<Connection>(std::move(socket)));
            wait_readable(*id);
        } else {
            socket.set_option(tcp::socket::linger(true, 0), ignored);  // No byte, and no state left in the system.
            socket.close(ignored);
        }
    }
    accept_next(key);
}

void AsioDriver::Impl::perform(ResolveAddress const& command) {
    if (!resolver) {
        auto made = DnsResolver::create(io, options.dns);
        if (!made) return events.on_resolved(command.key, made.error(), now());
        resolver = std::move(made).value();
    }
    resolver->resolve(command.address, [this, key = command.key](Result<std::vector<Multiaddr>> const& result) {
        events.on_resolved(key, result, now());
    });
}

void AsioDriver::Impl::perform(ConnectSocket const& command) {
    auto const key = command.socket;
    auto const endpoint = to_endpoint(command.address);
    if (!endpoint) return events.on_socket_failed(key, endpoint.error(), now());
    auto connection = std::make_unique<Connection>(io);
    auto& socket = connection->socket;
    std::error_code error;
    socket.open(endpoint->protocol(), error);
    if (!error) socket.non_blocking(true, error);
    if (error) return events.on_socket_failed(key, socket_error(error, command.address.text()), now());
    connections[key] = std::move(connection);
    socket.async_connect(*endpoint, [this, key, text = command.address.text()](std::error_code const& result) {
        auto* const found = find(key);
        if (found == nullptr) return;
        std::error_code failed = result;
        auto const local = failed ? tcp::endpoint{} : found->socket.local_endpoint(failed);
        if (failed) {
            connections.erase(key);
            return events.on_socket_failed(key, socket_error(failed, text), now());
        }
        std::error_code ignored;
        found->socket.set_option(tcp::no_delay(true), ignored);
        events.on_socket_connected(key, to_multiaddr(local), now());
        wait_readable(key);
    });
}

void AsioDriver::Impl::wait_readable(SocketKey key) {
    auto* const connection = find(key);
    if (connection == nullptr) return;
    connection->socket.async_wait(tcp::socket::wait_read, [this, key](std::error_code const& error) {
        if (error == asio::error::operation_aborted) return;
        on_readable(key);
    });
}

void AsioDriver::Impl::on_readable(SocketKey key) {
    for (std::size_t taken = 0; taken < k_socket_turn_bytes_max;) {
        auto* const connection = find(key);
        if (connection == nullptr || connection->is_closing) return;
        std::error_code error;
        auto const size = connection->socket.read_some(asio::buffer(read_buffer), error);
        if (error == asio::error::would_block || error == asio::error::interrupted) break;
        if (error || size == 0) return lost(key);
        taken += size;
        events.on_socket_bytes(key, BytesView(read_buffer).first(size), now());
        perform_all();
        if (size < read_buffer.size()) break;  // The queue of the system was emptied.
    }
    wait_readable(key);
}

void AsioDriver::Impl::perform(WriteSocket& command) {
    auto* const connection = find(command.socket);
    if (connection == nullptr) return;
    connection->out = std::move(command.bytes);
    connection->out_at = 0;
    write_on(command.socket, true);
}

void AsioDriver::Impl::write_on(SocketKey key, bool is_within_turn) {
    auto* const connection = find(key);
    if (connection == nullptr) return;
    auto& out = connection->out;
    while (connection->out_at < out.size()) {
        std::error_code error;
        auto const size = connection->socket.write_some(
            asio::buffer(out.data() + connection->out_at, out.size() - connection->out_at), error);
        if (error == asio::error::would_block || error == asio::error::interrupted) {
            connection->socket.async_wait(tcp::socket::wait_write, [this, key](std::error_code const& result) {
                if (result != asio::error::operation_aborted) write_on(key, false);
            });
            return;
        }
        if (error) {
            // Told from the loop: the swarm is in the middle of its commands.
            asio::post(io, [this, key] { lost(key); });
            return;
        }
        connection->out_at += size;
    }
    connection->out = Bytes{};
    if (connection->is_closing) return end_orderly(key);
    if (!is_within_turn) return written(key);
    // From the loop again, so that a peer that reads as fast as we write does not keep the others waiting.
    asio::post(io, [this, key] { written(key); });
}

void AsioDriver::Impl::written(SocketKey key) {
    if (find(key) != nullptr) events.on_socket_written(key, now());
}

void AsioDriver::Impl::lost(SocketKey key) {
    auto* const connection = find(key);
    if (connection == nullptr) return;
    bool const is_known = !connection->is_closing;
    connections.erase(key);
    if (is_known) events.on_socket_closed(key, now());
}

void AsioDriver::Impl::perform(CloseSocket const& command) {
    auto* const connection = find(command.socket);
    if (connection == nullptr) return;
    if (!command.is_orderly) {
        std::error_code ignored;
        connection->socket.set_option(tcp::socket::linger(true, 0), ignored);
        connections.erase(command.socket);
        return;
    }
    connection->is_closing = true;
    if (connection->out.empty()) return end_orderly(command.socket);
    // A peer that does not read must not keep the rest for ever.
    auto timer = std::make_shared<asio::steady_timer>(io, k_linger_timeout);
    timer->async_wait([this, key = command.socket, timer](std::error_code const& /*error*/) { lost(key); });
}

void AsioDriver::Impl::end_orderly(SocketKey key) {
    auto const at = connections.find(key);
    if (at == connections.end()) return;
    auto socket = std::move(at->second->socket);
    connections.erase(at);
    std::error_code ignored;
    socket.cancel(ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored || lingering_count == k_lingering_sockets_max) return;
    ++lingering_count;
    // Closed with bytes unread, the system would send a reset, and the peer would lose what we wrote last.
    std::shared_ptr<Lingering> const lingering{new Lingering{std::move(socket)}, [this](Lingering* gone) {
                                                   --lingering_count;
                                                   delete gone;
                                               }};
    lingering->timer.expires_after(k_linger_timeout);
    lingering->timer.async_wait([weak = std::weak_ptr<Lingering>{lingering}](std::error_code const& /*error*/) {
        std::error_code closed;
        if (auto const held = weak.lock()) held->socket.close(closed);
    });
    discard(lingering);
}

void AsioDriver::Impl::discard(std::shared_ptr<Lingering> const& lingering) {
    lingering->socket.async_wait(tcp::socket::wait_read, [this, lingering](std::error_code const& error) {
        if (error) return;
        std::error_code failed;
        lingering->socket.read_some(asio::buffer(read_buffer), failed);
        if (!failed || failed == asio::error::would_block) discard(lingering);
    });
}

}  // namespace ggen::p2p
