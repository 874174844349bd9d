#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "p2p/protocol/protocol.hpp"

// What an application needs to speak a protocol of its own: `Host` and `Stream`. Everything happens on the network
// thread; handlers run there and return soon.
namespace ggen::p2p {

class Host;

/// Bytes that a stream of an application holds for sending.
inline constexpr std::size_t k_app_stream_queue_bytes_max = std::size_t{1024} * 1024;

/// A stream to a peer. A handle that may be copied and outlive the stream: then its calls do nothing.
///
/// Flow control is the stream's own: while more than 256 KiB wait to be sent it reads nothing, so an echo needs no
/// care. Set the handlers as soon as you have the stream; they may capture it, and go when it closes.
class Stream {
public:
    struct State;

    /// False, and nothing taken, when 1 MiB would be passed or the stream is closed or finished: `on_drained` tells.
    bool write(BytesView bytes);  // NOLINT(modernize-use-nodiscard): many streams never come near it
    bool write(std::string_view text) { return write(as_bytes(text)); }
    /// No more writes; what was written still goes out.
    void finish();
    /// Ends the stream both ways at once. `on_closed` is not called.
    void reset();

    /// Any cut, never empty.
    void on_bytes(std::function<void(BytesView)> handler);
    /// The peer writes no more.
    void on_finished(std::function<void()> handler);
    /// All that was written is on its way.
    void on_drained(std::function<void()> handler);
    /// Gone: nullopt when both sides finished, else why. Errors: not_found, unavailable, timed_out, refused (of
    /// `Host::open`), cancelled (reset by the peer, or the connection ended).
    void on_closed(std::function<void(std::optional<Error>)> handler);

    [[nodiscard]] PeerId const& peer() const;
    /// Empty until it is agreed.
    [[nodiscard]] std::string const& protocol() const;
    [[nodiscard]] bool is_closed() const;

private:
    friend class Host;
    explicit Stream(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// The protocols of an application. Give it to a swarm or a node like any other protocol; it must outlive that.
class Host final : public Protocol {
public:
    Host() = default;
    ~Host() override;

    /// Takes streams of `protocol` from now on; the last handler counts. The handler sets those of the stream.
    void handle(std::string const& protocol, std::function<void(Stream)> handler);
    void stop_handling(std::string const& protocol);
    /// A stream for the first of `protocols` that the peer speaks; dials when there is no connection, the addresses
    /// given here and those that are known. Write at once: it travels as early as it can.
    [[nodiscard]] Stream open(PeerId const& peer, std::vector<std::string> protocols,
                              std::vector<Multiaddr> addresses = {});
    void on_connected(std::function<void(PeerInfo const&)> handler) { connected_ = std::move(handler); }
    void on_disconnected(std::function<void(PeerId const&)> handler) { disconnected_ = std::move(handler); }
    /// For drivers: `waker` is called when something was asked outside of a call of the swarm.
    void set_waker(std::function<void()> waker) { waker_ = std::move(waker); }

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;

private:
    friend class Stream;
    using StatePtr = std::shared_ptr<Stream::State>;

    [[nodiscard]] StatePtr add(StreamKey key, PeerId const& peer, std::string protocol);
    [[nodiscard]] StatePtr find(StreamKey key) const;
    void ask(ProtocolOutput output);
    void send_queued(Stream::State& state);
    void close(StatePtr const& state, std::optional<Error> const& why);
    void close_if_done(StatePtr const& state);

    std::map<std::string, std::function<void(Stream)>> handlers_;
    std::unordered_map<StreamKey, StatePtr> streams_;
    std::function<void(PeerInfo const&)> connected_;
    std::function<void(PeerId const&)> disconnected_;
    std::function<void()> waker_;
};

}  // namespace ggen::p2p
