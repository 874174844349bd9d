#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"

namespace ggen::p2p::interop {

/// What waits to be written to a client that does not read. More ends the channel.
inline constexpr std::size_t k_channel_queue_bytes_max = std::size_t{8} * 1024 * 1024;

/// A connection of a client of the daemon: a thread reads it, another writes what is queued. Handlers are called on
/// the network's thread, which `Post` reaches.
class DaemonChannel : public std::enable_shared_from_this<DaemonChannel> {
public:
    using Post = std::function<void(std::function<void()>)>;
    /// Takes bytes of the client. False: nothing was taken; `retry` offers them again, and the client waits.
    using Taker = std::function<bool(BytesView)>;

    DaemonChannel(int socket, Post post) : socket_(socket), post_(std::move(post)) {}
    ~DaemonChannel();
    DaemonChannel(DaemonChannel const&) = delete;
    DaemonChannel& operator=(DaemonChannel const&) = delete;

    /// A connection to a client that listens at `address`. Errors: invalid (no /ip4/…/tcp), io.
    [[nodiscard]] static Result<std::shared_ptr<DaemonChannel>> dial(Multiaddr const& address, Post post);

    /// Starts both threads. With `on_request`, the first message goes there, whole; what follows goes to the taker.
    void start(std::function<void(Bytes const&)> on_request);

    // From any thread.
    void send(Bytes frame);
    void finish();  ///< after what was sent
    void abort();

    // On the network's thread.
    void set_taker(Taker taker, std::function<void()> on_end);
    void retry();

private:
    void read_all(std::function<void(Bytes const&)> const& on_request);
    void write_all();
    [[nodiscard]] bool read_request(std::function<void(Bytes const&)> const& on_request);
    /// Gives `bytes` to the taker and waits until they are taken; false when that will not be.
    [[nodiscard]] bool deliver(BytesView bytes);
    void set_taken();
    [[nodiscard]] bool wait_taken();
    [[nodiscard]] bool read_exact(std::span<std::uint8_t> out) const;

    int socket_;
    Post post_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Bytes> queue_;
    std::size_t queue_bytes_ = 0;
    bool is_finishing_ = false;
    bool is_aborted_ = false;
    bool is_taken_ = false;
    // Of the network's thread.
    Bytes offered_;
    Taker taker_;
    std::function<void()> on_end_;
    bool has_ended_ = false;
};

/// Listens on a free port of 127.0.0.1. Errors: io.
struct DaemonListener {
    int socket = -1;
    std::uint16_t port = 0;
    [[nodiscard]] static Result<DaemonListener> open();
    /// Blocks. Errors: io (the listener is gone).
    [[nodiscard]] Result<int> accept() const;
};

}  // namespace ggen::p2p::interop
